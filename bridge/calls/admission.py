"""Who may call the vendor next, and when: a connection's quota, lanes and freezes as one immutable value. Pure.

The owner of a shard holds one `Admission` per connection and puts each answer's new one in its place. It calls `arrive`
for each request, `finish` for each call that is over, and after either, and at the moment that `Wait` names, `decide`
until the answer is `Wait`. What `arrive` and `decide` refuse is a verdict that the caller has to store.

`now` never goes back; it is in seconds, as are all moments here, of the monotonic clock that `restoring` maps to.

Dials take any free slot, up to their share. Queries and polls go at an even pace and leave the reserve free, except for
slots that will soon be followed by another. With a limit of 1, where the dials' share is the whole, a dial that follows
a dial lets the others go first.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from typing import Generic, NamedTuple

from bridge.calls.lanes import Lane, Lanes, Request, WorkT
from bridge.calls.pace import Pace
from bridge.calls.prospects import has_prospects
from bridge.calls.quota import FIRST_BYTE_WITHIN, Ending, Quota, Reservation, Window
from bridge.calls.shares import Shares, shares_of
from bridge.calls.slow_down import SlowDown

IN_FLIGHT = 20
# Calls of one connection at once: at 100 a minute enough for answers that take 10 s, and no burden on the vendor.
_IN_FLIGHT_FOR_DIALS = 3
# Of those, as many that only dials may use: slow answers to queries must not hold up a dial.


class Arrival(StrEnum):
    """What became of a request that has arrived. All but `WAITS` are final, and it was not taken in."""

    WAITS = "waits"
    EXPIRED = "expired"
    """Its deadline has passed."""
    QUEUE_FULL = "queue_full"
    """As many as may wait in its lane do so: `overloaded`."""
    TOO_LATE = "too_late"
    """It could not be served before its deadline: `overloaded`."""


class Admitted(NamedTuple, Generic[WorkT]):
    """The request has a slot. Its call's first byte leaves before `first_byte_by`, or none of it does.

    `reservation` belongs into the journal before the call, and into `finish` after it.
    """

    request: Request[WorkT]
    reservation: Reservation
    first_byte_by: float


class Expired(NamedTuple, Generic[WorkT]):
    """The request's deadline passed while it waited; it waits no more."""

    request: Request[WorkT]


class Wait(NamedTuple):
    """Nothing to do before `until` (inf: at all), unless a request arrives or a call ends."""

    until: float


class Refusal(NamedTuple):
    """The vendor answered 429, or with `Retry-After`: so many seconds, None when it does not say how many."""

    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Admission(Generic[WorkT]):
    """One connection. At most `max_queued` requests wait in each lane.

    `dial_last`: the last slot went to a dial.
    """

    quota: Quota
    max_queued: int
    window: Window
    lanes: Lanes[WorkT] = field(default_factory=Lanes)
    slow_down: SlowDown = field(default_factory=SlowDown)
    pace: Pace = field(default_factory=Pace)
    dial_last: bool = False

    @property
    def shares(self) -> Shares:
        """How the limit in use is shared out, as of the last decision."""
        return shares_of(self.slow_down.limit(self.quota.calls), self.quota.window)

    def arrive(self, now: float, request: Request[WorkT]) -> tuple["Admission[WorkT]", Arrival]:
        """Let a request wait, or refuse it at once."""
        if request.deadline <= now:
            return self, Arrival.EXPIRED
        waiting = self.lanes.of(request.lane)
        if len(waiting) >= self.max_queued:
            return self, Arrival.QUEUE_FULL
        if not self._has_prospects(now, request):
            return self, Arrival.TOO_LATE
        return replace(self, lanes=self.lanes.add(request, now)), Arrival.WAITS

    def decide(self, now: float) -> tuple["Admission[WorkT]", Admitted[WorkT] | Expired[WorkT] | Wait]:
        """Answer what to do now. What expires comes first, so that nothing is admitted after its deadline."""
        window, slow_down = self.window.advance(now), self.slow_down.advance(now)
        if window is not self.window or slow_down is not self.slow_down:
            return replace(self, window=window, slow_down=slow_down).decide(now)
        lanes, wake = self.lanes, inf
        for lane in Lane:
            if waiting := lanes.of(lane):
                first = waiting[0].request
                if first.deadline <= now:
                    return replace(self, lanes=lanes.without_first(lane)), Expired(first)
                wake = min(wake, first.deadline)
        shares = self.shares
        dial_at = self._dial_at(shares) if lanes.dials else inf
        paced_at = self._paced_at(shares) if lanes.queries or lanes.polls else inf
        yields = self.dial_last and shares.dials == shares.limit and paced_at <= now
        if dial_at <= now and not yields:
            return self._admit_dial(now)
        if paced_at <= now:
            return self._admit_paced(now, shares)
        # The whole limit, in use again, may have room at once.
        return self, Wait(min(wake, dial_at, paced_at, self.slow_down.clean_at if self.lanes.some else inf))

    def finish(
        self, now: float, reservation: Reservation, ending: Ending, refusal: Refusal | None = None
    ) -> "Admission[WorkT]":
        """End a call: `now` is not before its response was seen, or not before it was aborted."""
        window = self.window.end(reservation, now, ending)
        if refusal is None:
            return replace(self, window=window)
        freeze = self.quota.window if refusal.retry_after is None else refusal.retry_after
        return replace(self, window=window, slow_down=self.slow_down.refuse(now, reservation.at, freeze))

    def _has_prospects(self, now: float, request: Request[WorkT]) -> bool:
        slow_down, deadline = self.slow_down, request.deadline
        # A poll comes again: it has no result that somebody waits for. Further ahead than slots are known, or beyond
        # the return of the whole limit, nobody can say what will be.
        if request.lane is Lane.POLL or deadline > min(now + self.quota.hold, slow_down.clean_at):
            return True
        shares, earliest = self.shares, max(now, slow_down.frozen_until)
        if request.lane is Lane.DIAL:
            return has_prospects(self.window, shares, self.lanes.dials, deadline, earliest)
        return max(earliest, self.window.free_at(shares.limit, 1), self.pace.ready_at(shares)) < deadline

    def _dial_at(self, shares: Shares) -> float:
        """Give from when on a dial may go, as far as is known; a moment that has passed means now."""
        if len(self.window.in_flight) >= IN_FLIGHT:
            return inf
        share_at = self.window.dials_free_at(shares.dials)
        return max(self.slow_down.frozen_until, share_at, self.window.free_at(shares.limit, 1))

    def _paced_at(self, shares: Shares) -> float:
        """Give the same for a query or poll."""
        window = self.window
        if len(window.in_flight) >= IN_FLIGHT - _IN_FLIGHT_FOR_DIALS:
            return inf
        # What dials may not take anyway need not be left to them.
        reserve = max(0, min(shares.reserve, shares.dials - window.busy_dials))
        beside_reserve = window.free_at(shares.limit, 1 + reserve)
        soon_followed = max(window.free_at(shares.limit, 1), window.next_free_at(shares.limit) - shares.soon)
        return max(self.slow_down.frozen_until, self.pace.ready_at(shares), min(beside_reserve, soon_followed))

    def _admit_dial(self, now: float) -> tuple["Admission[WorkT]", Admitted[WorkT]]:
        window, reservation = self.window.reserve(now, dial=True)
        request = self.lanes.dials[0].request
        after = replace(self, window=window, lanes=self.lanes.without_first(Lane.DIAL), dial_last=True)
        return after, _admitted(request, reservation)

    def _admit_paced(self, now: float, shares: Shares) -> tuple["Admission[WorkT]", Admitted[WorkT]]:
        window, reservation = self.window.reserve(now, dial=False)
        lanes, request = self.lanes.take_paced(now, shares.burst)
        pace = self.pace.take(now, shares, wanted=bool(lanes.queries or lanes.polls))
        after = replace(self, window=window, lanes=lanes, pace=pace, dial_last=False)
        return after, _admitted(request, reservation)


def _admitted(request: Request[WorkT], reservation: Reservation) -> Admitted[WorkT]:
    return Admitted(request, reservation, min(reservation.at + FIRST_BYTE_WITHIN, request.deadline))
