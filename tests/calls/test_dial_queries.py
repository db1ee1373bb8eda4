"""Carrying out the commands that read: each try with its slot, each slot in the journal before its request."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

import pytest

from bridge.calls.admission import Refusal
from bridge.calls.brokers_clock import Anchor
from bridge.calls.conclusions import NoSlot
from bridge.calls.dial_states import Ended
from bridge.calls.dialing import carry_out
from bridge.calls.journal import JournalRecord, RecordTooLarge, ShardLost
from bridge.calls.journal_format import put
from bridge.calls.journal_keys import RefusalKey
from bridge.calls.journal_values import Refusal as StoredRefusal
from bridge.calls.means import Means, Slot, Wanted
from bridge.calls.orders import Order, Reference
from bridge.calls.quota import Ending, Reservation
from bridge.events.records import Record
from bridge.pbx.requests import Collection, GetItem, Request
from bridge.pbx.responses import Exchange, Item, Lost, LostReason, Refused
from tests.calls.crash_model_replay import Publisher

QUERY = Order(
    Reference("acme", "crm", "a", "pbx.command.get-call.v1", 9), GetItem(Collection.CALL_HISTORY, 5), deadline=60.0
)
OK = Exchange(Item({"id": 5}, b"{}"), 0.0, 1.0, 0.5, 0.9, 200)
LOST = Exchange(Lost(LostReason.TIMEOUT, ""), 0.0, 10.0, 0.5)
THROTTLED = Exchange(Refused(429, "rate_limited", None), 0.0, 1.0, 0.5, 0.9, 429, retry_after_s=20.0)


@dataclass
class World:
    """Plays all parts but the journal's, and writes down in which order they are asked."""

    answers: list[Exchange]
    slots: int = 9
    ok_is_too_large: bool = False
    log: list[str] = field(default_factory=list)

    async def take(self, wanted: Wanted, not_before: float = -inf) -> Slot | NoSlot:
        self.log.append("slot" if not_before == -inf else f"slot from {not_before}")
        self.slots -= 1
        return Slot(Reservation(self.slots, dial=False, at=0.0), 3.0) if self.slots >= 0 else NoSlot.EXPIRED

    def finish(self, connection: str, ended: Ended, refusal: Refusal | None) -> tuple[JournalRecord, ...]:
        self.log.append(f"{ended.ending} {refusal.retry_after}" if refusal else ended.ending)
        return (put(RefusalKey("acme"), StoredRefusal(20.0, 1)),) if refusal else ()

    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        self.log.append(f"call {connection}")
        return self.answers.pop(0)

    def now(self) -> float:
        return 100.0

    def learn(self, anchor: Anchor) -> None:
        """Be right already."""

    def epoch_ms(self, moment: float) -> int:
        return int(moment * 1000)


@dataclass
class Writer:
    """Writes appends down, and refuses what it is told to refuse."""

    world: World
    lost: bool = False
    shard: int = 0
    epoch: str = "1"

    async def append(self, records: Sequence[JournalRecord], publications: Sequence[Record] = ()) -> int:
        if self.lost:
            raise ShardLost("fenced")
        published = [record.value.decode() for record in publications]
        self.world.log.append(
            "store " + " ".join([record.key.decode().split("/")[0] for record in records] + published)
        )
        if published == ["ok"] and self.world.ok_is_too_large:
            raise RecordTooLarge("results")
        return 5

    async def close(self) -> None:
        """Nothing waits."""


def means(world: World, *, lost: bool = False) -> Means:
    return Means(Writer(world, lost), world, world, world, Publisher(), jitter=float)


@pytest.mark.asyncio
async def test_a_slot_is_stored_before_its_request_leaves() -> None:
    """And its end with the verdict and the result."""
    world = World([OK])
    verdict = await carry_out(QUERY, means(world))
    assert (verdict.status, verdict.dial, verdict.accepted_ms) == ("ok", False, 9)
    assert world.log == ["slot", "store slot", "call acme", Ending.ANSWERED, "store slot command ok"]


@pytest.mark.asyncio
async def test_every_try_has_a_slot_of_its_own() -> None:
    """After a delay; the slot of the one before has its end stored."""
    world = World([LOST, OK])
    await carry_out(QUERY, means(world))
    assert world.log == [
        *("slot", "store slot", "call acme", Ending.UNANSWERED, "store slot"),
        *("slot from 100.25", "store slot", "call acme", Ending.ANSWERED, "store slot command ok"),
    ]


@pytest.mark.asyncio
async def test_a_refusal_freezes_and_is_remembered() -> None:
    """What the limiter wants kept goes with the slot's end; without another slot in time the refusal is the verdict."""
    world = World([THROTTLED], slots=1)
    assert (await carry_out(QUERY, means(world))).status == "rejected"
    assert world.log[3:] == ["answered 20.0", "store slot refusal", "slot from 100.25", "store command rejected"]


@pytest.mark.asyncio
async def test_an_answer_larger_than_a_record_is_a_failure() -> None:
    """The shard is still ours, and the command has its result."""
    world = World([OK], ok_is_too_large=True)
    assert (await carry_out(QUERY, means(world))).status == "failed"
    assert world.log[-2:] == ["store slot command ok", "store slot command failed"]


@pytest.mark.asyncio
async def test_nothing_is_asked_of_the_vendor_on_a_lost_shard() -> None:
    """The loss passes through."""
    world = World([OK])
    with pytest.raises(ShardLost):
        await carry_out(QUERY, means(world, lost=True))
    assert world.log == ["slot"]
