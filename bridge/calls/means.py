"""What calls to the vendor are made with: the ports of a shard's owner, and the values that pass through them."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, Protocol

from bridge.calls.admission import Refusal
from bridge.calls.brokers_clock import Anchor
from bridge.calls.conclusions import NoSlot
from bridge.calls.dial_states import Ended, Publisher
from bridge.calls.journal import JournalRecord, ShardWriter
from bridge.calls.lanes import Lane
from bridge.calls.quota import Reservation
from bridge.pbx.requests import Request
from bridge.pbx.responses import Exchange


class Handover(Exception):
    """The shard is being handed over: no call begins any more. What waited for one is the next owner's."""


class Wanted(NamedTuple):
    """A call that somebody wants to make: `deadline` and `since` are as in `lanes.Request`."""

    connection: str
    lane: Lane
    deadline: float = inf
    since: float = inf


class Slot(NamedTuple):
    """A slot of the quota. The first byte leaves before `first_byte_by`, a moment of the monotonic clock, or never."""

    reservation: Reservation
    first_byte_by: float


class Slots(Protocol):
    """The admission of calls, for all connections of the shard."""

    async def take(self, wanted: Wanted, not_before: float = -inf) -> Slot | NoSlot:
        """Wait for a slot, from the moment `not_before` on and at the longest until the deadline. Handover: none."""
        ...

    def finish(self, connection: str, ended: Ended, refusal: Refusal | None) -> tuple[JournalRecord, ...]:
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

    def learn(self, anchor: Anchor) -> None:
        """Take an append into account."""
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
