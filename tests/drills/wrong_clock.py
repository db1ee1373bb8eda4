"""A wall clock that is an hour off and steps to and fro, in a process that a drill has started."""

import time
from collections.abc import Mapping

OFF_BY = "DRILL_CLOCK"
STEP_S = 90
# A step that would move any deadline, to and fro; larger than the contract's longest time to live minus its shortest.
STEP_EVERY_S = 4.0


def install(environ: Mapping[str, str]) -> None:
    """Put the clock off by as many seconds as the environment says; before anything of the bridge is imported."""
    if OFF_BY not in environ:
        return
    off_by_ns, begin, true_ns = int(environ[OFF_BY]) * 10**9, time.monotonic(), time.time_ns

    def wrong_ns() -> int:
        steps = int((time.monotonic() - begin) / STEP_EVERY_S) % 3 - 1
        return true_ns() + off_by_ns + steps * STEP_S * 10**9

    time.time_ns = wrong_ns
    time.time = lambda: wrong_ns() / 1e9  # noqa: TID251 - that one is put off, too
