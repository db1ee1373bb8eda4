"""Days of a vendor who loses webhooks, in virtual time: what the lists show is published, once, and nothing else is."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.events.catalogue import EventName
from bridge.pbx.requests import ListItems
from bridge.reconcile.stretches import LISTED_WITHIN_MS
from tests.calls.journal_twin import CommitTimeout, Step
from tests.reconcile.model_vendor import FIRST_ID, Call, Fate, ModelVendor
from tests.reconcile.scene import BEGIN_MS, Scene, play

INTERVAL_S, GRACE_S, RESCAN_S = 300, 120, 7200
SETTINGS = {"interval": "5m", "grace": "2m", "rescan": "2h"}
HOUR_S = 3600.0
ANSWERING_S = 60.0
# What reading and publishing take in these scenes beyond the periods that are promised.

lost = Fate(times=0)
fates = st.one_of(
    st.just(Fate()),
    st.just(lost),
    st.builds(Fate, st.integers(1, 2), st.floats(0, 900)),
)
calls = st.builds(
    Call,
    started_s=st.floats(-2 * HOUR_S, 5 * HOUR_S),
    length_s=st.one_of(st.floats(0, 600), st.floats(0, RESCAN_S)),
    fate=fates,
    listed_late_s=st.sampled_from([0.0, 5.0, 400.0]),
    other_contact=st.booleans(),
    recording=st.one_of(st.none(), fates),
    voicemail=st.one_of(st.none(), fates),
    voicemail_deleted_s=st.one_of(st.none(), st.floats(0, HOUR_S)),
)


def scene_of(plan: Sequence[Call], **changed: object) -> Callable[[Callable[[], float]], Scene]:
    """Give what makes a scene of a plan."""
    return lambda now: Scene(now, ModelVendor(BEGIN_MS, plan), SETTINGS, **changed)  # type: ignore[arg-type]  # fields


async def wait_for_all(scene: Scene) -> None:
    """Wait until all of the plan is over, is in the lists, and has had the time that is promised."""
    over_s = max((call.ended_s + call.listed_late_s for call in scene.vendor.calls), default=0.0)
    await asyncio.sleep(max(over_s, 0.0) + 2 * INTERVAL_S + GRACE_S + ANSWERING_S)


def judge(scene: Scene) -> None:
    """Compare the topics with the plan."""
    completed = Counter(one.subject for one in scene.published(EventName.CALL_COMPLETED))
    for id_, call in scene.vendor.numbered:
        happened_ms = BEGIN_MS + int(call.ended_s) * 1000
        if happened_ms >= scene.since_ms:
            assert completed[f"call/{id_}"] >= 1, (id_, call)
            if call.recording:
                assert any(one.subject == f"recording/{id_ + 1_000_000}" for one in scene.log()), call
    judge_once(scene)


def judge_once(scene: Scene) -> None:
    """Nothing that was published is published again by the reconciliation, and nothing of the past ever is."""
    ended = {f"call/{id_}": call.ended_s for id_, call in scene.vendor.numbered}
    ended |= {f"recording/{id_ + 1_000_000}": call.ended_s for id_, call in scene.vendor.numbered}
    ended |= {f"voicemail/{id_ + 2_000_000}": call.ended_s for id_, call in scene.vendor.numbered}
    first: dict[tuple[str, str], int] = {}
    for one in scene.log():
        key = (one.topic, one.subject)
        if one.origin == "reconcile":
            assert one.subject in ended
            assert BEGIN_MS + ended[one.subject] * 1000 >= scene.since_ms - 1000, one
            # What came in while it was being looked for is found in the topics, but for the last moments.
            assert one.appended_ms - first.get(key, one.appended_ms) <= ANSWERING_S * 1000, one
            assert key not in first or one.appended_ms != first[key]
        first.setdefault(key, one.appended_ms)
    made_up = Counter((one.topic, one.named["ce_id"]) for one in scene.log() if one.origin == "reconcile")
    assert all(count == 1 for count in made_up.values()), made_up


@given(st.lists(calls, max_size=12))
@settings(max_examples=10, deadline=None)
def test_what_the_lists_show_is_published_in_time_and_once(plan: list[Call]) -> None:
    """Lost, late and doubled webhooks, calls that are listed late under old ids, other contacts: within the promise."""
    scene = play(scene_of(plan), wait_for_all)
    judge(scene)
    assert not scene.losses
    by_subject = {f"call/{id_}": call for id_, call in scene.vendor.numbered}
    for one in scene.published(EventName.CALL_COMPLETED, "reconcile"):
        at_s, call = (one.appended_ms - BEGIN_MS) / 1000, by_subject[one.subject]
        # Its own time counts for the grace, as nobody knows since when the list has shown what the first walk shows.
        assert at_s >= int(call.ended_s) + GRACE_S
        assert at_s <= max(0.0, call.ended_s + call.listed_late_s) + 2 * INTERVAL_S + GRACE_S + ANSWERING_S


class Crash(NamedTuple):
    """The end of an owner: at which of its steps, counted over all owners, and by whom."""

    at: int
    how: str


@given(
    st.lists(calls, max_size=12),
    st.lists(st.builds(Crash, st.integers(0, 400), st.sampled_from(["dies", "fenced"])), max_size=4),
)
@settings(max_examples=10, deadline=None)
def test_a_crash_at_any_append_loses_and_doubles_nothing(plan: list[Call], crashes: list[Crash]) -> None:
    """Before, within and after a commit, or fenced by another process: what is published is so once."""
    steps = count()
    planned = dict(crashes)

    def make(now: Callable[[], float]) -> Scene:
        scene = scene_of(plan)(now)

        async def crash(step: Step) -> None:
            if step.point in {"writing", "written", "committed"}:
                how = planned.pop(next(steps), None)
                if how == "dies":
                    raise CommitTimeout
                if how == "fenced":
                    scene.on_step = None
                    await scene.twin.open(step.shard)
                    scene.on_step = crash

        scene.on_step = crash
        return scene

    async def story(scene: Scene) -> None:
        await wait_for_all(scene)
        await asyncio.sleep(4 * INTERVAL_S + GRACE_S)

    judge(play(make, story))


@given(st.lists(calls, max_size=12), st.floats(0, 4 * HOUR_S), st.floats(0, 3 * HOUR_S), st.sampled_from([0.0, 20.0]))
@settings(max_examples=8, deadline=None)
def test_what_went_by_an_outage_is_recovered(plan: list[Call], begin: float, long: float, behind_s: float) -> None:
    """Nobody takes webhooks in for hours, and the vendor and Kafka have their own troubles in that time."""
    periods = ((begin, begin + long),)
    half = ((begin + long / 2, begin + long + 600),)
    make = scene_of(plan, ingress_down=periods, vendor_down=half, kafka_down=half, behind_s=behind_s)

    async def story(scene: Scene) -> None:
        await asyncio.sleep(begin + long + 600)
        await wait_for_all(scene)

    judge(play(make, story))


def test_what_is_long_away_goes_on_where_it_stopped() -> None:
    """A worker that was away for days walks from there on, in stretches, and tells what it has missed."""
    day_s = 24 * HOUR_S
    plan = [Call(at, 300, lost) for at in (100.0, 10 * HOUR_S, 30 * HOUR_S, 3 * day_s, 3 * day_s + 2000)]

    async def away(scene: Scene) -> None:
        await asyncio.sleep(2000)
        await scene.hand_over()
        assert len(scene.published(EventName.CALL_COMPLETED)) == 1
        stopped_ms = scene.compared_ms
        await asyncio.sleep(3 * day_s - scene.now())
        before = len(scene.calls)
        scene.take_over()
        await asyncio.sleep(1000)
        assert len(scene.published(EventName.CALL_COMPLETED)) == 4
        walked = [one.filters for one in scene.calls[before:] if isinstance(one, ListItems)]
        assert walked[0].date_from == datetime.fromtimestamp((stopped_ms - LISTED_WITHIN_MS) // 1000 - RESCAN_S, UTC)
        assert sum(filters.date_to is not None for filters in walked) > 10
        await asyncio.sleep(3000)
        assert walked[-1].date_to is None
        judge(scene)

    play(scene_of(plan), away)


def test_nothing_is_compared_while_it_is_not_known_what_was_published() -> None:
    """A reader that does not get on: what he has not read yet would be taken for missing."""
    plan = [Call(at, 100, fate) for at in range(0, 4000, 200) for fate in (Fate(), lost)]

    async def story(scene: Scene) -> None:
        await wait_for_all(scene)
        assert not scene.published(EventName.CALL_COMPLETED, "reconcile")
        scene.behind_s = 0.0
        await asyncio.sleep(2 * INTERVAL_S)
        assert len(scene.published(EventName.CALL_COMPLETED, "reconcile")) == 20

    scene = play(scene_of(plan, behind_s=1e6), story)
    judge(scene)


def test_what_the_topics_have_forgotten_is_not_published_again() -> None:
    """Of what is older than their retention nobody knows whether it was published."""
    plan = [Call(at, 60, lost) for at in (100.0, 40 * HOUR_S, 70 * HOUR_S)]

    async def story(scene: Scene) -> None:
        await asyncio.sleep(50)
        await scene.hand_over()
        await asyncio.sleep(71 * HOUR_S)
        scene.take_over()
        await asyncio.sleep(2000)
        assert [one.subject for one in scene.published(EventName.CALL_COMPLETED)] == [f"call/{FIRST_ID + 2}"]

    play(scene_of(plan, retention=timedelta(days=1)), story)


def test_a_call_longer_than_the_rescan_is_found_within_hours() -> None:
    """It began before all that is walked each time, and is looked for now and then."""
    plan = [Call(-30 * HOUR_S, 31 * HOUR_S, lost, recording=lost), Call(-30 * HOUR_S, 29 * HOUR_S, lost)]

    async def story(scene: Scene) -> None:
        await asyncio.sleep(HOUR_S + 2 * HOUR_S + 12 * INTERVAL_S)
        assert [one.subject for one in scene.published(EventName.CALL_COMPLETED)] == [f"call/{FIRST_ID}"]
        assert len(scene.published(EventName.CALL_RECORDED)) == 1
        await asyncio.sleep(5 * HOUR_S)

    judge(play(scene_of(plan), story))


def test_an_idle_connection_costs_a_call_for_each_list_and_interval() -> None:
    """Four: calls, recordings, voicemails, and lost callers; and the look for long calls takes one in five minutes."""

    async def story(scene: Scene) -> None:
        await asyncio.sleep(6 * HOUR_S)
        assert len(scene.calls) <= 4 * (6 * HOUR_S / INTERVAL_S) + 6 * HOUR_S / 300 + 40

    play(scene_of([Call(10, 20), Call(30, 40)]), story)


def test_a_vendor_may_give_fewer_rows_than_it_is_asked_for() -> None:
    """Its largest page is not published: whoever took it for the end would miss what is older."""
    plan = [Call(float(at), 5.0, lost) for at in range(10, 270)]

    async def story(scene: Scene) -> None:
        scene.vendor.largest_page = 100
        await wait_for_all(scene)

    scene = play(scene_of(plan), story)
    judge(scene)
    assert len(scene.published(EventName.CALL_COMPLETED, "reconcile")) == 260


def test_more_than_500_missing_calls_are_several_transactions() -> None:
    """A crash between two of them loses and doubles nothing: the next owner finds the first in the topics."""
    plan = [Call(200.0 + at, 5.0, lost) for at in range(700)]
    crashed: list[int] = []

    def make(now: Callable[[], float]) -> Scene:
        scene = scene_of(plan)(now)

        async def crash(step: Step) -> None:
            if step.point == "written" and len(scene.published(EventName.CALL_COMPLETED)) >= 500 and not crashed:
                crashed.append(len(scene.published(EventName.CALL_COMPLETED)))
                raise CommitTimeout

        scene.on_step = crash
        return scene

    async def story(scene: Scene) -> None:
        scene.vendor_down = ((0.0, 1500.0),)
        await wait_for_all(scene)
        await asyncio.sleep(1500 + 4 * INTERVAL_S)

    scene = play(make, story)
    judge(scene)
    assert crashed == [500]
    assert scene.losses == ["unknown"]
    assert len(scene.published(EventName.CALL_COMPLETED)) == 700
