"""The set of lost callers against what was published of it: who is announced, who is gone, and nothing twice."""

import asyncio
from collections.abc import Callable, Coroutine

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.events.catalogue import EventName
from tests.reconcile.model_vendor import ModelVendor, Webhook
from tests.reconcile.scene import BEGIN_MS, Scene, play

INTERVAL_S, GRACE_S = 60, 120
SETTINGS = {"interval": "60s", "grace": "2m"}
PROMISED_S = 2 * INTERVAL_S + GRACE_S + 60
ADDED, UPDATED, REMOVED = (
    EventName.LOST_CALLER_ADDED,
    EventName.LOST_CALLER_UPDATED,
    EventName.LOST_CALLER_REMOVED,
)


def scene(now: Callable[[], float]) -> Scene:
    return Scene(now, ModelVendor(BEGIN_MS, ()), SETTINGS)


def run(story: Callable[[Scene], Coroutine[object, object, None]]) -> Scene:
    return play(scene, story)


def row(of: Scene, caller: str, attempts: int = 1, ago_s: float = 0.0) -> dict[str, object]:
    """Give a row of somebody who has called last some seconds ago."""
    last = of.vendor.stamp(of.now() - ago_s)
    return {"destination": "23333333", "attempts": attempts, "callerid": caller, "last_contact": last}


def tell(of: Scene, event: str, told: dict[str, object]) -> None:
    of.receive(Webhook(of.now(), event, told))


def seen(of: Scene) -> list[tuple[EventName | None, str, str]]:
    return [(one.event, one.subject.split("/")[1], one.origin) for one in of.log()]


def test_who_was_not_announced_is_added_whatever_his_attempts() -> None:
    """Once, under the id that depends on his last call; and what comes by webhook is left alone."""

    async def story(of: Scene) -> None:
        await asyncio.sleep(100)
        of.vendor.lost_callers = [row(of, "1", attempts=3), row(of, "2")]
        tell(of, "LostCallerAdded", of.vendor.lost_callers[1])
        await asyncio.sleep(PROMISED_S)
        assert seen(of) == [(ADDED, "2", "webhook"), (ADDED, "1", "reconcile")]
        await asyncio.sleep(PROMISED_S)
        assert len(of.log()) == 2

    run(story)


def test_who_called_again_is_updated_once_with_the_last_of_his_calls() -> None:
    """Of several that were lost only the last one is known."""

    async def story(of: Scene) -> None:
        await asyncio.sleep(100)
        of.vendor.lost_callers = [row(of, "1")]
        tell(of, "LostCallerAdded", of.vendor.lost_callers[0])
        for attempts in range(2, 6):
            await asyncio.sleep(INTERVAL_S / 2)
            of.vendor.lost_callers = [row(of, "1", attempts)]
        await asyncio.sleep(PROMISED_S)
        updated = of.published(UPDATED)
        assert [(one.origin, b'"attempts":5' in one.value) for one in updated] == [("reconcile", True)]
        await asyncio.sleep(PROMISED_S)
        assert len(of.log()) == 2

    run(story)


def test_who_is_gone_is_removed_once_also_by_the_next_owner() -> None:
    """A removal has no id of its own, so the next owner must find it in the topics."""

    async def story(of: Scene) -> None:
        await asyncio.sleep(100)
        of.vendor.lost_callers = [row(of, "1")]
        tell(of, "LostCallerAdded", of.vendor.lost_callers[0])
        await asyncio.sleep(INTERVAL_S)
        of.vendor.lost_callers = []
        await asyncio.sleep(PROMISED_S)
        assert seen(of)[1:] == [(REMOVED, "1", "reconcile")]
        await of.hand_over()
        of.take_over()
        await asyncio.sleep(2 * PROMISED_S)
        assert len(of.log()) == 2
        of.vendor.lost_callers = [row(of, "1")]
        await asyncio.sleep(PROMISED_S)
        assert seen(of)[2:] == [(ADDED, "1", "reconcile")]
        assert of.misses[0][0] is REMOVED

    run(story)


def test_a_single_walk_announces_and_removes_nobody() -> None:
    """A list and the topics are never of the same moment, so even without a grace the next walk has to agree."""

    async def story(of: Scene) -> None:
        await asyncio.sleep(80)
        of.vendor.lost_callers = [row(of, "1")]
        await asyncio.sleep(50)
        tell(of, "LostCallerAdded", of.vendor.lost_callers[0])
        before = len(of.calls)
        await asyncio.sleep(70)
        assert len(of.calls) > before
        of.vendor.lost_callers = []
        await asyncio.sleep(50)
        tell(of, "LostCallerRemoved", {"callerid": "1", "destination": "23333333"})
        await asyncio.sleep(300)
        assert [(event, origin) for event, _, origin in seen(of)] == [(ADDED, "webhook"), (REMOVED, "webhook")]

    play(lambda now: Scene(now, ModelVendor(BEGIN_MS, ()), {"interval": "60s", "grace": "0s"}), story)


def test_a_row_that_cannot_be_read_may_be_anybodys() -> None:
    """Nobody is said to be gone then; the row goes to the quarantine once."""

    async def story(of: Scene) -> None:
        await asyncio.sleep(100)
        of.vendor.lost_callers = [row(of, "1")]
        tell(of, "LostCallerAdded", of.vendor.lost_callers[0])
        of.vendor.lost_callers = [{"callerid": "1", "attempts": 7}]
        await asyncio.sleep(3 * PROMISED_S)
        kept = of.log()[1:]
        assert [one.topic for one in kept] == ["pbx.quarantine.v1"]
        assert kept[0].named["collection"] == "lost_calls"
        assert kept[0].named["origin"] == "reconcile"
        assert kept[0].value == b'{"callerid":"1","attempts":7}'

    run(story)


def test_who_called_before_the_first_start_is_not_announced() -> None:
    """The first day brings no flood of the past; but when he calls again he is."""

    async def story(of: Scene) -> None:
        of.vendor.lost_callers = [row(of, "1", ago_s=100)]
        await asyncio.sleep(PROMISED_S)
        assert not of.log()
        of.vendor.lost_callers = [row(of, "1", attempts=2)]
        await asyncio.sleep(PROMISED_S)
        assert seen(of) == [(ADDED, "1", "reconcile")]

    run(story)


def test_who_called_in_the_second_of_the_first_start_is_announced() -> None:
    """The vendor tells no fractions: nobody can say that it was before, and a caller must not be lost."""

    async def story(of: Scene) -> None:
        await asyncio.sleep(1)
        second = of.since_ms // 1000
        assert of.since_ms % 1000, "the start is not at a whole second, as it nearly never is"
        told = row(of, "1", ago_s=of.now_ms() / 1000 - second)
        of.vendor.lost_callers = [told]
        await asyncio.sleep(PROMISED_S)
        assert seen(of) == [(ADDED, "1", "reconcile")]

    run(story)


happenings = st.lists(
    st.tuples(
        st.floats(0, 400),  # seconds since the one before
        st.sampled_from(["1", "2", "3"]),
        st.sampled_from(["calls", "calls", "reached"]),
        st.sampled_from([None, 1.0, 90.0]),  # when its webhook comes
    ),
    max_size=12,
)


@given(happenings)
@settings(max_examples=15, deadline=None)
def test_in_the_end_consumers_know_the_list(plan: list[tuple[float, str, str, float | None]]) -> None:
    """Whatever is lost, late or out of order: who follows the topics has the vendor's list in the end."""

    async def story(of: Scene) -> None:
        loop, listed = asyncio.get_running_loop(), dict[str, dict[str, object]]()
        for pause_s, caller, what, late_s in plan:
            await asyncio.sleep(pause_s + 1)
            before = listed.pop(caller, None)
            event = "LostCallerRemoved"
            if what == "calls":
                attempts = 1 if before is None else int(str(before["attempts"])) + 1
                listed[caller] = row(of, caller, attempts)
                event = "LostCallerAdded" if before is None else "LostCallerUpdated"
            elif before is None:
                continue
            of.vendor.lost_callers = list(reversed(listed.values()))
            told = listed.get(caller) or before
            assert told is not None
            if late_s is not None:
                loop.call_later(late_s, tell, of, event, told)
        await asyncio.sleep(2 * PROMISED_S)
        known: dict[str, bytes] = {}
        for one in of.log():
            known.pop(one.subject, None)
            if one.event is not REMOVED:
                known[one.subject] = one.value
        assert {subject.split("/")[1] for subject in known} == listed.keys()
        published = len(of.log())
        await asyncio.sleep(PROMISED_S)
        assert len(of.log()) == published

    assert not run(story).losses
