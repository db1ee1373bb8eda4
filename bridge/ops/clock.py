"""The one place that reads the wall clock; everything else takes `now` as an argument."""

import time


def epoch_ms() -> int:
    """Return the wall clock in whole milliseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000_000
