"""Walking down a list that changes: what stays in it is seen, and the walk ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.pbx.paging import PageWalk


def walk(rows: list[int], limit: int = 500, cap: int = 10_000) -> tuple[list[int], int]:
    """Walk down a list that does not change; give what was seen, and the number of pages."""
    walked = PageWalk(limit)
    seen: list[int] = []
    while (page := walked.next) is not None:
        shown = rows[page.offset : page.offset + min(page.limit, cap)]
        seen += [shown[index] for index in walked.take(shown)]
    return seen, walked.pages


@pytest.mark.parametrize(
    ("count", "pages"), [(0, 1), (1, 1), (49, 1), (50, 2), (499, 2), (500, 2), (501, 2), (1200, 4)]
)
def test_a_quiet_list_costs_no_more_than_its_pages(count: int, pages: int) -> None:
    """A short page is the end; one that may be as long as the vendor's pages get is asked behind."""
    rows = list(range(count, 0, -1))
    assert walk(rows) == (rows, pages)


def test_a_vendor_with_smaller_pages_is_walked_to_the_end() -> None:
    """Whoever took a page of 100 for the end of 500 would never see an older row."""
    rows = list(range(1000, 0, -1))
    assert walk(rows, cap=100)[0] == rows


def test_a_vendor_that_pays_no_heed_to_the_offset_ends_the_walk() -> None:
    """Each page is the first one: the walk would go on for ever."""
    walked = PageWalk(100)
    while walked.next is not None:
        walked.take(range(100))
    assert walked.pages == 7


def test_pages_have_to_overlap() -> None:
    """A single row cannot be on two pages; and after the end there is nothing to take."""
    with pytest.raises(ValueError, match="single row"):
        PageWalk(1)
    walked = PageWalk()
    walked.take(())
    with pytest.raises(ValueError, match="over"):
        walked.take(())


CHANGES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.floats(0, 1)),  # rows put in, deleted, and about where
    max_size=12,
)


@given(st.integers(0, 400), st.integers(2, 60), CHANGES)
def test_what_stays_is_seen_once(count: int, limit: int, changes: list[tuple[int, int, float]]) -> None:
    """Whatever is put in and deleted between two pages, anywhere: a row that is there all the time is seen."""
    rows = [float(row) for row in range(count, 0, -1)]
    staying, born = set(rows), float(count)
    walked = PageWalk(limit)
    seen: list[float] = []
    todo = list(changes)
    while (page := walked.next) is not None:
        shown = rows[page.offset : page.offset + page.limit]
        seen += [shown[index] for index in walked.take(shown)]
        if todo:
            put_in, deleted, where = todo.pop()
            at = int(where * len(rows))
            del rows[at : at + deleted]
            staying &= set(rows)
            for number in range(min(put_in, limit // 2)):
                born += 1
                rows.insert(0 if where < 0.5 else min(number, len(rows)), born)
        assert walked.pages < 1_000
    assert staying <= set(seen)
    assert len(seen) == len(set(seen))
