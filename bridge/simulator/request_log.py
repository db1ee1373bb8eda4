"""The judge's log of requests: every one with its arrival, its answer, and what was done with it.

Counters are exact for ever; full rows are kept for the last `kept`. All times are readings of the monotonic clock.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from bridge.simulator.dial_log import DialLog
from bridge.simulator.limiter import Arrivals

# How much of a body a row keeps, and of a path, a key, a method and a destination: whoever sends more shall not fill
# the memory.
KEPT_BODY, KEPT_TEXT = 4096, 200


@dataclass(slots=True)
class Request:
    """One request. `operation` "" = none of the contract's; `key` is what was sent, known or not.

    `status` and `answer` are what left, `answer` its first bytes; both None = nothing did, or not yet (`ended` None).
    `authentic` = by a bearer key of ours, `refused` = over the quota, `processed` = carried out, whatever was answered.
    """

    arrived: float
    key: str
    operation: str
    method: str
    path: str
    body: bytes
    faults: tuple[str, ...] = ()
    status: int | None = None
    answer: bytes | None = None
    authentic: bool = False
    refused: bool = False
    processed: bool = False
    ended: float | None = None


@dataclass(slots=True)
class KeyCounts:
    """What one key has done."""

    arrivals: Arrivals
    refusals: int = 0
    last_refusals: deque[float] = field(default_factory=lambda: deque(maxlen=1000))


class RequestLog:
    """Every request, whatever became of it."""

    def __init__(self, kept: int) -> None:
        self.rows: deque[Request] = deque(maxlen=kept)
        self.dials = DialLog(kept)
        self.keys: dict[str, KeyCounts] = {}
        self.answers: Counter[tuple[str, int | None]] = Counter()
        self.total = 0

    def add_key(self, key: str, window: float) -> None:
        """Count this key's arrivals, and their highest number within `window` seconds."""
        self.keys[key] = KeyCounts(Arrivals(window))

    def arrive(self, request: Request) -> None:
        self.total += 1
        self.rows.append(request)
        if request.authentic:
            self.keys[request.key].arrivals.note(request.arrived)

    def refuse(self, request: Request) -> None:
        """Note that the request was over the quota."""
        request.refused = True
        counts = self.keys[request.key]
        counts.refusals += 1
        counts.last_refusals.append(request.arrived)

    def end(self, request: Request, now: float) -> None:
        """Note that nothing more happens to the request."""
        request.ended = now
        self.answers[request.operation, request.status] += 1

    def of(
        self, *, key: str | None = None, operation: str | None = None, status: int | None = None
    ) -> Iterator[Request]:
        """Yield the kept rows that fit, oldest first; None = any."""
        for row in self.rows:
            if key in {None, row.key} and operation in {None, row.operation} and status in {None, row.status}:
                yield row
