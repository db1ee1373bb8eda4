"""Walking a list that changes between its pages: nothing that stays is missed, and every walk ends."""

from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.events.catalogue import EventName
from bridge.events.envelope import Origin
from bridge.pbx.item_events import ItemEvents
from bridge.pbx.numbers import e164_reader
from bridge.pbx.responses import Rows
from bridge.polling.rows import ListedRow
from bridge.polling.walk import MOST_SETBACKS, TooMany, Unsettled, Walk, Whole

PAGE = ItemEvents(
    "acme", to_e164=e164_reader(None), topic_prefix="pbx", public_url=None, randomness=bytes, most_bytes=1_000
).page(EventName.CONTACT_LISTED, "contacts", Origin.POLL, Rows((), b""), 0)
MOST_PAGES = 400
# More than any walk here may need.


def rows(marks: Sequence[int]) -> list[ListedRow]:
    return [ListedRow(mark, None, mark, PAGE, 0) for mark in marks]


def walk_to_end(
    walk: Walk, ids: list[int], page: int, change: Callable[[list[int]], None]
) -> tuple[Whole | TooMany | Unsettled, int]:
    """Walk a list of ids that `change` changes before each page but the first; give the end and the pages it took."""
    for number in range(1, MOST_PAGES):
        listed = sorted(ids, reverse=True)
        step = walk.take(rows(listed[walk.offset : walk.offset + min(page, walk.limit)]))
        if not isinstance(step, Walk):
            return step, number
        walk = step
        change(ids)
    raise AssertionError("the walk does not end")


@given(
    st.sets(st.integers(0, 300), max_size=60),
    st.integers(2, 12),
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.3, 0.8]),
    st.sampled_from([0.0, 0.2, 0.5]),
)
def test_a_whole_walk_has_all_rows_that_were_there_all_the_time(
    ids: set[int], page: int, seed: int, adds: float, removes: float
) -> None:
    """Rows may come at the top, and go anywhere."""
    random, listed = Random(seed), list(ids)

    def change(now: list[int]) -> None:
        if random.random() < adds:
            now += range(max(now, default=0) + 1, max(now, default=0) + 1 + random.randrange(page))
        if now and random.random() < removes:
            now.remove(random.choice(now))

    end, _ = walk_to_end(Walk(limit=500, longest_page=0), listed, page, change)
    if isinstance(end, Whole):
        gathered = [row.mark for row in end.rows]
        assert ids & set(listed) <= set(gathered)
        assert len(gathered) == len(set(gathered))
    else:
        assert removes or adds


@given(st.integers(0, 60), st.integers(2, 20), st.integers(1, 30))
def test_a_quiet_list_costs_one_page_more_than_it_has(count: int, page: int, known: int) -> None:
    """The one that shows that there is nothing more; none where a page is shorter than the vendor's have been."""
    end, pages = walk_to_end(Walk(500, min(known, page)), list(range(count)), page, lambda _: None)
    assert isinstance(end, Whole)
    assert len(end.rows) == count
    assert pages <= 2 + max(0, count - 1) // (page - 1)
    assert pages == 1 or count >= min(known, page)


def test_an_empty_list_costs_one_page() -> None:
    """Most polls are such."""
    assert Walk(500, 0).take([]) == Whole(())


def test_a_walk_ends_where_there_is_too_much() -> None:
    """And tells the last moment that it has seen."""
    end, pages = walk_to_end(Walk(500, 10, most=25), list(range(100)), 10, lambda _: None)
    assert (end, pages) == (TooMany(99), 3)


def test_the_first_page_may_be_all_that_is_wanted() -> None:
    """For a poller that begins behind the newest row."""
    end, pages = walk_to_end(Walk(10, 0, first_page=True), list(range(100)), 10, lambda _: None)
    assert isinstance(end, Whole)
    assert (len(end.rows), pages) == (10, 1)


@pytest.mark.parametrize("taken", [1, 3])
def test_a_list_that_loses_rows_with_each_page_is_given_up(taken: int) -> None:
    """After so many times as are worth it."""

    def change(ids: list[int]) -> None:
        for _ in range(taken):
            ids.remove(max(ids))

    end, pages = walk_to_end(Walk(500, 10), list(range(400)), 10, change)
    assert isinstance(end, Unsettled)
    assert pages == 2 * (MOST_SETBACKS + 1)


def test_a_list_that_is_overtaken_by_new_rows_is_given_up() -> None:
    """Pages that hold nothing but what was gathered, or came since, lead nowhere."""

    def change(ids: list[int]) -> None:
        ids += range(max(ids) + 1, max(ids) + 10)

    end, _ = walk_to_end(Walk(500, 10), list(range(100)), 10, change)
    assert isinstance(end, Unsettled)
