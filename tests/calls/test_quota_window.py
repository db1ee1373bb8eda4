"""The quota window against everything that time can do to it."""

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.calls.brokers_clock import Anchor
from bridge.calls.quota import Ending, Held, Quota, Window
from bridge.calls.restoring import StoredSlot, restore_window
from tests.calls.quota_adversary import Adversary

MOMENTS = st.sampled_from([0.0, 0.125, 0.25, 1.0, 2.0, 3.0, 4.0, 4.125, 4.25, 9.0])
# Seconds that floats hold exactly, so that a request exactly one window after another one is no rounding. Few of them,
# about as long as a window: nearly every step then matters to the next one.
DELAYS = st.sampled_from([0.0, 0.125, 2.0])
SHARES = st.sampled_from([0.0, 0.5, 1.0])
QUOTAS = st.builds(Quota, st.sampled_from([1, 1, 2, 4]), st.just(4.0), st.sampled_from([0.0, 0.25]), st.just(2.0))
OFFSETS = st.sampled_from([0.0, 0.0004, 0.9996, -3600.3, 1.5e9 + 0.0005])


class Reserve(NamedTuple):
    """Reserve as many as there are slots for; the response to each comes at once, or is left to an `End`."""

    after: float
    times: int
    delay: float
    dial: bool
    answered: bool


class Exchange(NamedTuple):
    """Reserve one, and end it some time later; it arrived after `share` of that time."""

    after: float
    lasts: float
    ending: Ending
    share: float


class End(NamedTuple):
    after: float
    which: int
    ending: Ending
    share: float
    delay: float | None


class Die(NamedTuple):
    after: float
    pause: float
    acknowledged: float
    shift: float
    calls: int | None
    shares: list[float]


Step = Reserve | Exchange | End | Die

STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.builds(Reserve, MOMENTS, st.integers(1, 4), DELAYS, st.booleans(), st.booleans()),
        st.builds(Exchange, MOMENTS, MOMENTS, st.sampled_from([Ending.ANSWERED, Ending.UNANSWERED]), SHARES),
        st.builds(End, MOMENTS, st.integers(0, 3), st.sampled_from(Ending), SHARES, st.none() | DELAYS),
        st.builds(Die, MOMENTS, MOMENTS, DELAYS, MOMENTS, st.none() | st.integers(1, 4), st.lists(SHARES, min_size=4)),
    ),
    min_size=12,
    max_size=40,
)


def play(adversary: Adversary, steps: list[Step]) -> None:
    """Do all steps and end what is in flight."""
    for step in steps:
        adversary.pass_time(step.after)
        match step:
            case Reserve(_, times, delay, dial, answered):
                for _ in range(times):
                    if adversary.reserve(delay, dial=dial) and answered:
                        adversary.end(-1, Ending.ANSWERED, 1.0, delay)
            case Exchange(_, lasts, ending, share):
                if adversary.reserve(0.0, dial=False):
                    adversary.pass_time(lasts)
                    adversary.end(-1, ending, share, 0.0)
            case End(_, which, ending, share, stored_after):
                if adversary.calls:
                    adversary.end(which, ending, share, stored_after)
            case Die(_, pause, acknowledged, shift, calls, shares):
                adversary.die(pause, acknowledged, shift, calls or adversary.quota.calls, shares)
    adversary.finish_all()


@settings(max_examples=300, deadline=None)  # how long an example takes is no part of the rule
@given(QUOTAS, OFFSETS, STEPS)
def test_no_window_holds_more_than_the_limit(quota: Quota, offset: float, steps: list[Step]) -> None:
    """Delays, losses, take-overs, clocks and settings: no window at the vendor, both ends included, is too full."""
    adversary = Adversary(quota, offset)
    play(adversary, steps)
    assert adversary.crowded() == []


def reserved(window: Window, count: int, now: float = 0.0) -> Window:
    for _ in range(count):
        window, _reservation = window.reserve(now, dial=False)
    return window


@pytest.mark.parametrize(
    ("ending", "free_at"),
    [(Ending.ANSWERED, 7 + 60.25), (Ending.UNANSWERED, 7 + 5 + 60.25), (Ending.UNSENT, 7)],
)
def test_a_slot_is_busy_until_window_and_guard_after_its_end(ending: Ending, free_at: float) -> None:
    """After the response, and after an abort 5 s longer; a call that was never sent gives its slot back at once."""
    window, reservation = Window.of(Quota(calls=1)).reserve(5.0, dial=False)
    window = window.end(reservation, 7.0, ending)
    assert window.advance(free_at - 0.001).busy == (ending is not Ending.UNSENT)
    assert window.advance(free_at).busy == 0


def test_a_call_in_flight_keeps_its_slot_for_as_long_as_it_takes() -> None:
    """Without an answer there is no end to count from."""
    window, _ = Window.of(Quota(calls=1)).reserve(0.0, dial=True)
    assert window.advance(1e9).busy == window.advance(1e9).busy_dials == 1


def test_a_window_without_guard_is_still_closed_at_both_ends() -> None:
    """A request exactly one window after another one would share a window with it."""
    window, reservation = Window.of(Quota(calls=1, guard=0.0)).reserve(0.0, dial=False)
    window = window.end(reservation, 0.0, Ending.ANSWERED)
    assert window.advance(60.0).busy == 1
    assert window.advance(60.001).busy == 0


def test_the_lowest_free_slot_is_used_next() -> None:
    """So the journal keeps as many slots as are ever busy at once, and every owner would choose the same."""
    window, first = Window.of(Quota(calls=10)).reserve(0.0, dial=False)
    window, second = window.reserve(0.0, dial=False)
    window = window.end(second, 1.0, Ending.ANSWERED).end(first, 2.0, Ending.ANSWERED)
    window, third = window.reserve(3.0, dial=False)
    window, again = window.advance(100.0).reserve(100.0, dial=False)
    assert [first.slot, second.slot, third.slot, again.slot] == [0, 1, 2, 0]


def test_an_end_is_for_a_slot_in_flight() -> None:
    """Ending a call twice is a mistake of the caller, and says so."""
    window, reservation = Window.of(Quota(calls=1)).reserve(0.0, dial=False)
    window = window.end(reservation, 1.0, Ending.ANSWERED)
    with pytest.raises(ValueError, match="slot 0 is not in flight"):
        window.end(reservation, 1.0, Ending.ANSWERED)


def test_when_slots_are_free_is_known_as_far_as_calls_are_over() -> None:
    """The moments name the end that makes room; what is still in flight has none."""
    window = reserved(Window.of(Quota(calls=4), (Held(10.0, 3, True), Held(20.0, 2, False))), 1)
    assert [window.free_at(4, count) for count in (1, 2, 3, 4)] == [float("-inf"), 10.0, 20.0, float("inf")]
    assert [window.next_free_at(limit) for limit in (4, 3, 2, 1)] == [10.0, 20.0, float("inf"), float("inf")]
    assert [window.dials_free_at(dials) for dials in (2, 1, 0)] == [float("-inf"), 10.0, float("inf")]


def test_slots_beyond_a_lowered_setting_count_until_they_are_free() -> None:
    """With 3 of the 5 old slots still busy, a limit of 3 has no room; none of the old numbers is used again."""
    window = Window.of(Quota(calls=3), (Held(10.0, 4, False), Held(20.0, 3, True), Held(30.0, 0, False)))
    assert window.busy == 3
    assert window.free_at(3, 1) == 10.0
    window = reserved(window.advance(25.0), 2, 25.0)
    assert sorted(one.slot for one in window.in_flight) == [1, 2]
    assert reserved(window.advance(30.0), 1, 30.0).free == 0


@given(
    age=st.floats(0, 1e6),
    offset=st.floats(-1e9, 1e9),
    travel=st.floats(0, 10),
    acknowledged=st.floats(0, 1e6),
)
def test_a_stored_moment_is_never_taken_for_too_early(
    age: float, offset: float, travel: float, acknowledged: float
) -> None:
    """Whatever the clocks say, an append is placed when it happened or later, by the marker's way and 2 ms at most."""
    marker = acknowledged - travel
    happened = marker - age
    clock = Anchor(int((marker + offset) * 1000 // 1), acknowledged, acknowledged)
    latest = clock.latest(int((happened + offset) * 1000 // 1))
    assert happened - 1e-6 <= latest <= happened + travel + 0.002 + 1e-6
    assert latest <= acknowledged


@pytest.mark.parametrize(
    ("ending", "busy_for"),
    [
        (None, 3 + 15 + 5 + 60.25),
        (Ending.ANSWERED, 60.25),
        (Ending.UNANSWERED, 5 + 60.25),
        (Ending.UNSENT, 0.0),
    ],
)
@pytest.mark.parametrize("dial", [True, False])
def test_a_take_over_holds_a_slot_for_as_long_as_its_call_may_count(
    ending: Ending | None, busy_for: float, dial: bool
) -> None:
    """A reservation without an end: 3 s to its first byte, the longest request, 5 s on the way, window and guard."""
    clock = Anchor(1_700_000_002_000, asked=500.0, acknowledged=500.0)
    window = restore_window(Quota(calls=1), clock, [StoredSlot(0, dial, 1_700_000_000_000, ending)])
    free_at = 498.0 + busy_for
    assert window.advance(free_at).busy == (ending is not Ending.UNSENT)
    assert window.advance(free_at).busy_dials == (dial and ending is not Ending.UNSENT)
    assert window.advance(free_at + 0.002).busy == 0


def test_a_take_over_forgets_slots_that_are_free_by_now() -> None:
    """Old records stay in the journal as long as nothing else takes their slot."""
    stored = [StoredSlot(slot, False, 0, None) for slot in range(3)]
    assert restore_window(Quota(calls=2), Anchor(3_600_000, 7.0, 7.0), stored) == Window.of(Quota(calls=2))


def test_a_record_younger_than_the_marker_counts_as_just_appended() -> None:
    """A broker's clock that was set back must not put an append into the future, nor into the past."""
    assert Anchor(1_000_000, 50.0, 50.0).latest(1_000_000 + 3_600_000) == 50.0
