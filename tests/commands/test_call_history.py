"""Asking the vendor's history: with a slot, and a place in the journal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf

import orjson
import pytest

from bridge.calls.admission import Refusal
from bridge.calls.brokers_clock import Anchor
from bridge.calls.conclusions import NoSlot
from bridge.calls.dial_states import Ended
from bridge.calls.doubts import ObservedCall
from bridge.calls.journal import JournalRecord
from bridge.calls.journal_format import put
from bridge.calls.journal_keys import RefusalKey
from bridge.calls.journal_values import Refusal as StoredRefusal
from bridge.calls.lanes import Lane
from bridge.calls.means import Means, Slot, Wanted
from bridge.calls.quota import Reservation
from bridge.commands.call_history import calls_of_history
from bridge.commands.open_doubts import Ask
from bridge.events.records import Record
from bridge.pbx.requests import Collection, ListItems, Request
from bridge.pbx.responses import Exchange, Lost, LostReason, NotSent, NotSentReason, Outcome, Refused, Rows
from tests.calls.crash_model_replay import Publisher

ASK = Ask("acme", since_ms=1_508_189_219_400, until_ms=1_508_189_300_400, by_ms=1_508_189_240_000)


def rows(number: int, first_id: int) -> Rows:
    listed: list[object] = [
        {"callID": first_id - n, "contactID": 224, "destination": "1", "callStarted": "2017-10-16T21:26:59+0000"}
        for n in range(number)
    ]
    return Rows(tuple(listed), orjson.dumps({"data": listed}))


@dataclass
class World:
    """Plays all parts, and writes down what it is asked."""

    answers: list[Outcome]
    slots: int = 9
    requests: list[Request] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    shard: int = 0
    epoch: str = "1"

    async def take(self, wanted: Wanted, not_before: float = -inf) -> Slot | NoSlot:
        self.wanted.append(wanted)
        self.slots -= 1
        return Slot(Reservation(self.slots, dial=False, at=0.0), 3.0) if self.slots >= 0 else NoSlot.EXPIRED

    def finish(self, connection: str, ended: Ended, refusal: Refusal | None) -> tuple[JournalRecord, ...]:
        return (put(RefusalKey(connection), StoredRefusal(20.0, 1)),) if refusal else ()

    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        self.log.append("call")
        self.requests.append(request)
        outcome = self.answers.pop(0)
        return Exchange(outcome, 0.0, 1.0, 0.5, 0.9, outcome.status if isinstance(outcome, Refused) else 200)

    async def append(self, records: Sequence[JournalRecord], publications: Sequence[Record] = ()) -> int:
        self.log.append("store " + " ".join(record.key.decode().split("/")[0] for record in records))
        return 5

    async def close(self) -> None:
        """Nothing waits."""

    def now(self) -> float:
        return 1_508_189_600.0

    def learn(self, anchor: Anchor) -> None:
        """Be right already."""

    def epoch_ms(self, moment: float) -> int:
        return int(moment * 1000)

    async def ask(self) -> Sequence[ObservedCall] | None:
        return await calls_of_history(ASK, 50.0, Means(self, self, self, self, Publisher(), lambda: 0.5))


@pytest.mark.asyncio
async def test_the_history_is_asked_for_the_calls_of_a_time() -> None:
    """In the lane of the queries, with a slot by the moment that was given."""
    world = World([rows(2, 7)])
    assert await world.ask() == [ObservedCall(call_id, 224, "1", 1_508_189_219_000) for call_id in (7, 6)]
    assert world.wanted == [Wanted("acme", Lane.QUERY, 50.0)]
    (request,) = world.requests
    assert isinstance(request, ListItems)
    assert (request.collection, request.limit, request.offset) == (Collection.CALL_HISTORY, 500, None)
    assert request.filters.date_from == datetime(2017, 10, 16, 21, 26, 59, tzinfo=UTC)
    assert request.filters.date_to == datetime(2017, 10, 16, 21, 28, 20, tzinfo=UTC)


@pytest.mark.asyncio
async def test_each_request_is_in_the_journal_before_it_leaves() -> None:
    """And so is its end: the next owner has to know of every slot."""
    world = World([rows(0, 7)])
    assert await world.ask() == []
    assert world.log == ["store slot", "call", "store slot"]
    world = World([Refused(429, "rate_limited", None)])
    assert await world.ask() is None
    assert world.log == ["store slot", "call", "store slot refusal"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "outcome",
    [Refused(403, "forbidden", None), Lost(LostReason.TIMEOUT, ""), NotSent(NotSentReason.CONNECT, "")],
)
async def test_without_a_list_there_is_no_answer(outcome: Outcome) -> None:
    """And nothing is repeated."""
    world = World([outcome])
    assert await world.ask() is None
    assert len(world.requests) == 1


@pytest.mark.asyncio
async def test_without_a_slot_there_is_no_answer() -> None:
    """And no request."""
    world = World([], slots=0)
    assert await world.ask() is None
    assert world.log == []
