"""The judge's log of requests: every one with its arrival, its answer, and what was done with it.

Counters are exact for ever; full rows are kept for the last `kept`. All times are readings of the monotonic clock.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from bridge.simulator.limiter import Arrivals

# How much of a body a row keeps.
KEPT_BODY = 4096


@dataclass(slots=True)
class Request:
    """One request. `operation` "" = none of the contract's; `key` is what was sent, known or not.

    `status` None = no answer left, or none yet (`ended` None); `refused` = over the quota; `processed` = carried out,
    whatever was answered.
    """

    arrived: float
    key: str
    operation: str
    method: str
    path: str
    body: bytes
    faults: tuple[str, ...] = ()
    status: int | None = None
    answer: bytes = b""
    refused: bool = False
    processed: bool = False
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class DialRequest:
    """One `POST /dial` that arrived. `call_id` None = no call comes of it."""

    arrived: float
    key: str
    contact_id: int | None
    destination: str | None
    processed: bool
    call_id: int | None


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
        self.dials: deque[DialRequest] = deque(maxlen=kept)
        self.keys: dict[str, KeyCounts] = {}
        self.answers: Counter[tuple[str, int | None]] = Counter()
        self.dials_to: Counter[str] = Counter()
        self.total = 0

    def add_key(self, key: str, window: float) -> None:
        """Count this key's arrivals, and their highest number within `window` seconds."""
        self.keys[key] = KeyCounts(Arrivals(window))

    def arrive(self, request: Request) -> None:
        self.total += 1
        self.rows.append(request)
        counts = self.keys.get(request.key)
        if counts is not None:
            counts.arrivals.note(request.arrived)

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

    def dial(self, dial: DialRequest) -> None:
        self.dials.append(dial)
        if dial.destination is not None:
            self.dials_to[dial.destination] += 1

    def of(
        self, *, key: str | None = None, operation: str | None = None, status: int | None = None
    ) -> Iterator[Request]:
        """Yield the kept rows that fit, oldest first; None = any."""
        for row in self.rows:
            if key in {None, row.key} and operation in {None, row.operation} and status in {None, row.status}:
                yield row
