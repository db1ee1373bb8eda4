"""When a list with dates is looked through for rows that have appeared late, and how far back. Pure, as `schedule`."""

from dataclasses import dataclass, replace

EVERY_S = 780.0
# 13 minutes: with the two that a poll may wait at full quota, a late row is found within the 15 that are promised.
DEEP_EVERY_S = 82_800.0
# 23 hours: a call that was longer than the usual look goes back is found within a day.
DEEP_BACK_S = 172_800.0
# 48 hours. What is older is not remembered, and could not be told from what was published.
_AGAIN_S = 60.0
# After a look that was cut short; doubled each time.
_MOST_DOUBLINGS = 4


@dataclass(frozen=True, slots=True)
class Rescans:
    """One list. `due` is the next look, `deep_due` the next one that goes back as far as it can."""

    usual_back_s: float
    due: float
    deep_due: float
    failures: int = 0

    @classmethod
    def begin(cls, usual_back_s: float, now: float, jitter: float) -> "Rescans":
        """Begin with a take-over: nobody knows when the last look was, so the first one is deep."""
        return cls(usual_back_s, now + EVERY_S * jitter, now)

    def back_s(self, began: float) -> float:
        """Give how far back a look goes that begins at a moment."""
        return DEEP_BACK_S if began >= self.deep_due else min(self.usual_back_s, DEEP_BACK_S)

    def after(self, began: float, now: float, jitter: float, *, done: bool) -> "Rescans":
        """Give what follows a look that began at a moment and has ended now."""
        earlier = 1 - 0.1 * jitter
        if not done:
            failures = min(self.failures + 1, _MOST_DOUBLINGS)
            pause = min(EVERY_S, _AGAIN_S * 2 ** (failures - 1))
            return replace(self, due=now + pause * earlier, failures=failures)
        deep_due = began + DEEP_EVERY_S if began >= self.deep_due else self.deep_due
        return replace(self, due=max(now, began + EVERY_S * earlier), deep_due=deep_due, failures=0)
