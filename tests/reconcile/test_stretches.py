"""How far back a list is walked: nothing that can still be missing lies outside; a long list is walked less often."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bridge.reconcile.stretches import FREE_PAGES, LONGEST_MS, NEAR_MS, SELDOM_MS, STRETCH_MS, LongWalk, Progress

HOUR_MS = 3_600_000
RESCAN_MS, GRACE_MS = 4 * HOUR_MS, 120_000


@given(
    st.integers(0, 60 * HOUR_MS),
    st.lists(st.tuples(st.integers(1, 8 * HOUR_MS), st.integers(1, 60), st.integers(0, HOUR_MS)), min_size=1),
)
def test_what_ended_since_and_was_no_longer_than_the_rescan_is_walked(
    away_ms: int, rounds: list[tuple[int, int, int]]
) -> None:
    """Whenever all is said to be compared up to a moment, each call that ended by then began within what was walked."""
    begin_ms = 1_000 * HOUR_MS
    progress, now_ms = Progress(begin_ms), begin_ms + away_ms
    walked: list[tuple[int, int]] = []
    for pause_ms, pages, waits_ms in rounds:
        while True:
            stretch = progress.next(now_ms, RESCAN_MS, GRACE_MS)
            walked.append((stretch.from_ms, now_ms if stretch.to_ms is None else stretch.to_ms))
            before = progress
            progress = progress.after(stretch, now_ms, GRACE_MS, now_ms - waits_ms, pages)
            assert before.compared_ms <= progress.compared_ms <= now_ms
            for began_ms in {before.compared_ms - RESCAN_MS, progress.compared_ms, progress.compared_ms - RESCAN_MS}:
                compared = before.compared_ms - RESCAN_MS <= began_ms <= progress.compared_ms
                assert not compared or any(first <= began_ms <= last for first, last in walked)
            if stretch.to_ms is None:
                break
            assert stretch.to_ms - stretch.from_ms == STRETCH_MS
            assert stretch.to_ms < now_ms - GRACE_MS
        now_ms += pause_ms


def test_a_short_list_is_walked_down_each_time() -> None:
    """A call that is listed late under an old id is found by the very next walk."""
    progress = Progress(0)
    for now_ms in range(0, 10 * 60_000, 60_000):
        stretch = progress.next(now_ms, RESCAN_MS, GRACE_MS)
        assert stretch.whole
        assert stretch.from_ms <= now_ms - RESCAN_MS
        progress = progress.after(stretch, now_ms, GRACE_MS, None, FREE_PAGES)
    assert progress.compared_ms == now_ms - GRACE_MS


def test_a_long_list_is_walked_down_seldom() -> None:
    """Of 29 pages, which is a call a second: ten calls a minute at most, else only the last half hour is walked."""
    progress, deep, near = Progress(0), 0, 0
    for now_ms in range(0, HOUR_MS, 60_000):
        stretch = progress.next(now_ms, RESCAN_MS, GRACE_MS)
        if stretch.whole:
            deep += 1
        else:
            near += 1
            assert stretch.from_ms == now_ms - NEAR_MS
            assert stretch.to_ms is None
        progress = progress.after(stretch, now_ms, GRACE_MS, None, 29 if stretch.whole else 4)
    assert deep + near == 60
    assert deep * 29 <= 60 * 10 + 29
    far = Progress(0).after(Progress(0).next(0, RESCAN_MS, GRACE_MS), 0, GRACE_MS, None, 10_000)
    assert far.deep_ms == SELDOM_MS


def test_what_may_still_come_by_itself_is_not_compared() -> None:
    """A crash would forget it: the next owner begins before it."""
    stretch = Progress(0).next(HOUR_MS, RESCAN_MS, GRACE_MS)
    assert Progress(0).after(stretch, HOUR_MS, GRACE_MS, HOUR_MS // 2, 1).compared_ms == HOUR_MS // 2
    assert Progress(0).raised(5).compared_ms == 5
    assert Progress(7).raised(5).compared_ms == 7


def test_calls_longer_than_the_rescan_are_looked_for_every_two_hours() -> None:
    """All that began up to two days before, and that no other walk looks at."""
    now_ms = 1_000 * HOUR_MS
    long_walk = LongWalk.begin(now_ms, now_ms - HOUR_MS, 0.5)
    assert not long_walk.planned(now_ms, RESCAN_MS).ahead
    due_ms = long_walk.due_ms
    long_walk = long_walk.planned(due_ms, RESCAN_MS)
    assert long_walk.ahead[0].to_ms == due_ms - RESCAN_MS
    assert long_walk.ahead[-1].from_ms <= long_walk.ended_since_ms - LONGEST_MS
    assert all(one.from_ms == other.to_ms for one, other in pairwise(long_walk.ahead))
    for _ in long_walk.ahead[1:]:
        before, long_walk = long_walk, long_walk.passed(GRACE_MS).planned(now_ms + HOUR_MS, RESCAN_MS)
        assert long_walk.ahead == before.ahead[1:]
    following = long_walk.passed(GRACE_MS)
    assert not following.ahead
    assert following.due_ms == due_ms + 2 * HOUR_MS
    assert following.ended_since_ms < due_ms - GRACE_MS
