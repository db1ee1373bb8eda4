"""The quota window: which slots of a connection are busy, and until when. Pure.

A slot is busy from its reservation until the response has been seen, plus the window, plus a guard. Each request
reaches the vendor between its reservation and its response; so had `calls` + 1 of them arrived within one window, the
one that was reserved last would have found all others busy. No delay can break this, neither ours nor the network's nor
the vendor's. What could break it, and what stands against it:

- bytes that arrive after we have given up: `LINGER`, together with sockets that are reset when a call is aborted;
- a first byte long after its reservation: `FIRST_BYTE_WITHIN`, which whoever sends has to keep (`Reservation.at`);
- an owner that died without a word: `restoring` gives its slots the end that they have at the latest;
- clocks that run at other rates, and limiters that count both ends of a window: the guard.

Moments and durations are seconds of one monotonic clock.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from typing import NamedTuple

from bridge.calls.agenda import Agenda

FIRST_BYTE_WITHIN = 3.0
# Seconds from its reservation within which a call's first byte leaves, or none does: a take-over reckons with it.
LINGER = 5.0
# Seconds after the abort of a call in which bytes that were under way may still arrive.
LEAST_GUARD = 0.001
# Seconds: a request exactly one window after another one still shares a window with it, and floats are rounded.


class Ending(StrEnum):
    """How a call came to its end, as far as the quota is concerned."""

    ANSWERED = "answered"
    """The vendor's response was seen, whatever it said."""
    UNANSWERED = "unanswered"
    """Aborted without a response, after at least one byte may have left."""
    UNSENT = "unsent"
    """Not one byte left: the slot was never used."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What the vendor allows on one key: `calls` within any `window`; `longest_request` is our longest time-out."""

    calls: int = 100
    window: float = 60.0
    guard: float = 0.25
    longest_request: float = 15.0

    @property
    def hold(self) -> float:
        """How long a slot stays busy after its response."""
        return self.window + max(self.guard, LEAST_GUARD)

    def free_at(self, moment: float, ending: Ending | None) -> float:
        """Give when the slot of a call that ended at `moment` is free; None: only its reservation is known."""
        match ending:
            case Ending.UNSENT:
                return moment
            case Ending.ANSWERED:
                return moment + self.hold
            case Ending.UNANSWERED:
                return moment + LINGER + self.hold
            case None:
                return moment + FIRST_BYTE_WITHIN + self.longest_request + LINGER + self.hold


class Reservation(NamedTuple):
    """A slot in flight: its number, which a journal keeps it by, whether it is a dial's, and since when."""

    slot: int
    dial: bool
    at: float


class Held(NamedTuple):
    """A slot whose call is over: busy until `until`."""

    until: float
    slot: int
    dial: bool


@dataclass(frozen=True, slots=True)
class Window:
    """The slots of a connection. `free` is a set of bits: 1 << n for slot n, so that the lowest one is cheap to find.

    The lowest free slot is used next: a connection with few calls keeps few slots in the journal. After a setting was
    lowered `held` may know slots from `calls` on: they count until they are free and are not used again.
    """

    quota: Quota
    free: int
    in_flight: tuple[Reservation, ...] = ()
    held: Agenda[Held] = field(default_factory=Agenda)
    held_dials: Agenda[tuple[float, int]] = field(default_factory=Agenda)

    @classmethod
    def of(cls, quota: Quota, held: tuple[Held, ...] = ()) -> "Window":
        """Give a window in which nothing but `held` is busy."""
        free = (1 << quota.calls) - 1
        for one in held:
            free &= ~(1 << one.slot)
        dials = Agenda.of((one.until, one.slot) for one in held if one.dial)
        return cls(quota, free, (), Agenda.of(held), dials)

    @property
    def busy(self) -> int:
        """How many slots are busy, as of the last `advance`."""
        return len(self.in_flight) + len(self.held)

    @property
    def busy_dials(self) -> int:
        """How many of them are of dials."""
        return sum(one.dial for one in self.in_flight) + len(self.held_dials)

    def free_at(self, limit: int, count: int) -> float:
        """Give when `count` of `limit` slots are free, if no more are reserved; -inf: now, inf: it is not known."""
        ends = self.busy - limit + count
        if ends <= 0:
            return -inf
        return self.held[ends - 1].until if ends <= len(self.held) else inf

    def next_free_at(self, limit: int) -> float:
        """Give when the next slot is free after the first free one of `limit`; inf: it is not known."""
        ends = max(0, self.busy - limit + 1)
        return self.held[ends].until if ends < len(self.held) else inf

    def dials_free_at(self, dials: int) -> float:
        """Give when fewer than `dials` slots are busy with dials; -inf: now, inf: it is not known."""
        ends = self.busy_dials - dials + 1
        if ends <= 0:
            return -inf
        return self.held_dials[ends - 1][0] if ends <= len(self.held_dials) else inf

    def advance(self, now: float) -> "Window":
        """Let go of the slots that are free by now."""
        held = self.held
        if not held or held[0].until > now:
            return self
        free, dials, calls = self.free, self.held_dials, self.quota.calls
        while held and held[0].until <= now:
            _, slot, dial = held[0]
            held = held.rest()
            if slot < calls:
                free |= 1 << slot
            if dial:
                dials = dials.rest()
        return replace(self, free=free, held=held, held_dials=dials)

    def reserve(self, now: float, *, dial: bool) -> tuple["Window", Reservation]:
        """Take the lowest free slot. The caller has seen that fewer than `calls` are busy, so there is one."""
        lowest = self.free & -self.free
        reservation = Reservation(lowest.bit_length() - 1, dial, now)
        in_flight = (*self.in_flight, reservation)
        return replace(self, free=self.free ^ lowest, in_flight=in_flight), reservation

    def end(self, reservation: Reservation, now: float, ending: Ending) -> "Window":
        """End a call in flight: `now` is not before its response was seen, or not before it was aborted."""
        in_flight = tuple(one for one in self.in_flight if one != reservation)
        if len(in_flight) == len(self.in_flight):
            raise ValueError(f"slot {reservation.slot} is not in flight")
        if ending is Ending.UNSENT:
            return replace(self, free=self.free | 1 << reservation.slot, in_flight=in_flight)
        held = Held(self.quota.free_at(now, ending), reservation.slot, reservation.dial)
        dials = self.held_dials.plus((held.until, held.slot)) if held.dial else self.held_dials
        return replace(self, in_flight=in_flight, held=self.held.plus(held), held_dials=dials)
