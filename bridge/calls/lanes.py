"""What waits for a slot: three lanes, each in the order of deadlines. Pure.

Dial before query before poll. In the dial lane: dials. In the query lane: all other commands, and what is rare and
somebody waits for: requests of the command line, registrations. In the poll lane: what comes again by itself, polls and
the walks of the reconciliation.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from typing import Generic, NamedTuple, TypeVar

from bridge.calls.agenda import Agenda

WorkT = TypeVar("WorkT")

POLL_AGE = 120.0
# Seconds after which a poll goes before queries: with 8 pollers at full quota each runs within 130 s, as promised.


class Lane(StrEnum):
    DIAL = "dial"
    QUERY = "query"
    POLL = "poll"


@dataclass(frozen=True, slots=True)
class Request(Generic[WorkT]):
    """A call that is wanted. `work` is the caller's own and is not looked at.

    At its `deadline` (inf: none) it expires. A poll's age counts from `since`, when its poller last ran, and from its
    arrival where that is earlier; for the other lanes it means nothing.
    """

    lane: Lane
    work: WorkT
    deadline: float = inf
    since: float = inf


class Waiting(NamedTuple, Generic[WorkT]):
    """A request in its lane; of two with the same `due` the one that arrived first goes first.

    `due` is its deadline, or for a poll the moment from which it is too old to wait, if that is earlier.
    """

    due: float
    arrival: int
    request: Request[WorkT]


@dataclass(frozen=True, slots=True)
class Lanes(Generic[WorkT]):
    """The requests that wait. `polls_in_a_row` counts the overdue polls that went before queries since a query went."""

    dials: Agenda[Waiting[WorkT]] = field(default_factory=Agenda)
    queries: Agenda[Waiting[WorkT]] = field(default_factory=Agenda)
    polls: Agenda[Waiting[WorkT]] = field(default_factory=Agenda)
    arrivals: int = 0
    polls_in_a_row: int = 0

    def of(self, lane: Lane) -> Agenda[Waiting[WorkT]]:
        """Give what waits in a lane."""
        match lane:
            case Lane.DIAL:
                return self.dials
            case Lane.QUERY:
                return self.queries
            case Lane.POLL:
                return self.polls

    @property
    def some(self) -> bool:
        """Whether anything waits."""
        return bool(self.dials or self.queries or self.polls)

    def add(self, request: Request[WorkT], now: float) -> "Lanes[WorkT]":
        """Let a request wait in its lane."""
        due = request.deadline
        if request.lane is Lane.POLL:
            due = min(due, min(now, request.since) + POLL_AGE)
        waiting = self.of(request.lane).plus(Waiting(due, self.arrivals, request))
        return replace(self._with(request.lane, waiting), arrivals=self.arrivals + 1)

    def without_first(self, lane: Lane) -> "Lanes[WorkT]":
        """Let go of the first request of a lane."""
        return self._with(lane, self.of(lane).rest())

    def take_paced(self, now: float, burst: int) -> tuple["Lanes[WorkT]", Request[WorkT]]:
        """Take the query or poll whose turn it is. One of them waits, and none that is first has expired.

        A poll goes when there is no query, or when it is too old; but of those too old no more than `burst` in a row,
        or they would leave nothing to the queries of a connection with few calls and many pollers.
        """
        overdue = bool(self.polls) and self.polls[0].due <= now
        if not self.queries or (overdue and self.polls_in_a_row < burst):
            in_a_row = self.polls_in_a_row + 1 if self.queries else 0
            return replace(self.without_first(Lane.POLL), polls_in_a_row=in_a_row), self.polls[0].request
        return replace(self.without_first(Lane.QUERY), polls_in_a_row=0), self.queries[0].request

    def _with(self, lane: Lane, waiting: Agenda[Waiting[WorkT]]) -> "Lanes[WorkT]":
        match lane:
            case Lane.DIAL:
                return replace(self, dials=waiting)
            case Lane.QUERY:
                return replace(self, queries=waiting)
            case Lane.POLL:
                return replace(self, polls=waiting)
