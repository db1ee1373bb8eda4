"""What a refusal of the vendor (429, or any `Retry-After`) does to a connection: a freeze, then fewer calls. Pure.

A refusal lowers the limit in use by a tenth, and the next one of a call that was reserved after it by a tenth of what
is left: whoever is still refused is still too fast. The calls that were in flight with a refused one are refused for
the same reason and lower nothing. Half the limit stays in any case. After an hour without a refusal all of it is back.
"""

from dataclasses import dataclass
from math import inf

CLEAN_AFTER = 3600.0
# Seconds without a refusal after which the limit is used in full again: the contract's clean hour.
_LEFT = 0.9
# What one refusal leaves of the limit: the contract's 10 %.
_LEAST = 0.5
# A vendor that refuses even half does not count as we do: fewer calls would starve our users and not please it.


@dataclass(frozen=True, slots=True)
class SlowDown:
    """`steps`: how often the limit is lowered; `refused_at`: when the last refusal was seen.

    Nothing is reserved before `frozen_until`.
    """

    steps: int = 0
    refused_at: float = -inf
    frozen_until: float = -inf

    def refuse(self, now: float, reserved_at: float, freeze: float) -> "SlowDown":
        """Count a refusal, seen at `now`, of a call reserved at `reserved_at`: freeze for so many seconds from now."""
        before = self.advance(now)
        another = before.steps == 0 or reserved_at >= before.refused_at
        return SlowDown(before.steps + another, now, max(self.frozen_until, now + freeze))

    def advance(self, now: float) -> "SlowDown":
        """Forget the refusals once the hour was clean; a freeze that is longer goes on."""
        return SlowDown(frozen_until=self.frozen_until) if now >= self.clean_at else self

    @property
    def clean_at(self) -> float:
        """When the refusals are forgotten; inf: there are none."""
        return self.refused_at + CLEAN_AFTER if self.steps else inf

    def limit(self, calls: int) -> int:
        """Give how many of the `calls` of a window are in use, as of the last `advance`."""
        return max(1, int(calls * max(_LEAST, _LEFT**self.steps)))
