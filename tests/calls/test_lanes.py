"""The order in which requests get their slots."""

import pytest

from bridge.calls.lanes import Lane
from bridge.calls.quota import Quota
from bridge.calls.shares import Shares, shares_of
from tests.calls.virtual_owner import VirtualOwner, fresh


def owner(calls: int = 100, *, max_queued: int = 1000) -> VirtualOwner:
    """Give an owner whose vendor answers at once."""
    return VirtualOwner(fresh(Quota(calls), max_queued), lambda: (0.0, 0.0))


def works(of: VirtualOwner) -> str:
    return "".join(served.request.work for served in of.served)


def test_dials_go_before_queries_and_queries_before_polls() -> None:
    """What arrived together is served in the order of the lanes."""
    it = owner()
    for lane in (Lane.POLL, Lane.QUERY, Lane.DIAL):
        it.ask(lane, lane.value[0])
        it.ask(lane, lane.value[0])
    it.run(1.0)
    assert works(it) == "ddqqpp"


@pytest.mark.parametrize("lane", Lane)
def test_within_a_lane_the_earliest_deadline_goes_first_then_the_first_to_arrive(lane: Lane) -> None:
    """Arrival decides only between equal deadlines."""
    it = owner()
    for work, ttl in (("a", 50.0), ("b", 40.0), ("c", 50.0), ("d", 30.0), ("e", 40.0)):
        it.ask(lane, work, ttl)
    it.run(1.0)
    assert works(it) == "dbeac"


def test_polls_of_one_age_are_served_as_they_came() -> None:
    """A poll without a deadline is due by its age."""
    it = owner()
    it.ask(Lane.POLL, "a", since=-10.0)
    it.ask(Lane.POLL, "b", since=-20.0)
    it.ask(Lane.POLL, "c")
    it.ask(Lane.POLL, "d", since=-10.0)
    it.run(1.0)
    assert works(it) == "badc"


def test_a_poll_older_than_120_s_goes_before_queries() -> None:
    """At 120 s it goes first, just before it does not."""
    it = owner()
    it.ask(Lane.QUERY, "q")
    it.ask(Lane.POLL, "young", since=-119.9)
    it.run(0.0)
    it.ask(Lane.QUERY, "q")
    it.ask(Lane.POLL, "old", since=-120.0)
    it.run(0.0)
    assert works(it) == "qyoungoldq"


def test_overdue_polls_leave_every_eleventh_turn_to_queries() -> None:
    """As many as a burst go in a row, then a query; so many overdue polls cannot starve the queries."""
    it = owner()
    for _ in range(25):
        it.ask(Lane.POLL, "p", since=-200.0)
    for _ in range(3):
        it.ask(Lane.QUERY, "q")
    it.run(30.0)
    assert works(it) == "p" * 10 + "q" + "p" * 10 + "q" + "p" * 5 + "q"


def test_overdue_polls_count_anew_where_no_query_was_held_up() -> None:
    """Polls that went while no query waited are not held against the next."""
    it = owner()
    for _ in range(12):
        it.ask(Lane.POLL, "p", since=-200.0)
    it.run(10.0)
    for _ in range(9):
        it.ask(Lane.POLL, "p", since=-200.0)
    it.ask(Lane.QUERY, "q")
    it.run(30.0)
    assert works(it) == "p" * 12 + "p" * 9 + "q"


@pytest.mark.parametrize("lane", [Lane.QUERY, Lane.POLL])
def test_queries_and_polls_go_ten_at_once_and_then_at_the_pace(lane: Lane) -> None:
    """One per 0.6 s after a burst of 10, and after a rest of 3 s again five more than the pace."""
    it = owner()
    for _ in range(20):
        it.ask(lane)
    it.run(9.0)
    assert [served.at for served in it.served[:10]] == [0.0] * 10
    assert [round(served.at, 6) for served in it.served[10:]] == [round(0.6 * n, 6) for n in range(1, 11)]
    for _ in range(20):
        it.ask(lane)
    it.run(9.0)
    assert len(it.served) == 25


def test_dials_do_not_wait_for_the_pace() -> None:
    """They take any free slot, here 20 at once, which is as many as may be in flight."""
    it = owner()
    for _ in range(40):
        it.ask(Lane.QUERY)
    it.run(0.0)
    for _ in range(20):
        it.ask(Lane.DIAL)
    it.run(0.0)
    assert [served.wait for served in it.served if served.request.lane is Lane.DIAL] == [0.0] * 20


def test_under_a_backlog_only_three_are_caught_up_with() -> None:
    """Slots that become free together are taken three at once, then at the pace, so no crowd of them stays together."""
    it = owner()
    for _ in range(10):
        it.ask(Lane.QUERY)
    it.run(600.0)
    for _ in range(95):
        it.ask(Lane.DIAL)
    it.run(600.0)
    it.run(630.0)
    for _ in range(40):
        it.ask(Lane.QUERY)
    it.run(700.0)
    freed = [served.at for served in it.served if served.request.lane is Lane.QUERY and served.at > 660.2]
    assert freed[:3] == [freed[0]] * 3
    assert freed[3] > freed[2]


def test_shares_are_the_promised_ones_at_the_usual_limit() -> None:
    """At 100 calls in 60 s."""
    assert shares_of(100, 60.0) == Shares(limit=100, dials=80, reserve=3, pace=0.6, burst=10, catch_up=3.0, soon=1.0)


def test_shares_scale_with_the_limit() -> None:
    """Small limits keep no reserve and no burst, but always a slot for a dial, and one for the others from 2 on."""
    small = [shares_of(calls, 60.0) for calls in (1, 2, 5, 20, 1000)]
    assert [share.dials for share in small] == [1, 1, 4, 16, 800]
    assert [share.reserve for share in small] == [0, 0, 0, 1, 30]
    assert [share.burst for share in small] == [1, 1, 1, 2, 100]
    assert [share.pace for share in small] == [60.0, 30.0, 12.0, 3.0, 0.06]
