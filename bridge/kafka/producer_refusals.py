"""How long a topic rests after the broker has refused batches for it. Pure.

Each refusal costs a producer object, which all topics share. A topic that may not be written to, for instance, would
have it replaced with every record.
"""

from dataclasses import dataclass

FORGET_AFTER = 60.0
# Seconds without a refusal after which the next one counts as the first.
FIRST_REST = 1.0
# Seconds at the second refusal; it doubles from there. The first one costs nothing but the replacement.
LONGEST_REST = 10.0
# Seconds: what is mended at the broker works again this soon.


@dataclass(frozen=True)
class Refusals:
    """The refusals of one topic: how many lately, and when the last one was."""

    count: int = 0
    last: float = 0.0

    def another(self, now: float) -> "Refusals":
        """Count one more at `now`, seconds on any steady clock."""
        lately = self.count if now - self.last <= FORGET_AFTER else 0
        return Refusals(lately + 1, now)

    def rest_until(self) -> float:
        """Give the time until which nothing should be sent."""
        if self.count < 2:
            return self.last
        return self.last + min(LONGEST_REST, FIRST_REST * 2.0 ** (self.count - 2))
