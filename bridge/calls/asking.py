"""One request to the vendor, as all of them are made but a dial: slot, reservation in the journal, call, end.

The reservation is stored before the call, so that the next owner of the shard knows of every request that may reach the
vendor. Whoever asked stores the end together with what the answer led to.
"""

from math import inf
from typing import NamedTuple

from bridge.calls import dial_states
from bridge.calls.admission import Refusal
from bridge.calls.conclusions import NoSlot
from bridge.calls.dial_states import Ended
from bridge.calls.journal import JournalRecord
from bridge.calls.means import Means, Slot, Wanted
from bridge.pbx.requests import Request
from bridge.pbx.responses import Exchange


class Asked(NamedTuple):
    """What came of a request, and what is to be appended with whatever follows from it, or by itself."""

    exchange: Exchange
    beside: tuple[JournalRecord, ...]


async def ask(wanted: Wanted, request: Request, means: Means, not_before: float = -inf) -> Asked | NoSlot:
    """Make a request once, as soon as there is a slot. ShardLost and Handover pass through."""
    slot = await means.slots.take(wanted, not_before)
    if isinstance(slot, NoSlot):
        return slot
    await means.writer.append((dial_states.reserve(wanted.connection, slot.reservation),))
    return await call(wanted.connection, request, slot, means)


async def call(connection: str, request: Request, slot: Slot, means: Means) -> Asked:
    """Send a request whose reservation is stored, and end its slot."""
    exchange = await means.vendor.call(connection, request, slot.first_byte_by)
    ended = Ended(slot.reservation, dial_states.ending_of(exchange))
    refused = exchange.throttled or exchange.retry_after_s is not None
    refusal = Refusal(exchange.retry_after_s) if refused else None
    kept = means.slots.finish(connection, ended, refusal)
    return Asked(exchange, (dial_states.end_slot(connection, ended), *kept))
