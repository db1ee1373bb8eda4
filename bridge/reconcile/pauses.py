"""What came of a comparison, and when the list is compared next. Pure, but it changes in place."""

from enum import StrEnum

LONGEST_PAUSE_S = 300.0
LONGEST_REFUSED_S = 900.0
# Between two tries of a vendor in trouble, which ends by itself, and of one that says no, which a person has to end.
_MOST_DOUBLINGS = 10


class Walked(StrEnum):
    """What came of a comparison; the words of a metric."""

    COMPLETE = "complete"
    BEHIND = "behind"
    """It is not known in time what was published."""
    UNANSWERED = "unanswered"
    """A 5xx, no answer, or none that can be used."""
    REFUSED = "refused"
    """A 4xx: the key, or a method that the key lacks."""
    NO_SLOT = "no_slot"
    """As many requests as may wait do so."""


class Pauses:
    """One list's. Moments are seconds of the monotonic clock; `ran` is when the last comparison began."""

    def __init__(self, now: float) -> None:
        self.ran = now
        self.due = now
        self.refused = False
        self._failures = 0

    def after(self, outcome: Walked, began: float, interval_s: float) -> None:
        """Note a comparison that began at a moment."""
        self.refused = outcome is Walked.REFUSED
        self.ran = self.due = began
        if outcome in {Walked.COMPLETE, Walked.BEHIND}:
            self._failures = 0
            return
        longest_s = max(interval_s, LONGEST_REFUSED_S if self.refused else LONGEST_PAUSE_S)
        self.due = began + min(longest_s, interval_s * 2 ** min(self._failures, _MOST_DOUBLINGS))
        self._failures += 1
