"""The even pace of queries and polls: a token bucket that fills slower while somebody waits for it. Pure.

After a rest a burst may go at once. Under a backlog, when slots are missing and not tokens, only a few tokens are saved
up: else slots that became free together would be taken together, window after window, and a dial that comes between two
such crowds would wait for the next. (Simulated: dials would wait 2.5 to 3.0 s at p99, like this it is 2.2 s.)
"""

from dataclasses import dataclass
from math import inf

from bridge.calls.shares import Shares


@dataclass(frozen=True, slots=True)
class Pace:
    """`tokens` were left after the last one was taken, `at` that moment; `wanted`: others waited even then."""

    tokens: float = inf
    at: float = -inf
    wanted: bool = False

    def ready_at(self, shares: Shares) -> float:
        """Give when the next one may go; a moment that has passed means now."""
        return self.at + (1 - self.tokens) * shares.pace if self.tokens < 1 else self.at

    def take(self, now: float, shares: Shares, *, wanted: bool) -> "Pace":
        """Take a token, not before `ready_at`; `wanted`: others wait for the next one."""
        left = min(self.tokens, shares.burst)
        most = max(left, shares.catch_up) if self.wanted else shares.burst
        tokens = min(most, left + (now - self.at) / shares.pace)
        return Pace(max(0.0, tokens - 1), now, wanted)
