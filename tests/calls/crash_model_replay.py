"""The bridge's own coroutines, run one answer at a time.

A coroutine cannot be copied, so a model that tries every continuation keeps what it was answered so far, and asks here
what it does next: it is run anew from its beginning, with ports that hand each question out and take the next answer.
Nothing but the answers decides what it does, so each history is run once and remembered.
"""

from collections.abc import Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import NamedTuple, TypeVar

from bridge.calls.admission import Refusal
from bridge.calls.brokers_clock import Anchor
from bridge.calls.conclusions import Conclusion, NoSlot
from bridge.calls.dial_states import Ended, Resolution
from bridge.calls.dialing import TakenOver, carry_out, resolve, take_over
from bridge.calls.journal import JournalRecord, LossCause, ShardLost, StoredRecord
from bridge.calls.journal_values import Verdict
from bridge.calls.means import Means, Slot, Wanted
from bridge.calls.orders import Order, Reference
from bridge.events.records import Record
from bridge.pbx.requests import Request
from bridge.pbx.responses import Exchange

ValueT = TypeVar("ValueT")

RESULTS = "results"
NOW_MS = 1_000_000
# By the brokers' clock; the model has no time, since no order of steps may rest on it.

Stored = tuple[tuple[bytes, StoredRecord], ...]


class OpenAsked(NamedTuple):
    """Take the shard over; the answer is `Opened`."""


class Opened(NamedTuple):
    epoch: int
    stored: Stored


class SlotAsked(NamedTuple):
    """Wait for a slot."""


@dataclass(frozen=True)
class AppendAsked:
    """Store as one; the answer is the append time, or that the shard is lost."""

    records: tuple[JournalRecord, ...]
    publications: tuple[Record, ...]


class CallAsked(NamedTuple):
    """Send a request; the answer is what came of it."""


class LostAnswer(NamedTuple):
    cause: LossCause


Asked = OpenAsked | SlotAsked | AppendAsked | CallAsked
Answer = Opened | Slot | NoSlot | int | LostAnswer | Exchange


class Returned(NamedTuple):
    """The coroutine has ended with a value, or in ShardLost (None)."""

    value: Verdict | TakenOver | None


class Dialling(NamedTuple):
    """The carrying out of an order."""

    order: Order


class Resolving(NamedTuple):
    """The end of a doubt."""

    identity: str
    verdict: Verdict
    resolution: Resolution


class TakingOver(NamedTuple):
    """The take-over of the shard."""


Script = Dialling | Resolving | TakingOver


@cache
def next_step(script: Script, answers: tuple[Answer, ...]) -> Asked | Returned:
    """Give what a coroutine asks next, or how it ended, after these answers."""
    coroutine = _started(script)
    try:
        asked = next(coroutine)
        for answer in answers:
            if isinstance(answer, LostAnswer):
                asked = coroutine.throw(ShardLost(answer.cause))
            else:
                asked = coroutine.send(answer)
    except StopIteration as stop:
        return Returned(stop.value)
    except ShardLost:
        return Returned(None)
    coroutine.close()
    return asked


def _started(script: Script) -> Generator[Asked, Answer, Verdict | TakenOver]:
    match script:
        case Dialling(order):
            return _run(carry_out(order, _MEANS))
        case Resolving(identity, verdict, resolution):
            return _run(resolve(identity, verdict, resolution, _MEANS))
        case TakingOver():
            return _run(take_over(_Journal(), 0, "worker", Publisher(), _Clock()))


def _run(coroutine: Coroutine[Asked, Answer, ValueT]) -> Generator[Asked, Answer, ValueT]:
    return (yield from coroutine.__await__())


class _Ask:
    """Hands a question out to whoever runs the coroutine, and gives its answer."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def __await__(self) -> Generator[Asked, Answer, Answer]:
        return (yield self._asked)


class _Writer:
    shard = 0

    def __init__(self, epoch: int) -> None:
        self.epoch = str(epoch)

    async def append(self, records: Sequence[JournalRecord], publications: Sequence[Record] = ()) -> int:
        answer = await _Ask(AppendAsked(tuple(records), tuple(publications)))
        assert isinstance(answer, int)
        return answer

    async def close(self) -> None:
        """Nobody waits for this."""


class _Journal:
    async def open(self, shard: int) -> tuple[_Writer, Mapping[bytes, StoredRecord]]:
        answer = await _Ask(OpenAsked())
        assert isinstance(answer, Opened)
        return _Writer(answer.epoch), dict(answer.stored)


class _Slots:
    async def take(self, wanted: Wanted, not_before: float = -inf) -> Slot | NoSlot:
        answer = await _Ask(SlotAsked())
        assert isinstance(answer, Slot | NoSlot)
        return answer

    def finish(self, connection: str, ended: Ended, refusal: Refusal | None) -> tuple[JournalRecord, ...]:
        return ()


class _Vendor:
    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        answer = await _Ask(CallAsked())
        assert isinstance(answer, Exchange)
        return answer


class _Clock:
    def now(self) -> float:
        return 0.0

    def learn(self, anchor: Anchor) -> None:
        """Stand still."""

    def epoch_ms(self, moment: float) -> int:
        return NOW_MS


class Publisher:
    """As terse as can be: what is not looked at would only make more states."""

    def result(self, reference: Reference, conclusion: Conclusion, sent_ms: int | None, finished_ms: int) -> Record:
        return Record(RESULTS, reference.id.encode(), conclusion.status.encode(), [])

    def resolved(self, reference: Reference, resolution: Resolution, resolved_ms: int) -> Record:
        return Record(RESULTS, reference.id.encode(), f"resolved {resolution.outcome}".encode(), [])


_MEANS = Means(_Writer(0), _Slots(), _Vendor(), _Clock(), Publisher(), jitter=float)
