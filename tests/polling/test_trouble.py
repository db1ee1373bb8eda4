"""Vendors in trouble, rows that nobody understands, and configurations with little room: nothing stops for good."""

import asyncio
from collections import Counter

import pytest
import structlog.testing

from bridge.calls.quota import Quota
from bridge.pbx.requests import Collection, ListItems
from bridge.pbx.responses import (
    Lost,
    LostReason,
    NotSent,
    NotSentReason,
    Outcome,
    Refused,
    Unusable,
    UnusableReason,
)
from tests.polling.model_vendor import Noted, Row, call, contact
from tests.polling.scene import ONE, Scene, play, settings_of

CALLS, CONTACTS, GROUPS = Collection.CALL_HISTORY, Collection.CONTACTS, Collection.GROUPS
HOUR, DAY = 3_600.0, 86_400.0


@pytest.mark.parametrize(
    ("answer", "outcome", "most"),
    [
        (Unusable(503, UnusableReason.SERVER_ERROR), "unanswered", 20),
        (Lost(LostReason.TIMEOUT, ""), "unanswered", 20),
        (NotSent(NotSentReason.CONNECT, ""), "unanswered", 20),
        (Refused(422, "unprocessable", "direction is in or out"), "refused", 10),
        (Refused(401, "unauthorized", None), "refused", 10),
        (Refused(403, "forbidden", None), "refused", 10),
        (Refused(404, "not_found", None), "refused", 10),
    ],
)
def test_a_vendor_in_trouble_is_left_alone_for_a_while(answer: Outcome, outcome: str, most: int) -> None:
    """Longer each time; it is told of once; when it answers again nothing is missing."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CONTACTS] = [contact(1)]
        await asyncio.sleep(61)
        scene.vendor.failing = lambda _: answer
        before = len(scene.vendor.noted)
        with structlog.testing.capture_logs() as lines:
            await asyncio.sleep(HOUR)
        failed = len(scene.vendor.noted) - before
        assert 4 <= failed <= most
        assert len([line for line in lines if line["log_level"] == "warning"]) == (outcome == "refused")
        labels = {"connection": "acme", "collection": "contacts"}
        assert scene.count("bridge_polls_total", outcome=outcome, **labels) == failed
        assert 3_500 < scene.count("bridge_poller_age_seconds", **labels) < 3_661
        scene.vendor.failing = lambda _: None
        scene.vendor.lists[CONTACTS].append(contact(2))
        await asyncio.sleep(900)
        assert scene.ids(CONTACTS) == [2]
        assert scene.count("bridge_poller_age_seconds", **labels) < 70

    assert play(story, settings_of(CONTACTS)).losses == []


def test_a_quota_that_is_used_up_is_the_limiter_s_business() -> None:
    """The poll comes again when it would have come, as soon as the freeze is over."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CONTACTS] = [contact(1)]
        scene.vendor.failing = lambda noted: Refused(429, "rate_limited", None) if noted.at < 600 else None
        await asyncio.sleep(600)
        assert 4 <= len(scene.vendor.noted) <= 10
        await asyncio.sleep(130)

    scene = play(story, settings_of(CONTACTS, start="oldest"))
    assert scene.ids(CONTACTS) == [1]
    assert scene.count("bridge_polls_total", connection="acme", collection="contacts", outcome="throttled") >= 4


def test_one_list_s_trouble_is_its_own() -> None:
    """A key that lacks a method polls the other lists as before."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists = {CONTACTS: [contact(1)], GROUPS: []}
        scene.vendor.failing = lambda noted: (
            Refused(403, "forbidden", None) if noted.request.collection is GROUPS else None
        )
        await asyncio.sleep(600)

    scene = play(story, settings_of(CONTACTS, GROUPS, start="oldest"))
    assert scene.ids(CONTACTS) == [1]
    assert len(scene.vendor.requests(CONTACTS)) >= 9


def test_an_answer_that_is_too_large_is_asked_for_in_smaller_pages() -> None:
    """Contacts repeat their groups with all members, so 500 of them may be more than an answer may have."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CONTACTS] = [contact(number) for number in range(1, 300)]

        def failing(noted: Noted) -> Outcome | None:
            return Unusable(200, UnusableReason.TOO_LARGE) if (noted.request.limit or 0) > 70 else None

        scene.vendor.failing = failing
        await asyncio.sleep(70)

    scene = play(story, settings_of(CONTACTS, start="oldest"))
    assert scene.ids(CONTACTS) == list(range(1, 300))


def test_a_row_that_cannot_be_understood_goes_to_the_quarantine_once() -> None:
    """Not at each poll, nor with each owner, however long it stays; and it holds no other row up."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CONTACTS] = [Row(3, 17), Row(4, {"firstname": "X"}), contact(5), contact(2)]
        scene.vendor.page = 2
        await asyncio.sleep(4 * DAY)
        scene.vendor.lists[CONTACTS].append(Row(6, {"contactID": [], "n": 1.10}))
        scene.give_to("b")
        await scene.owners["a"].revoked(ONE)
        await asyncio.sleep(DAY)

    scene = play(story, settings_of(CONTACTS, start="oldest", interval="6h"))
    assert scene.ids(CONTACTS) == [2, 5]
    assert sorted(record.value for record in scene.quarantined) == [
        b"17",
        b'{"contactID":[],"n":1.1}',
        b'{"firstname":"X"}',
    ]
    [first, *_] = scene.quarantined
    headers = {name: value.decode() for name, value in first.headers}
    assert (headers["kind"], headers["collection"], headers["origin"]) == ("item", "contacts", "poll")
    assert scene.count("bridge_quarantined_total", connection="acme", kind="item", reason="not_an_object") == 1


def test_an_item_that_no_record_can_hold_is_passed_by() -> None:
    """It has an id, so the cursor passes it; the quarantine keeps its beginning."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CALLS] = [call(1), call(2, x="x" * 200_000), call(3)]
        await asyncio.sleep(HOUR)

    scene = play(story, settings_of(CALLS, start="oldest"))
    assert (scene.ids(CALLS), scene.cursor(CALLS), scene.losses) == ([1, 3], 3, [])
    assert len(scene.quarantined) == 1


def test_a_list_that_changes_all_the_time_is_left_for_the_next_poll() -> None:
    """A walk that is begun again and again would use the quota up."""

    async def story(scene: Scene) -> None:
        scene.vendor.page = 3
        scene.vendor.lists[CONTACTS] = [contact(number) for number in range(1, 400)]

        def arrived(noted: Noted) -> None:
            listed = [row for row in scene.vendor.lists[CONTACTS] if row.vanishes > noted.at]
            for row in sorted(listed, key=lambda row: -row.id)[:3]:
                scene.vendor.remove(CONTACTS, row.id)

        scene.vendor.arrived = arrived
        await asyncio.sleep(70)

    scene = play(story, settings_of(CONTACTS, start="oldest"))
    unsettled = scene.count("bridge_polls_total", connection="acme", collection="contacts", outcome="unsettled")
    assert 1 <= unsettled <= 2
    assert len(scene.vendor.noted) < 15 * unsettled


def test_all_lists_are_polled_where_one_call_may_wait() -> None:
    """Whoever finds no room in the lane comes again soon."""

    async def story(scene: Scene) -> None:
        scene.vendor.latency = lambda: 2.0
        await asyncio.sleep(400)

    scene = play(story, settings_of(*Collection), max_queued=1, quota=Quota(calls=10))
    polled = Counter(noted.request.collection for noted in scene.vendor.noted)
    assert set(polled) == set(Collection)


def test_a_hand_over_ends_the_poll_that_is_under_way() -> None:
    """Its answer is published by the one who asked; the next owner goes on behind it."""

    async def story(scene: Scene) -> None:
        scene.vendor.latency = lambda: 8.0
        scene.vendor.lists[CONTACTS] = [contact(1)]
        while not scene.vendor.noted:  # noqa: ASYNC110 - the model tells nobody
            await asyncio.sleep(0.5)
        await scene.owners["a"].revoked(ONE)
        assert (scene.ids(CONTACTS), scene.losses) == ([], [])
        assert [kept.value.ending for kept in scene.journal.slots.values()] == ["answered"]
        scene.give_to("b")
        await asyncio.sleep(90)

    assert play(story, settings_of(CONTACTS, start="oldest")).ids(CONTACTS) == [1]


def test_a_thousand_connections_do_not_poll_at_once() -> None:
    """First polls are spread over a minute, and the later ones with them."""

    async def story(scene: Scene) -> None:
        await asyncio.sleep(185)

    connections = {f"c{number}": settings_of(CONTACTS, GROUPS) for number in range(100)}
    scene = play(story, connections)
    seconds = Counter(int(noted.at) for noted in scene.vendor.noted)
    assert sum(seconds.values()) >= 3 * 200
    assert max(seconds.values()) <= 14


def test_the_filters_of_the_configuration_go_with_each_request() -> None:
    """With the ids' own parameter, and looks back inside of them."""

    async def story(scene: Scene) -> None:
        await asyncio.sleep(HOUR)

    filters = {"direction": "in", "contact_id": 7, "date_from": "2023-11-14T00:00:00Z", "source": "22222222"}
    scene = play(story, settings_of(CALLS, filters=filters))
    requests: list[ListItems] = scene.vendor.requests(CALLS)
    assert {(one.filters.direction, one.filters.contact_id, one.filters.source) for one in requests} == {
        ("in", 7, "22222222")
    }
    begins = {str(one.filters.date_from) for one in requests}
    assert min(begins) == "2023-11-14 00:00:00+00:00"
    assert len(begins) > 1
