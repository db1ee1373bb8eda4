"""A working day at full quota, in virtual time, before a vendor that counts every arrival."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest

from bridge.calls.lanes import Lane
from bridge.calls.quota import Quota
from bridge.simulator.limiter import SlidingLimiter, most_within
from tests.calls.virtual_owner import Served, VirtualOwner, fresh

HOUR = 3600.0
HOURS = 4
BEGUN = 600.0
# Seconds of filling up before use is measured: a fresh connection has a whole window at once.
POLLERS = 8
POLL_EVERY = 30.0
DIALS_EVERY = 15.0


def typical(random: Random) -> Callable[[], tuple[float, float]]:
    """Give latencies of 0.25 s in the middle, one in a hundred of 2 to 8 s, the vendor reached anywhere in between."""

    def latency() -> tuple[float, float]:
        whole = random.uniform(2, 8) if random.random() < 0.01 else min(9.9, random.lognormvariate(-1.4, 0.6))
        there = random.random() * whole
        return there, whole - there

    return latency


def use_of(owner: VirtualOwner, quota: Quota, until: float) -> float:
    """Give the calls that arrived as a share of R2's formula."""
    mean = sum(owner.responses) / len(owner.responses)
    possible = quota.calls / (quota.window + quota.guard + mean) * (until - BEGUN)
    return sum(at >= BEGUN for at in owner.arrivals) / possible


class Day:
    """Queries always wait; a dial comes every 15 s at random, every tenth time three of them; eight pollers poll."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.owner = VirtualOwner(fresh(), typical(self.random), on_served=self.go_on)
        self.polled: dict[str, list[float]] = {f"poller {number}": [0.0] for number in range(POLLERS)}
        for _ in range(50):
            self.owner.ask(Lane.QUERY)
        for poller in self.polled:
            self.owner.ask(Lane.POLL, poller)
        self.owner.at(self.random.expovariate(1 / DIALS_EVERY), self.dial)
        self.owner.run(HOURS * HOUR)

    def go_on(self, served: Served) -> None:
        match served.request.lane:
            case Lane.QUERY:
                self.owner.ask(Lane.QUERY)
            case Lane.POLL:
                poller = served.request.work
                self.polled[poller].append(served.at)
                self.owner.at(served.at + POLL_EVERY, lambda: self.owner.ask(Lane.POLL, poller, since=served.at))
            case Lane.DIAL:
                pass

    def dial(self) -> None:
        for _ in range(3 if self.random.random() < 0.1 else 1):
            self.owner.ask(Lane.DIAL, ttl=30.0)
        self.owner.at(self.owner.now + self.random.expovariate(1 / DIALS_EVERY), self.dial)


@pytest.fixture(scope="module")
def day() -> Day:
    return Day(seed=1)


def test_a_strict_vendor_refuses_nothing(day: Day) -> None:
    """A limiter that counts every arrival in any window, both ends included, has no reason for a 429."""
    limiter = SlidingLimiter(100, 60.0)
    assert [at for at in day.owner.arrivals if limiter.arrive(at) is not None] == []


def test_at_least_99_percent_of_the_possible_calls_are_made(day: Day) -> None:
    """R2: limit x 60 / (60 + guard + mean response time) calls a minute."""
    assert 0.99 <= use_of(day.owner, Quota(), HOURS * HOUR) <= 1.0


def test_a_dial_waits_at_most_3_s_at_p99_and_10_s_ever(day: Day) -> None:
    """P1. None is refused and none expires."""
    waits = sorted(served.wait for served in day.owner.served if served.request.lane is Lane.DIAL)
    assert len(waits) > HOURS * 60 * 4
    assert waits[len(waits) * 99 // 100] <= 3.0
    assert waits[-1] <= 10.0
    assert (day.owner.refused, day.owner.expired) == ([], [])


def test_each_poller_runs_at_least_every_130_s(day: Day) -> None:
    """P2, from one run of a poller to the next."""
    gaps = [after - before for runs in day.polled.values() for before, after in pairwise(runs)]
    assert len(gaps) > POLLERS * HOURS * HOUR / 130
    assert max(gaps) <= 130.0


def test_dials_alone_stay_within_80_percent() -> None:
    """Twice as many dials as the quota has room for, and queries: 80 dials in any window at the vendor, never more."""
    random = Random(2)
    owner = VirtualOwner(
        fresh(max_queued=200), typical(random), on_served=lambda served: owner.ask(served.request.lane)
    )
    for _ in range(160):
        owner.ask(Lane.DIAL)
    for _ in range(20):
        owner.ask(Lane.QUERY)
    owner.run(HOUR)
    dials = [served.at for served in owner.served if served.request.lane is Lane.DIAL]
    assert most_within(dials, 60.0) == 80
    assert most_within(sorted(owner.arrivals), 60.0) <= 100
    assert use_of(owner, Quota(), HOUR) >= 0.99


@pytest.mark.parametrize(("calls", "hours"), [(1, 20), (2, 20), (5, 20), (16, 5), (17, 5), (40, 3), (300, 0.5)])
def test_other_limits_are_used_as_well(calls: int, hours: float) -> None:
    """R2 holds for each limit, under a backlog of queries alone."""
    quota = Quota(calls)
    owner = VirtualOwner(fresh(quota), typical(Random(3)), on_served=lambda _: owner.ask(Lane.QUERY))
    for _ in range(20):
        owner.ask(Lane.QUERY)
    owner.run(hours * HOUR)
    assert use_of(owner, quota, hours * HOUR) >= 0.99
    assert most_within(sorted(owner.arrivals), 60.0) <= calls


@pytest.mark.parametrize(("calls", "longest"), [(1, 4.0), (2, 4.0), (5, 4.0), (100, 2.0)])
def test_no_lane_starves_whatever_the_others_want(calls: int, longest: float) -> None:
    """With more of everything than there is room for, each lane is served at least every few windows."""
    quota = Quota(calls)
    owner = VirtualOwner(fresh(quota, 1000), typical(Random(4)))
    owner.on_served = lambda served: owner.ask(served.request.lane, since=served.at - 60.0)
    for lane in Lane:
        for _ in range(2 * calls + 1):
            owner.ask(lane)
    owner.run(60 * 60.0)
    for lane in Lane:
        moments = [0.0, *(served.at for served in owner.served if served.request.lane is lane), 60 * 60.0]
        assert max(after - before for before, after in pairwise(moments)) <= longest * quota.window + 5.0
    counts = Counter(served.request.lane for served in owner.served)
    assert counts[Lane.DIAL] >= counts[Lane.QUERY] + counts[Lane.POLL] - 1
