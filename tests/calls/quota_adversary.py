"""Everything that delays, losses and deaths can do to a connection's slots, in virtual time, with the vendor's view.

Moments are true time. The process reads a monotonic clock that is `shift` ahead of it, the brokers one that is `offset`
ahead and rounds down to milliseconds. All draws are by the caller, so that hypothesis finds the worst of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import floor
from typing import NamedTuple

from bridge.calls.brokers_clock import Anchor
from bridge.calls.quota import FIRST_BYTE_WITHIN, LINGER, Ending, Quota, Reservation, Window
from bridge.calls.restoring import StoredSlot, restore_window


@dataclass
class Call:
    """A call in flight. It may leave once its reservation is stored, at `stored`."""

    reservation: Reservation
    reserved: float
    stored: float
    number: int
    limit: int


class Arrived(NamedTuple):
    """What the vendor has seen of a call: reserved as the so many-th, under this limit."""

    number: int
    at: float
    limit: int
    dial: bool


@dataclass
class Adversary:
    """Reserves whenever the window lets it, and has each request arrive when it hurts most, as the draws say."""

    quota: Quota
    offset: float
    window: Window = field(init=False)
    true: float = 0.0
    shift: float = 0.0
    calls: list[Call] = field(default_factory=list)
    reservations: int = 0
    arrived: list[Arrived] = field(default_factory=list)
    writes: list[tuple[float, StoredSlot]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.window = Window.of(self.quota)

    @property
    def now(self) -> float:
        """What the process's clock says."""
        return self.true + self.shift

    def pass_time(self, seconds: float) -> None:
        self.true += seconds

    def reserve(self, delay: float, *, dial: bool) -> bool:
        """Take a slot if one is free; its reservation is stored after a delay."""
        self.window = self.window.advance(self.now)
        if self.window.busy >= self.quota.calls:
            return False
        self.window, reservation = self.window.reserve(self.now, dial=dial)
        self.reserved(reservation, delay)
        return True

    def reserved(self, reservation: Reservation, delay: float) -> None:
        """Note a reservation, and store it after a delay."""
        assert all(reservation.slot != call.reservation.slot for call in self.calls)
        assert 0 <= reservation.slot < self.quota.calls
        stored = self._store(reservation, None, delay)
        self.reservations += 1
        self.calls.append(Call(reservation, self.true, stored, self.reservations, self.quota.calls))

    def end(self, index: int, ending: Ending, share: float, delay: float | None) -> None:
        """End a call now; it arrived after `share` of the time it had for it; its ending is stored after a delay."""
        call = self.calls.pop(index % len(self.calls))
        if self.true < call.stored:
            ending = Ending.UNSENT
        self._finish(call.reservation, ending)
        if ending is not Ending.UNSENT:
            # A process may be late to see the end of a call, but its time-out bounds the call itself.
            over = min(self.true, call.reserved + FIRST_BYTE_WITHIN + self.quota.longest_request)
            self._arrive(call, over + (LINGER if ending is Ending.UNANSWERED else 0), share)
        if delay is not None:
            self._store(call.reservation, ending, delay)

    def die(self, pause: float, acknowledged: float, shift: float, calls: int, shares: Iterable[float]) -> None:
        """Die, and be followed after a pause by another process with its own clock and setting."""
        for call, share in zip(self.calls, shares, strict=False):
            if call.stored <= self.true:
                self._arrive(call, call.reserved + FIRST_BYTE_WITHIN + self.quota.longest_request + LINGER, share)
        self.calls.clear()
        snapshot = {slot.slot: slot for stored, slot in self.writes if stored <= self.true}
        self.writes = [(stored, slot) for stored, slot in self.writes if snapshot.get(slot.slot) is slot]
        self.true += pause
        marker = self._broker_ms(self.true)
        self.true += acknowledged
        self.shift = shift
        self.quota = Quota(calls, self.quota.window, self.quota.guard, self.quota.longest_request)
        self.window = restore_window(self.quota, Anchor(marker, self.now, self.now), snapshot.values())

    def finish_all(self) -> None:
        """Let all calls in flight be answered now."""
        while self.calls:
            self.end(0, Ending.ANSWERED, 1.0, 0.0)

    def crowded(self) -> list[Arrived]:
        """Give the calls that came too many: of those reserved until then, a window with it holds more than its limit.

        Where the limit never changes, there are none of them exactly if no window holds more than the limit.
        """
        window = self.quota.window
        by_reservation = sorted(self.arrived, key=lambda call: call.number)
        crowded = []
        for count, call in enumerate(by_reservation, start=1):
            near = sorted(other.at for other in by_reservation[:count] if abs(other.at - call.at) <= window)
            begun = (at for at in near if at <= call.at)
            if any(sum(at <= other <= at + window for other in near) > call.limit for at in begun):
                crowded.append(call)
        return crowded

    def _finish(self, reservation: Reservation, ending: Ending) -> None:
        self.window = self.window.end(reservation, self.now, ending)

    def _arrive(self, call: Call, latest: float, share: float) -> None:
        at = call.stored + (max(latest, call.stored) - call.stored) * share
        self.arrived.append(Arrived(call.number, at, call.limit, call.reservation.dial))

    def _store(self, reservation: Reservation, ending: Ending | None, delay: float) -> float:
        before = max((stored for stored, slot in self.writes if slot.slot == reservation.slot), default=self.true)
        stored = max(self.true + delay, before)
        record = StoredSlot(reservation.slot, reservation.dial, self._broker_ms(stored), ending)
        self.writes.append((stored, record))
        return stored

    def _broker_ms(self, true: float) -> int:
        return floor((true + self.offset) * 1000)
