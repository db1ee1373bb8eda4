"""A connection's owner and its vendor in virtual time: requests come, calls take their time, arrivals are noted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import inf

from bridge.calls.admission import Admission, Admitted, Arrival, Expired, Wait
from bridge.calls.lanes import Lane, Request
from bridge.calls.quota import Ending, Quota, Window


def fresh(quota: Quota | None = None, max_queued: int = 100) -> Admission[str]:
    """Give a connection on which nothing has happened."""
    quota = quota or Quota()
    return Admission(quota, max_queued, Window.of(quota))


@dataclass(frozen=True)
class Served:
    """A request that got its slot, and when."""

    request: Request[str]
    asked: float
    at: float

    @property
    def wait(self) -> float:
        return self.at - self.asked


@dataclass
class VirtualOwner:
    """Drives an admission as its owner would. `latency()` gives (seconds to the vendor, seconds to the response)."""

    admission: Admission[str]
    latency: Callable[[], tuple[float, float]]
    now: float = 0.0
    served: list[Served] = field(default_factory=list)
    expired: list[Request[str]] = field(default_factory=list)
    refused: list[tuple[Request[str], Arrival]] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    responses: list[float] = field(default_factory=list)
    on_served: Callable[[Served], None] = lambda _: None
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)
    _asked: dict[int, float] = field(default_factory=dict)
    _wake: float = inf

    def at(self, moment: float, do: Callable[[], None]) -> None:
        """Let something happen at a moment."""
        heappush(self._events, (moment, next(self._order), do))

    def ask(self, lane: Lane, work: str = "", ttl: float = inf, since: float = inf) -> None:
        """Let a request arrive now."""
        request = Request(lane, work, self.now + ttl, since)
        self.admission, arrival = self.admission.arrive(self.now, request)
        if arrival is Arrival.WAITS:
            self._asked[id(request)] = self.now
        else:
            self.refused.append((request, arrival))

    def run(self, until: float) -> None:
        """Go on until a moment, everything that is due by then included."""
        self._decide()
        while (moment := min(self._wake, self._events[0][0] if self._events else inf)) <= until:
            self.now = moment
            while self._events and self._events[0][0] <= moment:
                heappop(self._events)[2]()
            self._decide()
        self.now = until

    def _decide(self) -> None:
        while True:
            self.admission, answer = self.admission.decide(self.now)
            match answer:
                case Wait(until):
                    assert until > self.now, "a moment that has passed would be waited for without end"
                    self._wake = until
                    return
                case Expired(request):
                    assert request.deadline <= self.now
                    del self._asked[id(request)]
                    self.expired.append(request)
                case Admitted():
                    self._call(answer)

    def _call(self, admitted: Admitted[str]) -> None:
        request, reservation, first_byte_by = admitted
        assert reservation.at == self.now < request.deadline
        assert self.now < first_byte_by <= min(self.now + 3, request.deadline)
        served = Served(request, self._asked.pop(id(request)), self.now)
        self.served.append(served)
        there, back = self.latency()
        self.responses.append(there + back)
        self.at(self.now + there, lambda: self.arrivals.append(self.now))

        def response() -> None:
            self.admission = self.admission.finish(self.now, reservation, Ending.ANSWERED)

        self.at(self.now + there + back, response)
        self.on_served(served)
