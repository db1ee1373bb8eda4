"""Simulated time, and times as the vendor writes them. Pure: the real clock comes in as an argument."""

from datetime import UTC, datetime
from functools import lru_cache


class SimulatedClock:
    """Seconds since the day began, running `speed` times as fast as the monotonic clock it is asked with.

    It stands at 0.0 until it is started, so that the first call of a day is always at the same simulated second.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._anchor: float | None = None
        self._at = 0.0

    def start(self, monotonic: float) -> bool:
        """Let it run; False when it ran already."""
        if self._anchor is not None:
            return False
        self._anchor = monotonic
        return True

    def now(self, monotonic: float) -> float:
        """Return the simulated seconds at this reading of the monotonic clock."""
        return self._at if self._anchor is None else self._at + (monotonic - self._anchor) * self._speed

    def wait(self, monotonic: float, until: float) -> float:
        """Return the real seconds until the simulated moment, 0.0 when it has passed."""
        return max(0.0, (until - self.now(monotonic)) / self._speed)


@lru_cache(maxsize=4096)  # the same second is written several times in a row
def stamp(epoch: int) -> str:
    """Return `2017-10-16T21:26:59+0000`: the vendor's form, offset without colon."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def read_stamp(text: str) -> float | None:
    """Return seconds since 1970 of an ISO 8601 date-time, read as UTC without an offset; None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
