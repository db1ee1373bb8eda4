"""A dial through every crash, rebalance and loss: at most one POST, exactly one result, and no lie."""

import pytest

from bridge.calls.conclusions import NoSlot
from tests.calls.crash_model import DONE, UNANSWERED, Faults, Scenario, dial
from tests.calls.crash_model_judge import Ending
from tests.calls.crash_model_replay import NOW_MS
from tests.calls.crash_model_search import search

DIAL = dial("a")
AGAIN = dial("a", accepted_ms=NOW_MS - 50)
# The same command, sent twice and found on two partitions.
OTHER = dial("b")

OK = Ending(1, ("ok",))
REJECTED = Ending(1, ("rejected",))
EXPIRED = Ending(0, ("expired",))
OVERLOADED = Ending(0, ("overloaded",))
NOT_SENT = Ending(0, ("not_sent",))
NOT_OBSERVED = Ending(0, ("in_doubt", "resolved not_observed"))
OBSERVED = Ending(1, ("in_doubt", "resolved call_observed"))
LATE = Ending(1, ("in_doubt", "resolved not_observed"))
# The POST of an owner that was frozen, after its successor's verdict: the one thing no client can close.


def test_two_crashes_and_two_rebalances_at_any_step() -> None:
    """With duplicates, zombies, redelivery, unknown commits and lost answers, S1 to S4 and O1 hold in every world."""
    faults = Faults(crashes=2, rebalances=2, commits_unknown=1)
    reached = search(Scenario((DIAL, AGAIN), faults, work=(0, 1), answers=(DONE, UNANSWERED)))
    assert reached.endings == {(each,) for each in (OK, EXPIRED, NOT_SENT, NOT_OBSERVED, OBSERVED, LATE)}
    assert set(reached.kill_points) == {"k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9", "resolving"}
    # A search that explores less than this has lost a part of the faults.
    assert (reached.worlds, reached.steps, reached.ends) == (178_815, 1_005_666, 72)


def test_the_router_repeats_what_it_has_not_committed() -> None:
    """With the router's own steps, every answer and every refusal of a slot, and a crash anywhere."""
    no_slot = (NoSlot.EXPIRED, NoSlot.TOO_LATE)
    reached = search(Scenario((DIAL, AGAIN), Faults(crashes=1, commits_unknown=1), no_slot=no_slot))
    expected = {OK, REJECTED, EXPIRED, OVERLOADED, NOT_SENT, NOT_OBSERVED, OBSERVED}
    assert reached.endings == {(each,) for each in expected}
    assert set(reached.kill_points) == {*(f"k{number}" for number in range(10)), "resolving"}
    assert reached.worlds > 5_000


def test_commands_that_end_in_another_order_than_they_came() -> None:
    """Two dials of one owner: each has its own result, and the offset waits for the first one."""
    one_by_one = {OK, REJECTED, EXPIRED, NOT_SENT, NOT_OBSERVED, OBSERVED}
    reached = search(Scenario((DIAL, OTHER), Faults(crashes=1, commits_unknown=1), work=(0, 1)))
    assert reached.endings == {(first, second) for first in one_by_one for second in one_by_one}
    assert reached.worlds > 10_000


@pytest.mark.parametrize(
    ("kill_point", "ends"),
    [
        ("k0", {OK, EXPIRED}),
        ("k1", {OK, EXPIRED}),
        ("k2", {OK, EXPIRED}),
        ("k3", {OK, EXPIRED}),
        ("k4", {NOT_OBSERVED}),
        ("k5", {NOT_OBSERVED}),
        ("k6", {OBSERVED}),
        ("k7", {OBSERVED}),
        ("k8", {OK, EXPIRED}),
        ("k9", {OK, EXPIRED}),
    ],
)
def test_a_kill_ends_as_the_table_says(kill_point: str, ends: set[Ending]) -> None:
    """One kill -9 at one point of the table of kills, a vendor that answers, and a worker that comes after."""
    scenario = Scenario((DIAL,), Faults(crashes=1), answers=(DONE,), held_back=False, kill_at=frozenset({kill_point}))
    reached = search(scenario)
    assert reached.kill_points[kill_point]
    assert reached.endings_after_all_faults == {(each,) for each in ends}


def test_a_kill_in_the_take_over_is_repaired_by_the_next_one() -> None:
    """After a kill at k6 a second one at any step of the take-over changes nothing."""
    kill_at = frozenset({"k6", "k9"})
    reached = search(Scenario((DIAL,), Faults(crashes=2), answers=(DONE,), held_back=False, kill_at=kill_at))
    assert reached.kill_points.keys() == kill_at
    assert reached.endings_after_all_faults == {(OBSERVED,), (OK,), (EXPIRED,)}
