"""Carrying a command out: the one place where a dial is sent, and the order of its steps.

A dial is stored, sent once, and stored again with its result:

    slot -> append {slot, INTENT} -> POST -> append {slot's end, OUTCOME, result}

Whatever happens in between, nothing here tries again. ShardLost passes through: the shard is not ours any more, nobody
knows what is stored, and this process sends nothing of it; the next owner says `in_doubt` of an INTENT that it finds,
and begins anew where there is none. A cancellation does the same. So the caller, which runs one task for each command,
gives the shard up on whatever comes out of here but a verdict; Handover alone says that the order has not begun, or
not ended, and is the next owner's.

The steps are few and the faults between them many, so they are not argued about: the crash model of the tests runs
these very functions through every one of them.
"""

import asyncio
from math import inf
from typing import NamedTuple

from bridge.calls import dial_states
from bridge.calls.asking import ask, call
from bridge.calls.brokers_clock import Anchor
from bridge.calls.conclusions import (
    Conclusion,
    NoSlot,
    Tries,
    conclude_dial,
    conclude_query,
    conclude_waiting,
    too_large,
)
from bridge.calls.dial_states import Publisher, Resolution
from bridge.calls.journal import Journal, JournalRecord, RecordTooLarge, ShardWriter, Snapshot
from bridge.calls.journal_format import Kept, Remembered, put, remember
from bridge.calls.journal_keys import OwnerKey
from bridge.calls.journal_values import Intent, Owner, Verdict
from bridge.calls.lanes import Lane
from bridge.calls.means import Clock, Means, Wanted
from bridge.calls.orders import Order

RECORDS_AT_ONCE = 2_000
# Of a journal that is being read: some 20 ms, after which the loop turns for the heartbeats of the same process.


class TakenOver(NamedTuple):
    """A shard of ours: the way to append, what its journal held before, its commands, and the marker's append."""

    writer: ShardWriter
    remembered: Remembered
    commands: dict[str, Verdict]
    marker: Anchor


async def take_over(journal: Journal, shard: int, worker: str, publisher: Publisher, clock: Clock) -> TakenOver:
    """Take a shard over, after the group has confirmed that it is ours: steps 1 to 3.

    The marker comes first and by itself: its append time is the first that is known of the brokers' clock, and the
    results of the doubts, which follow, tell when they were finished. Who dies in between has changed nothing.

    JournalAway, ShardLost: try again from that confirmation. UnknownFormat: a newer release is at work, leave it; no
    trace of us remains.
    """
    writer, snapshot = await journal.open(shard)
    try:
        remembered = await _read(snapshot)
        asked = clock.now()
        marker_ms = await writer.append((put(OwnerKey(), Owner(writer.epoch, worker)),))
        marker = Anchor(marker_ms, asked, clock.now())
        clock.learn(marker)
        append, commands = dial_states.take_over(remembered.commands, publisher, clock.epoch_ms(clock.now()))
        if append.records:
            await writer.append(*append)
    except (Exception, asyncio.CancelledError):
        await writer.close()
        raise
    return TakenOver(writer, remembered, commands, marker)


async def _read(snapshot: Snapshot) -> Remembered:
    remembered = Remembered()
    for number, (key, stored) in enumerate(snapshot.items(), start=1):
        remember(remembered, key, stored)
        if number % RECORDS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return remembered


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
    connection = order.reference.connection
    slot = await means.slots.take(Wanted(connection, Lane.DIAL, order.deadline))
    if isinstance(slot, NoSlot):
        return await _conclude(order, conclude_waiting(slot), means)
    append, intent = dial_states.intend(order, slot.reservation)
    intended_ms = await means.writer.append(*append)
    # Only now: the intent is stored, and no successor had opened the shard before that.
    asked = await call(connection, order.request, slot, means)
    return await _conclude(order, conclude_dial(asked.exchange), means, asked.beside, Kept(intent, intended_ms))


async def _query(order: Order, means: Means) -> Verdict:
    wanted = Wanted(order.reference.connection, Lane.QUERY, order.deadline)
    tries, not_before = Tries(), -inf
    while True:
        asked = await ask(wanted, order.request, means, not_before)
        if isinstance(asked, NoSlot):
            return await _conclude(order, conclude_waiting(asked, tries), means)
        tries = tries.after(asked.exchange)
        conclusion = conclude_query(tries, asked.exchange, means.clock.now(), means.jitter())
        if isinstance(conclusion, Conclusion):
            return await _conclude(order, conclusion, means, asked.beside)
        await means.writer.append(asked.beside)
        not_before = conclusion.at


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
