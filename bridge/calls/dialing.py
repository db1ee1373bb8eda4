"""Carrying a command out: the one place where a dial is sent, and the order of its steps.

A dial is stored, sent once, and stored again with its result:

    slot -> append {slot, INTENT} -> POST -> append {slot's end, OUTCOME, result}

Whatever happens in between, nothing here tries again. ShardLost passes through: the shard is not ours any more, nobody
knows what is stored, and this process sends nothing of it; the next owner says `in_doubt` of an INTENT that it finds,
and begins anew where there is none. A cancellation does the same. So the caller, which runs one task for each command,
gives the shard up on whatever comes out of here but a verdict.

The steps are few and the faults between them many, so they are not argued about: the crash model of the tests runs
these very functions through every one of them.
"""

from asyncio import CancelledError
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, Protocol

from bridge.calls import dial_states
from bridge.calls.admission import Refusal
from bridge.calls.conclusions import (
    Conclusion,
    NoSlot,
    Tries,
    conclude_dial,
    conclude_query,
    conclude_waiting,
    too_large,
)
from bridge.calls.dial_states import Ended, Publisher, Resolution
from bridge.calls.journal import Journal, JournalRecord, RecordTooLarge, ShardWriter
from bridge.calls.journal_format import Kept, Remembered, read
from bridge.calls.journal_values import Intent, Owner, Verdict
from bridge.calls.orders import Order
from bridge.calls.quota import Reservation
from bridge.pbx.requests import Request
from bridge.pbx.responses import Exchange


class Slot(NamedTuple):
    """A slot of the quota. The first byte leaves before `first_byte_by`, a moment of the monotonic clock, or never."""

    reservation: Reservation
    first_byte_by: float


class Slots(Protocol):
    """The admission of calls, for all connections of the shard."""

    async def take(self, order: Order, not_before: float = -inf) -> Slot | NoSlot:
        """Wait for a slot, from the moment `not_before` on and at the longest until the order's deadline."""
        ...

    def finish(self, order: Order, ended: Ended, refusal: Refusal | None) -> tuple[JournalRecord, ...]:
        """End the slot's call; give what the journal shall keep of a refusal."""
        ...


class Vendor(Protocol):
    """Sends requests. It never repeats one by itself."""

    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        """Send a request once, if its first byte can leave in time, and give what came of it.

        It raises what is a fault of our own alone, and before any byte has left.
        """
        ...


class Clock(Protocol):
    """This process's monotonic clock, and the brokers' clock as far as it is known."""

    def now(self) -> float:
        """Give the present moment, monotonic, in seconds."""
        ...

    def epoch_ms(self, moment: float) -> int:
        """Give a moment of the monotonic clock as epoch milliseconds by the brokers' clock."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What an owner carries commands out with. `jitter` gives numbers from 0 up to 1."""

    writer: ShardWriter
    slots: Slots
    vendor: Vendor
    clock: Clock
    publisher: Publisher
    jitter: Callable[[], float]


class TakenOver(NamedTuple):
    """A shard of ours: the way to append, what its journal held before, its commands, and when it became ours.

    `taken_ms` is the marker's append time by the brokers' clock.
    """

    writer: ShardWriter
    remembered: Remembered
    commands: dict[str, Verdict]
    taken_ms: int


async def take_over(journal: Journal, shard: int, worker: str, publisher: Publisher, clock: Clock) -> TakenOver:
    """Take a shard over, after the group has confirmed that it is ours: steps 1 to 3.

    JournalAway, ShardLost: try again from that confirmation. UnknownFormat: a newer release is at work, leave it; no
    trace of us remains.
    """
    writer, snapshot = await journal.open(shard)
    try:
        remembered = read(snapshot)
        owner, now_ms = Owner(writer.epoch, worker), clock.epoch_ms(clock.now())
        append, commands = dial_states.take_over(remembered.commands, owner, publisher, now_ms)
        taken_ms = await writer.append(*append)
    except (Exception, CancelledError):
        await writer.close()
        raise
    return TakenOver(writer, remembered, commands, taken_ms)


async def carry_out(order: Order, means: Means) -> Verdict:
    """Carry a command out; give its verdict once that is stored and published."""
    return await (_dial(order, means) if order.dial else _query(order, means))


async def resolve(identity: str, verdict: Verdict, resolution: Resolution, means: Means) -> Verdict:
    """End a doubt; give the verdict once that is stored and published. ShardLost as above."""
    now_ms = means.clock.epoch_ms(means.clock.now())
    append, resolved = dial_states.resolve(identity, verdict, resolution, means.publisher, now_ms)
    await means.writer.append(*append)
    return resolved


async def _dial(order: Order, means: Means) -> Verdict:
    slot = await means.slots.take(order)
    if isinstance(slot, NoSlot):
        return await _conclude(order, conclude_waiting(slot), means)
    append, intent = dial_states.intend(order, slot.reservation)
    intended_ms = await means.writer.append(*append)
    # Only now: the intent is stored, and no successor had opened the shard before that.
    exchange = await means.vendor.call(order.reference.connection, order.request, slot.first_byte_by)
    beside = _finish(order, slot, exchange, means)
    return await _conclude(order, conclude_dial(exchange), means, beside, Kept(intent, intended_ms))


async def _query(order: Order, means: Means) -> Verdict:
    tries, not_before = Tries(), -inf
    while True:
        slot = await means.slots.take(order, not_before)
        if isinstance(slot, NoSlot):
            return await _conclude(order, conclude_waiting(slot, tries), means)
        # The next owner of the shard must know of every request that may reach the vendor.
        await means.writer.append((dial_states.reserve(order, slot.reservation),))
        exchange = await means.vendor.call(order.reference.connection, order.request, slot.first_byte_by)
        beside = _finish(order, slot, exchange, means)
        tries = tries.after(exchange)
        conclusion = conclude_query(tries, exchange, means.clock.now(), means.jitter())
        if isinstance(conclusion, Conclusion):
            return await _conclude(order, conclusion, means, beside)
        await means.writer.append(beside)
        not_before = conclusion.at


def _finish(order: Order, slot: Slot, exchange: Exchange, means: Means) -> tuple[JournalRecord, ...]:
    ended = Ended(slot.reservation, dial_states.ending_of(exchange))
    refused = exchange.throttled or exchange.retry_after_s is not None
    refusal = Refusal(exchange.retry_after_s) if refused else None
    kept = means.slots.finish(order, ended, refusal)
    return (dial_states.end_slot(order.reference.connection, ended), *kept)


async def _conclude(
    order: Order,
    conclusion: Conclusion,
    means: Means,
    beside: tuple[JournalRecord, ...] = (),
    intended: Kept[Intent] | None = None,
) -> Verdict:
    clock = means.clock
    sent_ms = None if conclusion.sent_at is None else clock.epoch_ms(conclusion.sent_at)
    result = means.publisher.result(order.reference, conclusion, sent_ms, clock.epoch_ms(clock.now()))
    append, verdict = dial_states.conclude(order, conclusion, result, beside, intended)
    try:
        await means.writer.append(*append)
    except RecordTooLarge:
        if conclusion.answer is None:
            raise
        # Nothing of it is stored, and the shard is ours: what the vendor gave does not fit, and that is the answer.
        return await _conclude(order, too_large(conclusion), means, beside, intended)
    return verdict
