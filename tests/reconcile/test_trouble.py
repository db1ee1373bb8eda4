"""A vendor in trouble, rows that nobody understands, and what a person sees of it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest
from typing_extensions import override

from bridge.events.catalogue import EventName
from bridge.pbx.requests import Collection, ListItems, Request
from bridge.pbx.responses import Exchange, Refused, Rows
from bridge.reconcile.pauses import LONGEST_PAUSE_S, LONGEST_REFUSED_S, Pauses, Walked
from tests.reconcile.model_vendor import FIRST_ID, Call, Fate, ModelVendor
from tests.reconcile.scene import BEGIN_MS, Scene, play

SETTINGS = {"interval": "60s", "grace": "2m"}
PROMISED_S = 2 * 60 + 120 + 60
LOST = Fate(times=0)


class Moody(Scene):
    """A vendor that refuses some lists, and puts rows of its own into all."""

    denied: frozenset[Collection] = frozenset()
    rows: tuple[object, ...] = ()

    @override
    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        exchange = await super().call(connection, request, first_byte_by)
        at = exchange.ended_at
        if isinstance(request, ListItems) and request.collection in self.denied:
            return Exchange(Refused(403, "forbidden", "no such method"), at, at, at, at, 403)
        rows = exchange.outcome
        if self.rows and isinstance(rows, Rows):
            both = (*self.rows, *rows.rows)
            return Exchange(Rows(both, orjson.dumps({"data": both})), at, at, at, at, 200)
        return exchange


def run(calls: list[Call], story: Callable[[Moody], Coroutine[object, object, None]]) -> None:
    async def told(scene: Scene) -> None:
        assert isinstance(scene, Moody)
        await story(scene)
        assert not scene.losses

    play(lambda now: Moody(now, ModelVendor(BEGIN_MS, calls), SETTINGS), told)


def test_a_list_that_the_key_lacks_holds_nobody_up() -> None:
    """The others are compared, and how far is stored; it is asked for now and then."""

    async def story(scene: Moody) -> None:
        scene.denied = frozenset({Collection.CALL_RECORDS})
        await asyncio.sleep(3600)
        assert len(scene.published(EventName.CALL_COMPLETED)) == 1
        assert scene.compared_ms > scene.now_ms() - 300_000
        asked = [one for one in scene.calls if isinstance(one, ListItems) and one.collection in scene.denied]
        assert len(asked) < 15
        scene.denied = frozenset()
        await asyncio.sleep(LONGEST_REFUSED_S + PROMISED_S)
        assert len(scene.published(EventName.CALL_RECORDED)) == 1

    run([Call(100, 50, LOST, recording=LOST)], story)


def test_a_row_that_nobody_understands_stops_nothing() -> None:
    """It goes to the quarantine once, as it was sent; a row without a time is left out."""

    async def story(scene: Moody) -> None:
        scene.rows = (17, {"callID": "x", "callEnded": "y"}, {"callID": 5, "recordingID": 6, "voicemailID": 7})
        await asyncio.sleep(3600)
        assert [one.subject for one in scene.published(EventName.CALL_COMPLETED)] == [f"call/{FIRST_ID}"]
        kept = [one for one in scene.log() if one.topic == "pbx.quarantine.v1"]
        assert sorted({one.named["collection"] for one in kept}) == [
            "call_history",
            "call_records",
            "lost_calls",
            "voicemails",
        ]
        for collection, count in (("call_history", 2), ("call_records", 2), ("voicemails", 2), ("lost_calls", 3)):
            found = [one for one in kept if one.named["collection"] == collection]
            assert len(found) == count
            assert {one.named["kind"] for one in found} == {"item"}

    run([Call(100, 50, LOST)], story)


json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["callID", "callEnded", "callStarted", "length", "callerid", "destination", "attempts"])
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=8,
)


@given(st.lists(json, max_size=4))
@settings(max_examples=20, deadline=None)
def test_no_row_gives_the_shard_up(rows: list[object]) -> None:
    """Dials of other connections are served by the same shard."""
    kept = orjson.loads(orjson.dumps([row for row in rows if _is_small(row)]))

    async def story(scene: Moody) -> None:
        scene.rows = tuple(kept)
        await asyncio.sleep(200)

    run([], story)


def _is_small(row: object) -> bool:
    try:
        orjson.dumps(row)
    except orjson.JSONEncodeError:
        return False
    return True


def test_a_person_sees_how_it_stands() -> None:
    """How far all is compared, what was lost, and how the walks ended."""

    async def story(scene: Moody) -> None:
        await asyncio.sleep(1000)
        shown = generate_latest(scene.metrics.registry).decode()
        assert 'bridge_webhook_loss_ratio{connection="acme",event="call.completed"} 0.25' in shown
        labels = {"collection": "lost_calls", "connection": "acme", "outcome": "complete"}
        assert (scene.metrics.registry.get_sample_value("bridge_reconcile_walks_total", labels) or 0) >= 14
        age = scene.metrics.registry.get_sample_value("bridge_reconcile_age_seconds", {"connection": "acme"})
        assert age is not None
        assert 120 <= age <= 240
        assert scene.reader.losses("acme", EventName.CALL_COMPLETED, 0) == 1
        assert scene.reader.losses("acme", EventName.CALL_COMPLETED, scene.now_ms()) == 0
        assert scene.reader.losses("nobody", EventName.CALL_COMPLETED, 0) == 0
        assert scene.hooks == {"CallCompleted.1": 3}
        assert scene.misses == [(EventName.CALL_COMPLETED, BEGIN_MS + 150_000)]
        await scene.hand_over()
        shown = generate_latest(scene.metrics.registry).decode()
        assert "bridge_reconcile_age_seconds{" not in shown
        assert "bridge_webhook_loss_ratio{" not in shown

    run([Call(100, 50, LOST), *(Call(at, 50) for at in (200, 300, 400))], story)


@pytest.mark.parametrize(("outcome", "longest"), [("unanswered", LONGEST_PAUSE_S), ("refused", LONGEST_REFUSED_S)])
def test_a_vendor_in_trouble_is_asked_less_often(outcome: str, longest: float) -> None:
    """Doubling pauses up to a bound; the first answer ends them."""
    pauses, began = Pauses(0.0), 0.0
    waits = []
    for _ in range(12):
        pauses.after(Walked(outcome), began, 60.0)
        waits.append(pauses.due - began)
        began = pauses.due
    assert waits[:3] == [60.0, 120.0, 240.0]
    assert waits[-1] == longest
    pauses.after(Walked.COMPLETE, began, 60.0)
    assert pauses.due == began
    assert not pauses.refused
