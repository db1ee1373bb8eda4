"""What a simulator is told at its start: frozen values, checked once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from types import MappingProxyType

from bridge.simulator.operations import OPERATION_IDS

# A day: whoever waits longer for something waits for nothing, in seconds.
LONGEST = 86_400.0
# No machine plays as many calls a second, nor a day in so little time; above it sums of times lose their meaning.
FASTEST = 1e6
# The judge's log keeps no more of one.
_LONGEST_KEY = 200
# A quota that nobody reaches.
_HIGHEST_LIMIT = 10**9


def _is_time(seconds: float) -> bool:
    return 0 <= seconds <= LONGEST


def check_quota(limit: int, window: float) -> None:
    """Raise ValueError for a quota that cannot be kept."""
    if not 1 <= limit <= _HIGHEST_LIMIT:
        raise ValueError(f"limit is 1 to {_HIGHEST_LIMIT}")
    if not 0 < window <= LONGEST:
        raise ValueError(f"window is more than 0 and at most {LONGEST:g} seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a webhook that was not answered 2xx is sent again; the real vendor's policy is not published.

    `repeats` counts further attempts after the first, 0 = never; the other fields are seconds.
    """

    repeats: int = 8  # with the delays below about 22 s in all, so a restart of Kafka heals by itself
    first: float = 0.25
    factor: float = 2.0
    longest: float = 5.0
    timeout: float = 5.0  # of one attempt, from connecting to the end of the answer

    def __post_init__(self) -> None:
        """Refuse what no waiting can be made of."""
        if self.repeats < 0 or not all(_is_time(seconds) for seconds in (self.first, self.longest)):
            raise ValueError(f"repeats is at least 0, first and longest are 0 to {LONGEST:g} seconds")
        if not _is_time(self.timeout) or self.timeout == 0:
            raise ValueError(f"timeout is more than 0 and at most {LONGEST:g} seconds")
        if not isfinite(self.factor) or self.factor < 1:
            raise ValueError("factor is at least 1")

    def delay(self, failed: int) -> float | None:
        """Return the seconds to wait after `failed` failed attempts, None when it was the last."""
        if failed > self.repeats:
            return None
        try:
            return min(self.longest, self.first * self.factor ** (failed - 1))
        except OverflowError:  # after a thousand or so the power is no number any more
            return self.longest if self.first else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptions:
    """One API key, with its own directory, day of calls, webhooks and quota.

    `operations` are the operation ids of the vendor's contract that the key may use, None = all.
    `calls_per_second` overrides the simulator's own. `retry_after` says whether a 429 carries `Retry-After`.
    """

    operations: frozenset[str] | None = None
    calls_per_second: float | None = None
    limit: int = 100  # the vendor's published quota: 100 requests ...
    window: float = 60.0  # ... in 60 s
    retry_after: bool = True
    max_hooks: int = 20  # the vendor's published cap

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        check_quota(self.limit, self.window)
        if self.max_hooks < 0:
            raise ValueError("max_hooks is at least 0")
        if self.calls_per_second is not None and not 0 < self.calls_per_second <= FASTEST:
            raise ValueError(f"calls_per_second is more than 0 and at most {FASTEST:g}")
        unknown = (self.operations or frozenset()) - OPERATION_IDS
        if unknown:
            raise ValueError(f"operations: {', '.join(sorted(unknown))} is not an operation of the contract")


# The key of a simulator that was given none.
DEFAULT_KEY = "simulator-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """A whole simulator.

    `calls_per_second` counts new calls in real seconds, per key. `speed` is simulated seconds per real second: it
    shortens what a call takes, not how many there are. `brevity` shortens it as well, by so many times, and lets the
    clock go as it goes: for whoever compares the vendor's times with his own. `begin` is the simulated time at which
    the day starts, None = the wall clock when playing starts. `port` 0 = any free port.
    """

    seed: int = 1
    calls_per_second: float = 1.0
    speed: float = 1.0
    brevity: float = 1.0
    keys: Mapping[str, AccountOptions] = field(
        default_factory=lambda: MappingProxyType({DEFAULT_KEY: AccountOptions()})
    )
    host: str = "127.0.0.1"
    port: int = 0
    begin: datetime | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    concurrency: int = 64  # webhooks on their way at once per key: enough for 500 a second at 100 ms each
    max_pending: int = 50_000  # webhooks waiting, shared evenly by the keys: 100 s of 500 a second, some 30 MB
    kept_rows: int = 15_000  # rows per list and key, and again for the judge: some 45 MB when all are full
    kept_log: int = 10_000  # full rows of the log per kind, some 15 MB; the counters stay exact

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if not all(0 < factor <= FASTEST for factor in (self.calls_per_second, self.speed, self.brevity)):
            raise ValueError(f"calls_per_second, speed and brevity are more than 0 and at most {FASTEST:g}")
        if not self.keys or "" in self.keys:
            raise ValueError("keys holds at least one key, and none is empty")
        if max(map(len, self.keys)) > _LONGEST_KEY:
            raise ValueError(f"keys are at most {_LONGEST_KEY} characters long")
        if min(self.concurrency, self.max_pending, self.kept_rows, self.kept_log) < 1:
            raise ValueError("concurrency, max_pending, kept_rows and kept_log are at least 1")
        if self.begin is not None and self.begin.tzinfo is None:
            raise ValueError("begin has a time zone")
