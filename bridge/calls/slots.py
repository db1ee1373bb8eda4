"""The slots of a shard's connections: the admission of each, driven by arrivals, ends and the clock.

All decisions are `admission`'s. Here are the futures of those who wait, and one timer for each connection that has
something to wait for; a connection without calls costs nothing.
"""

import asyncio
from collections.abc import Callable, Mapping
from math import inf
from typing import Protocol

from bridge.calls.admission import Admission, Admitted, Arrival, Expired, Refusal, Wait
from bridge.calls.conclusions import NoSlot
from bridge.calls.dial_states import Ended
from bridge.calls.journal import JournalRecord
from bridge.calls.journal_format import put
from bridge.calls.journal_keys import RefusalKey
from bridge.calls.journal_values import Refusal as StoredRefusal
from bridge.calls.lanes import Lane, Request
from bridge.calls.means import Handover, Slot, Wanted
from bridge.calls.quota import Ending

Waiter = asyncio.Future[Slot | NoSlot]
_REFUSED = {
    Arrival.EXPIRED: NoSlot.EXPIRED,
    Arrival.QUEUE_FULL: NoSlot.QUEUE_FULL,
    Arrival.TOO_LATE: NoSlot.TOO_LATE,
}


class SlotWatch(Protocol):
    """Who is told what the slots do."""

    def waited(self, lane: Lane, seconds: float) -> None:
        """Note that somebody got a slot."""
        ...

    def refused(self, connection: str, freeze_s: float, limit: int) -> None:
        """Note that the vendor has refused a call: nothing goes out for so long, and so many calls are in use then."""
        ...


class _Gate:
    """One connection's admission, and its timer."""

    __slots__ = ("admission", "timer")

    def __init__(self, admission: Admission[Waiter]) -> None:
        self.admission = admission
        self.timer: asyncio.TimerHandle | None = None


class ShardSlots:
    """Implements the port `means.Slots`. It belongs to the running event loop; `now` gives its monotonic clock."""

    def __init__(self, admissions: Mapping[str, Admission[Waiter]], now: Callable[[], float], watch: SlotWatch) -> None:
        self._gates = {name: _Gate(admission) for name, admission in admissions.items()}
        self.now = now
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self.closed = asyncio.Event()
        """Set when no more slots are given: for whoever waits for something else meanwhile."""

    @property
    def admissions(self) -> Mapping[str, Admission[Waiter]]:
        """The admission of each connection, as of now."""
        return {name: gate.admission for name, gate in self._gates.items()}

    async def take(self, wanted: Wanted, not_before: float = -inf) -> Slot | NoSlot:
        """Wait for a slot; Handover after `close`. The connection is one of the shard's."""
        asked = self.now()
        if not_before > asked:
            await asyncio.sleep(min(not_before, wanted.deadline) - asked)
        if self.closed.is_set():
            raise Handover
        gate, now = self._gates[wanted.connection], self.now()
        waiter: Waiter = self._loop.create_future()
        request = Request(wanted.lane, waiter, wanted.deadline, wanted.since)
        gate.admission, arrival = gate.admission.arrive(now, request)
        if arrival is not Arrival.WAITS:
            return _REFUSED[arrival]
        self._decide(gate)
        slot = await waiter
        if isinstance(slot, Slot):
            self._watch.waited(wanted.lane, self.now() - asked)
        return slot

    def finish(self, connection: str, ended: Ended, refusal: Refusal | None) -> tuple[JournalRecord, ...]:
        """End a slot's call. Whoever waits for one may get it with this."""
        gate, now = self._gates[connection], self.now()
        gate.admission = gate.admission.finish(now, ended.reservation, ended.ending, refusal)
        slow_down = gate.admission.slow_down
        self._decide(gate)
        if refusal is None:
            return ()
        freeze = max(0.0, slow_down.frozen_until - now)
        self._watch.refused(connection, freeze, slow_down.limit(gate.admission.quota.calls))
        return (put(RefusalKey(connection), StoredRefusal(freeze, slow_down.steps)),)

    def close(self) -> None:
        """Give no more slots: whoever waits, or comes, gets Handover. Calls under way are ended as before."""
        self.closed.set()
        for gate in self._gates.values():
            if gate.timer is not None:
                gate.timer.cancel()
            for lane in Lane:
                for waiting in gate.admission.lanes.of(lane):
                    if not waiting.request.work.done():
                        waiting.request.work.set_exception(Handover())

    def _decide(self, gate: _Gate) -> None:
        if gate.timer is not None:
            gate.timer.cancel()
            gate.timer = None
        while not self.closed.is_set():
            now = self.now()
            gate.admission, answer = gate.admission.decide(now)
            match answer:
                case Admitted(request, reservation, first_byte_by):
                    if request.work.done():
                        # Who waited was cancelled: the slot was never used.
                        gate.admission = gate.admission.finish(now, reservation, Ending.UNSENT)
                    else:
                        request.work.set_result(Slot(reservation, first_byte_by))
                case Expired(request):
                    if not request.work.done():
                        request.work.set_result(NoSlot.EXPIRED)
                case Wait(until):
                    if until < inf:
                        gate.timer = self._loop.call_later(until - now, self._decide, gate)
                    return
