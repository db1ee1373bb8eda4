"""`bridge …`, but with a point at which it dies or freezes, a wrong clock, or in haste, as the environment says."""

import os

from tests.drills import haste, wrong_clock


def main() -> None:
    """Be the command line."""
    wrong_clock.install(os.environ)
    haste.install(os.environ)
    # Only now: whoever takes a function of a module by its name shall get the one that was put there.
    from tests.drills import kill_points, recovery_points

    trigger = kill_points.Trigger.read(os.environ)
    if trigger is not None:
        {**kill_points.POINTS, **recovery_points.POINTS}[trigger.at](trigger)
    from bridge.cli import main as bridge

    bridge()


if __name__ == "__main__":
    main()
