"""Polling, end to end in virtual time: what appears in a list is published once, and nothing that was there before."""

import asyncio

import pytest

from bridge.calls.journal_format import put
from bridge.calls.journal_keys import SeenKey, SinceKey
from bridge.calls.journal_values import Seen
from bridge.pbx.requests import Collection
from tests.polling.model_vendor import BASE_S, call, contact
from tests.polling.scene import Scene, data_of, play, repeated, settings_of

CALLS, CONTACTS = Collection.CALL_HISTORY, Collection.CONTACTS


def test_what_appears_is_published_once() -> None:
    """With `start: newest` nothing that was there before; with each poll what is new, lowest id first."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CONTACTS] = [contact(7), contact(9)]
        await asyncio.sleep(61)
        assert scene.ids(CONTACTS) == []
        assert scene.cursor(CONTACTS) == 9
        scene.vendor.lists[CONTACTS] += [contact(11), contact(10), contact(30)]
        await asyncio.sleep(61)
        assert scene.ids(CONTACTS) == [10, 11, 30]
        assert scene.cursor(CONTACTS) == 30
        await asyncio.sleep(600)

    scene = play(story, settings_of(CONTACTS))
    assert scene.ids(CONTACTS) == [10, 11, 30]
    [first, *_] = scene.published(CONTACTS)
    assert data_of(first)["contact_id"] == 10
    assert dict(first.headers)["ce_origin"] == b"poll"
    assert scene.count("bridge_events_published_total", connection="acme", event="contact.listed", origin="poll") == 3


@pytest.mark.parametrize(("start", "published"), [("oldest", [7, 9, 12]), (8, [9, 12])])
def test_a_list_begins_where_the_configuration_says(start: str | int, published: list[int]) -> None:
    """At its beginning, or behind an id."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CONTACTS] = [contact(7), contact(9)]
        await asyncio.sleep(61)
        scene.vendor.lists[CONTACTS].append(contact(12))
        await asyncio.sleep(61)

    assert play(story, settings_of(CONTACTS, start=start)).ids(CONTACTS) == published


def test_the_cursor_survives_its_owner() -> None:
    """The next owner goes on behind it, whatever `start` says by then."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CALLS] = [call(5, -100_000)]
        await asyncio.sleep(61)
        scene.give_to("b")
        await scene.owners["a"].revoked(frozenset({0}))
        scene.vendor.lists[CALLS].append(call(6, 60, 62))
        await asyncio.sleep(61)

    assert play(story, settings_of(CALLS)).ids(CALLS) == [6]


def test_an_item_below_the_cursor_is_found_by_a_look_back() -> None:
    """A call gets its id when it starts and its row when it ends: newer ids have been polled by then."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CALLS] = [call(1, -90_000), call(2, -3_000)]
        await asyncio.sleep(100)
        scene.vendor.lists[CALLS] += [call(10, 100, 2_000), call(11, 110, 120)]
        await asyncio.sleep(100)
        assert scene.ids(CALLS) == [11]
        await asyncio.sleep(2_000 - 200 + 60 + 15 * 60)
        assert scene.ids(CALLS) == [11, 10]
        await asyncio.sleep(2 * 3_600)

    scene = play(story, settings_of(CALLS))
    assert scene.ids(CALLS) == [11, 10]
    assert scene.count("bridge_late_items_total", connection="acme", collection="call_history") == 1


def test_a_call_longer_than_the_usual_look_back_is_found_within_a_day() -> None:
    """Once a day the look goes 48 hours back."""

    async def story(scene: Scene) -> None:
        await asyncio.sleep(60)
        scene.vendor.lists[CALLS] = [call(10, 100, 6 * 3_600), call(11, 110, 120)]
        await asyncio.sleep(6 * 3_600 + 1_000)
        assert scene.ids(CALLS) == [11]
        await asyncio.sleep(24 * 3_600)

    assert play(story, settings_of(CALLS, interval="10m")).ids(CALLS) == [11, 10]


def test_the_first_day_brings_no_flood_of_the_past() -> None:
    """A look back sees two days of calls; those that had ended before the first start are nobody's business.

    A call that began before and ended after it is one that appears late.
    """

    async def story(scene: Scene) -> None:
        past = [call(number, number - 80_000, number - 79_900) for number in range(1, 150)]
        scene.vendor.lists[CALLS] = [*past, call(900, -500, 1_000), call(901, -400, -300)]
        await asyncio.sleep(2 * 86_400)

    assert play(story, settings_of(CALLS, interval="10m")).ids(CALLS) == [900]


def test_what_came_while_the_first_poll_was_waited_for_is_new() -> None:
    """First polls are spread over a minute; a call in that minute is none of the past."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CALLS] = [call(5, -60, -30), call(6, 0, 1)]
        await asyncio.sleep(70)

    assert play(story, settings_of(CALLS)).ids(CALLS) == [6]


def test_more_than_500_items_are_several_transactions() -> None:
    """Each with the cursor at its own end."""
    cursors: list[tuple[int, int | None]] = []

    async def story(scene: Scene) -> None:
        async def look(_: object) -> None:
            cursors.append((len(scene.ids(CONTACTS)), scene.cursor(CONTACTS)))

        scene.at = look
        scene.vendor.lists[CONTACTS] = [contact(number) for number in range(1, 1_204)]
        await asyncio.sleep(70)

    scene = play(story, settings_of(CONTACTS, start="oldest"))
    assert scene.ids(CONTACTS) == list(range(1, 1_204))
    assert {number for number, _ in cursors} == {0, 500, 1_000, 1_203}
    assert all(number == (cursor or 0) for number, cursor in cursors)


@pytest.mark.parametrize("page", [2, 7, 100])
def test_a_vendor_may_give_fewer_rows_than_it_is_asked_for(page: int) -> None:
    """The largest page is not published; a short one is the last only if the vendor has given longer ones."""

    async def story(scene: Scene) -> None:
        scene.vendor.page = page
        scene.vendor.lists[CONTACTS] = [contact(number) for number in range(1, 36)]
        await asyncio.sleep(70)

    assert play(story, settings_of(CONTACTS, start="oldest")).ids(CONTACTS) == list(range(1, 36))


def test_a_long_history_is_filled_in_by_date() -> None:
    """Earliest first, a bounded number of rows at a time, whatever the days are like."""

    async def story(scene: Scene) -> None:
        began = [-3e8 + 40 * number for number in range(4_000)] + [-1e6 + number for number in range(3_000)]
        scene.vendor.lists[CALLS] = [call(number, began[number - 1]) for number in range(1, 7_001)]
        await asyncio.sleep(600)

    scene = play(story, settings_of(CALLS, start="oldest"))
    assert scene.ids(CALLS) == list(range(1, 7_001))
    assert len(scene.vendor.noted) < 150


def test_a_second_with_more_calls_than_a_walk_may_have_is_walked_all_the_same() -> None:
    """It cannot be halved any more."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CALLS] = [call(number, -5_000) for number in range(1, 2_301)]
        await asyncio.sleep(120)

    assert play(story, settings_of(CALLS, start="oldest")).ids(CALLS) == list(range(1, 2_301))


def test_a_filter_that_ends_before_a_look_back_begins_leaves_nothing_to_ask_for() -> None:
    """Such as a year's history that is wanted once."""

    async def story(scene: Scene) -> None:
        scene.vendor.lists[CALLS] = [call(1, -9e6), call(2, -8e6), call(3, -10)]
        await asyncio.sleep(3_600)

    scene = play(story, settings_of(CALLS, start="oldest", filters={"date_to": "2023-10-01T00:00:00Z"}))
    assert scene.ids(CALLS) == [1, 2]
    assert {one.filters.date_from for one in scene.vendor.requests(CALLS)} == {None}


def test_rows_that_go_while_pages_are_read_hide_no_others() -> None:
    """Each row that goes shifts all that follow by one."""

    async def story(scene: Scene) -> None:
        scene.vendor.page = 10
        scene.vendor.lists[CONTACTS] = [contact(number) for number in range(1, 101)]
        gone = iter(range(100, 95, -1))

        def arrived(noted: object) -> None:
            if (id_ := next(gone, None)) is not None:
                scene.vendor.remove(CONTACTS, id_)

        scene.vendor.arrived = arrived
        await asyncio.sleep(70)

    scene = play(story, settings_of(CONTACTS, start="oldest"))
    assert set(range(1, 96)) <= set(scene.ids(CONTACTS))
    assert repeated(scene.ids(CONTACTS)) == []


def test_a_take_over_forgets_what_nobody_looks_back_to() -> None:
    """Of lists that are not polled any more, too."""

    async def story(scene: Scene) -> None:
        hour = BASE_S // 3_600
        await asyncio.sleep(1)
        await scene.owners["a"].revoked(frozenset({0}))
        writer, _ = await scene.twin.open(0)
        old, young = SeenKey("gone", "contacts", hour - 60), SeenKey("gone", "contacts", hour - 20)
        await writer.append([put(old, Seen((1,))), put(young, Seen((2,)))])
        scene.give_to("b")
        await asyncio.sleep(60)
        assert list(scene.journal.seen) == [young]
        assert scene.journal.since[SinceKey("acme")].value.ms >= BASE_S * 1_000

    play(story, settings_of(CONTACTS))
