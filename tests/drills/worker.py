"""`bridge …`, but with a point at which it dies or freezes, or with a wrong clock, as the environment says."""

import os

from tests.drills import wrong_clock


def main() -> None:
    """Be the command line."""
    wrong_clock.install(os.environ)
    # Only now: whoever takes a function of a module by its name shall get the one that was put there.
    from tests.drills.kill_points import Trigger, install

    trigger = Trigger.read(os.environ)
    if trigger is not None:
        install(trigger)
    from bridge.cli import main as bridge

    bridge()


if __name__ == "__main__":
    main()
