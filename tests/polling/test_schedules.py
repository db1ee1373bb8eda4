"""When a list is polled, and looked back at; what that costs; and the stretches of a long history."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ops.settings.connections import ConnectionSettings
from bridge.pbx.requests import Collection, Filters
from bridge.polling.cost import idle_calls_per_minute
from bridge.polling.options import Stretch, narrowed, poller_options
from bridge.polling.rescans import DEEP_BACK_S, EVERY_S, Rescans
from bridge.polling.schedule import PollOutcome, Schedule
from bridge.polling.stretches import Stretches
from tests.polling.scene import settings_of

JITTER = st.floats(0, 1, exclude_max=True)
COMPLETE, REFUSED, UNANSWERED = PollOutcome.COMPLETE, PollOutcome.REFUSED, PollOutcome.UNANSWERED


@given(JITTER, JITTER, st.floats(1, 86_400))
def test_a_poll_follows_a_poll_within_the_interval(first: float, jitter: float, interval_s: float) -> None:
    """A little earlier, never later, from beginning to beginning; the first one within a minute."""
    schedule = Schedule.begin(interval_s, 100.0, first)
    assert 100 <= schedule.due <= 100 + min(interval_s, 60)
    schedule = schedule.after(COMPLETE, 200.0, 200.5, jitter)
    assert 200 + 0.89 * interval_s <= schedule.due <= max(200.5, 200 + interval_s)


def test_a_poll_that_took_longer_than_its_interval_is_followed_at_once() -> None:
    """Not by as many as were left out."""
    assert Schedule.begin(60, 0.0, 0.0).after(COMPLETE, 10.0, 500.0, 0.0).due == 500.0


@pytest.mark.parametrize("interval_s", [1.0, 30.0, 60.0])
def test_a_poll_s_age_counts_from_the_last_one(interval_s: float) -> None:
    """So that it goes before queries 120 s after that."""
    schedule = Schedule.begin(interval_s, 0.0, 0.9).after(COMPLETE, 70.0, 71.0, 0.5)
    assert schedule.since == 70.0


def test_a_list_with_a_long_interval_waits_as_others_do() -> None:
    """Else each of its polls would go before queries as soon as it is due."""
    schedule = Schedule.begin(3_600, 0.0, 0.9).after(COMPLETE, 70.0, 71.0, 0.0)
    assert schedule.since == schedule.due - 60


@pytest.mark.parametrize(("outcome", "longest"), [(UNANSWERED, 300.0), (REFUSED, 900.0)])
def test_tries_become_rarer_and_then_no_rarer(outcome: PollOutcome, longest: float) -> None:
    """The first one comes after the interval; an answer ends it."""
    schedule, pauses = Schedule.begin(30, 0.0, 0.0), []
    for number in range(20):
        began = 1_000.0 * number
        schedule = schedule.after(outcome, began, began + 1, 0.0)
        pauses.append(schedule.due - began)
    assert pauses[:4] == [30, 60, 120, 240]
    assert pauses[-1] == longest
    assert schedule.after(COMPLETE, 90_000.0, 90_001.0, 0.0).due == 90_030.0
    assert Schedule.begin(3_600, 0.0, 0.0).after(outcome, 0.0, 1.0, 0.0).due == 3_600


def test_a_full_lane_is_tried_again_soon() -> None:
    """And the poll is as old as it was."""
    schedule = Schedule.begin(60, 5.0, 0.0).after(PollOutcome.NO_SLOT, 9.0, 9.0, 0.5)
    assert (schedule.ran, schedule.due) == (None, 12.0)


def test_the_first_poll_of_an_owner_is_overdue() -> None:
    """Nobody knows when the owner before polled: where shards change hands often no list would ever be polled."""
    schedule = Schedule.begin(60, 1_000.0, 0.5)
    assert schedule.since == schedule.due - 120
    assert schedule.after(COMPLETE, schedule.due, schedule.due, 0.0).since == schedule.due


def test_looks_back_are_deep_first_and_once_a_day() -> None:
    """A new owner does not know when the last one was."""
    rescans, deep, now = Rescans.begin(14_400, 50.0, 0.99), [], 50.0
    assert rescans.due <= 50 + EVERY_S
    while now < 3 * 86_400:
        now = rescans.due
        back_s = rescans.back_s(now)
        if back_s == DEEP_BACK_S:
            deep.append(now)
        else:
            assert back_s == 14_400
        rescans = rescans.after(now, now + 5, 0.5, done=True)
        assert rescans.due - now <= EVERY_S
    assert len(deep) == 4
    assert all(later - earlier < 86_400 for earlier, later in itertools.pairwise(deep))


def test_a_look_that_was_cut_short_is_done_again_soon_and_is_as_deep() -> None:
    """With pauses that grow to the usual one."""
    rescans, pauses = Rescans.begin(14_400, 0.0, 0.0), []
    for _ in range(8):
        rescans = rescans.after(100.0, 110.0, 0.0, done=False)
        pauses.append(rescans.due - 110)
        assert rescans.back_s(rescans.due) == DEEP_BACK_S
    assert pauses[:4] == [60, 120, 240, 480]
    assert max(pauses) <= EVERY_S


@given(st.lists(st.integers(0, 10_000), max_size=80), st.integers(1, 20), st.integers(0, 5_000))
def test_stretches_hold_every_moment_and_come_to_an_end(moments: list[int], most: int, from_s: int) -> None:
    """Whatever the moments are, each stretch is short enough, or one that cannot be halved."""
    stretches, seen, last = Stretches.since(from_s), list[int](), -1
    for _ in range(2_000):
        if not stretches.ahead:
            break
        first = stretches.ahead[0]
        inside = [one for one in moments if first.from_s <= one and (first.to_s is None or one <= first.to_s)]
        halved = stretches.halved(max(inside, default=None)) if len(inside) > most else None
        if halved is None:
            seen += inside
            assert len(inside) <= most or first.to_s is None or first.to_s - first.from_s <= 1
            assert first.from_s >= last
            last, stretches = first.from_s, stretches.passed()
        else:
            stretches = halved
    assert not stretches.ahead
    assert set(seen) == {one for one in moments if one >= from_s}


def test_filters_and_stretches_are_both_kept() -> None:
    """Where they have no moment in common there is nothing to ask for."""

    def at(epoch_s: int) -> datetime:
        return datetime.fromtimestamp(epoch_s, UTC)

    filters = Filters(direction="in", date_from=at(100), date_to=at(200))
    assert narrowed(filters, None) == filters
    assert narrowed(filters, Stretch(150)) == Filters(direction="in", date_from=at(150), date_to=at(200))
    assert narrowed(filters, Stretch(50, 150)) == Filters(direction="in", date_from=at(100), date_to=at(150))
    assert narrowed(filters, Stretch(201)) is None
    assert narrowed(Filters(), Stretch(5, 6)) == Filters(date_from=at(5), date_to=at(6))


def test_what_is_switched_off_is_not_polled() -> None:
    """The others have their own keys, and those of `defaults`."""
    [options] = poller_options(settings_of(Collection.GROUPS, start=7, interval="5m", filters={"contact_id": 3}))
    assert (options.collection, options.interval_s, options.start) == (Collection.GROUPS, 300.0, 7)
    assert (options.filters, options.rescan_s) == (Filters(contact_id=3), None)


def test_an_idle_connection_spends_at_most_a_quarter_of_its_quota_by_default() -> None:
    """Issue 6: 25 of 100 calls a minute, reconciliation included."""
    by_default = idle_calls_per_minute(ConnectionSettings.model_validate({"base_url": "https://pbx.example/api/v2"}))
    assert 12 < by_default <= 25


def test_the_cost_is_that_of_the_configuration() -> None:
    """Without reconciliation, one list without dates once in ten minutes."""
    settings = settings_of(Collection.GROUPS, interval="10m", reconcile={"enabled": False})
    assert idle_calls_per_minute(settings) == pytest.approx(0.1 / 0.9)
