"""The vendor's quota, at its strictest: every arrival counts, refused ones too, in any window. Pure.

The real vendor's way of counting is not published. Whoever keeps to this one keeps to every other.
"""

from array import array
from collections import deque
from collections.abc import Iterable, Sequence

# Arrivals that are remembered for questions about any window, 8 MB; at 100 a minute a week.
_REMEMBERED = 1_000_000


class SlidingLimiter:
    """Accepts a request when at most `limit` have arrived within the `window` seconds that end with it."""

    def __init__(self, limit: int, window: float, arrived: Iterable[float] = ()) -> None:
        """Start with what has `arrived` already, oldest first."""
        self.limit = limit
        self.window = window
        self._recent: deque[float] = deque(arrived)

    def arrive(self, now: float) -> float | None:
        """Count an arrival. None = accepted, else the seconds after which a request will be, if none comes before."""
        recent = self._recent
        # Both ends of a window belong to it: an arrival exactly `window` ago still counts.
        while recent and now - recent[0] > self.window:
            recent.popleft()
        recent.append(now)
        if len(recent) <= self.limit:
            return None
        while len(recent) > self.limit:  # the others would have to leave the window, too
            recent.popleft()
        return recent[0] + self.window - now


class Arrivals:
    """When requests arrived, and how many there were at most in any window. Times never go back."""

    def __init__(self, window: float) -> None:
        self.window = window
        self.total = 0
        self.highest = 0
        self._times = array("d")
        self._recent: deque[float] = deque()

    def note(self, now: float) -> None:
        self.total += 1
        self._times.append(now)
        if len(self._times) > _REMEMBERED:
            del self._times[: _REMEMBERED // 4]
        self._recent.append(now)
        while now - self._recent[0] > self.window:
            self._recent.popleft()
        self.highest = max(self.highest, len(self._recent))

    def watch(self, window: float) -> None:
        """Count the highest number within another window, from those remembered on."""
        self.window = window
        self._recent = deque(self._times)
        self.highest = most_within(self._times, window)

    def most_within(self, window: float) -> int:
        """Return the most arrivals in any `window` seconds, both ends included, among those remembered."""
        return most_within(self._times, window)

    def last(self, count: int) -> Sequence[float]:
        """Return the last so many, oldest first."""
        return self._times[-count:]


def most_within(times: Sequence[float], window: float) -> int:
    """Return the most of the rising `times` that lie within any `window` seconds, both ends included."""
    most = first = 0
    for count, at in enumerate(times, start=1):
        while at - times[first] > window:
            first += 1
        most = max(most, count - first)
    return most
