"""When a list is polled next, and how urgent that is. Pure.

Moments are seconds of the monotonic clock, `jitter` is from 0 up to 1.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from bridge.calls.lanes import POLL_AGE

SPREAD_S = 60.0
# First polls of a shard's lists are spread over so long, or over the interval where that is shorter: a thousand
# connections that are taken over at once do not poll at once.
EARLIER_BY = 0.1
# Of the interval, by which a poll may come earlier, so that polls that a pause of Kafka has lined up part again.
URGENT_AFTER_S = 60.0
# Once a poll is due: with the 120 s after which a poll goes before queries this makes 130 s for an interval of 60 s.
_LONGEST_UNANSWERED_S = 300.0
_LONGEST_REFUSED_S = 900.0
# Between two tries of a vendor in trouble, which ends by itself, and of one that says no, which a person has to end.
_NO_SLOT_S = 2.0
_MOST_DOUBLINGS = 10


class PollOutcome(StrEnum):
    """What came of a poll, or of a look for late rows; the words of a metric."""

    COMPLETE = "complete"
    UNSETTLED = "unsettled"
    """The list changed too fast to be walked: the next poll tries again."""
    THROTTLED = "throttled"
    """The vendor says that the quota is used up: the limiter waits."""
    UNANSWERED = "unanswered"
    """A 5xx, no answer, or none that can be used."""
    REFUSED = "refused"
    """Another 4xx: a filter, the key, or a method that the key lacks."""
    NO_SLOT = "no_slot"
    """As many polls as may wait do so."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One list. `due` is when it is polled next, `ran` when its last poll got its first slot, None: not yet here.

    `failures` counts the polls in a row that had no answer, or a no.
    """

    interval_s: float
    ran: float | None
    due: float
    failures: int = 0

    @classmethod
    def begin(cls, interval_s: float, now: float, jitter: float) -> "Schedule":
        """Begin with a take-over."""
        return cls(interval_s, None, now + min(interval_s, SPREAD_S) * jitter)

    @property
    def since(self) -> float:
        """From when on its poll waits, for the lane of polls: two minutes later it goes before queries.

        The first one of an owner does so at once: nobody knows when the owner before it polled, and where shards change
        hands often none would ever have waited for long enough.
        """
        return self.due - POLL_AGE if self.ran is None else max(self.ran, self.due - URGENT_AFTER_S)

    def after(self, outcome: PollOutcome, began: float, now: float, jitter: float) -> "Schedule":
        """Give the schedule after a poll whose first call began at a moment, and which has ended now."""
        scattered = 1 - EARLIER_BY * jitter
        match outcome:
            case PollOutcome.COMPLETE | PollOutcome.UNSETTLED | PollOutcome.THROTTLED:
                return replace(self, ran=began, due=max(now, began + self.interval_s * scattered), failures=0)
            case PollOutcome.NO_SLOT:
                return replace(self, due=now + _NO_SLOT_S * (1 + jitter))
            case PollOutcome.UNANSWERED:
                return self._back_off(_LONGEST_UNANSWERED_S, began, now, scattered)
            case PollOutcome.REFUSED:
                return self._back_off(_LONGEST_REFUSED_S, began, now, scattered)
            case _:
                assert_never(outcome)

    def _back_off(self, longest_s: float, began: float, now: float, scattered: float) -> "Schedule":
        failures = min(self.failures + 1, _MOST_DOUBLINGS)
        pause = max(self.interval_s, min(longest_s, self.interval_s * 2 ** (failures - 1)))
        return replace(self, ran=began, due=max(now, began + pause * scattered), failures=failures)
