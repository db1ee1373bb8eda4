"""What a list remembers: which rows are new, for how long a row is known, and what the journal is told of it."""

from collections.abc import Sequence

from bridge.calls.first_starts import first_starts, unstored_first_starts
from bridge.calls.journal import JournalRecord, StoredRecord
from bridge.calls.journal_format import Remembered, forget, put, read
from bridge.calls.journal_keys import SeenKey, SinceKey
from bridge.calls.journal_values import HOUR_MS, Cursor, Moment, Seen, seen_forgotten_at
from bridge.pbx.requests import Collection
from bridge.polling.list_memory import ListMemory
from bridge.polling.options import poller_options
from bridge.polling.rows import ListedRow
from bridge.polling.seen_ids import MOST_PER_HOUR, SeenIds
from tests.polling.scene import settings_of
from tests.polling.test_walk import PAGE

NOW_MS = 1_700_000_000_000
NOW_S = NOW_MS // 1000
HOUR = NOW_MS // HOUR_MS


def row(mark: int, began_s: int | None = NOW_S, told_s: int | None = NOW_S) -> ListedRow:
    return ListedRow(mark, began_s, told_s, PAGE, 0)


def memory(
    cursor: Cursor | None = None, start: str | int = "newest", hours: dict[int, Seen] | None = None
) -> ListMemory:
    [options] = poller_options(settings_of(Collection.CALL_HISTORY, start=start))
    return ListMemory("acme", options, NOW_MS, cursor, hours or {})


def marks(rows: Sequence[ListedRow]) -> list[int]:
    return [row.mark for row in rows]


def test_an_hour_is_known_until_no_look_goes_back_to_it() -> None:
    """Then its record is taken out of the journal."""
    seen = SeenIds("acme", "call_history", {})
    seen.add(7, NOW_S, NOW_MS)
    assert seen.records(NOW_MS) == [put(SeenKey("acme", "call_history", HOUR), Seen((7,)))]
    assert seen.records(NOW_MS) == []
    end = seen_forgotten_at(HOUR)
    assert seen.covers(NOW_S, end - 1)
    assert not seen.covers(NOW_S, end)
    assert seen.records(end - 1) == []
    assert 7 in seen
    assert seen.records(end) == [forget(SeenKey("acme", "call_history", HOUR))]
    assert 7 not in seen


def test_what_is_too_old_or_far_ahead_is_not_remembered() -> None:
    """Nobody looks back to it, and a record of it would stay for ever."""
    seen = SeenIds("acme", "call_history", {})
    seen.add(1, NOW_S - 51 * 3600, NOW_MS)
    seen.add(2, NOW_S + 32 * 86_400, NOW_MS)
    seen.add(3, NOW_S + 86_400, NOW_MS)
    assert (1 in seen, 2 in seen, 3 in seen) == (False, False, True)


def test_an_hour_with_more_rows_than_a_record_holds_is_left_alone() -> None:
    """Its rows cannot be told from late ones any more."""
    seen = SeenIds("acme", "call_history", {HOUR: Seen(tuple(range(MOST_PER_HOUR)))})
    assert not seen.covers(NOW_S, NOW_MS)
    seen.add(MOST_PER_HOUR, NOW_S, NOW_MS)
    assert seen.records(NOW_MS) == []
    full = memory(Cursor(10**9, 0), hours={HOUR: Seen(tuple(range(MOST_PER_HOUR)))})
    assert full.late([row(MOST_PER_HOUR + 1)], NOW_MS) == []
    assert full.fresh([row(-5)], NOW_MS) == []


def test_a_broken_row_that_stays_is_known_for_as_long_as_it_stays() -> None:
    """Its digest moves on to a later hour before it is forgotten."""
    seen = SeenIds("acme", "contacts", {HOUR: Seen((-9, -8))})
    seen.renew(-9, NOW_MS + 23 * HOUR_MS)
    assert seen.records(NOW_MS) == []
    later = NOW_MS + 24 * HOUR_MS
    seen.renew(-9, later)
    assert seen.records(later) == [
        put(SeenKey("acme", "contacts", HOUR), Seen((-8,))),
        put(SeenKey("acme", "contacts", HOUR + 24), Seen((-9,))),
    ]
    assert seen.records(seen_forgotten_at(HOUR)) == [forget(SeenKey("acme", "contacts", HOUR))]
    assert (-9 in seen, -8 in seen) == (True, False)


def test_late_is_what_is_below_the_cursor_and_has_not_been_there() -> None:
    """Not what is known, what is above the cursor, or what happened before the list's beginning."""
    listed = memory(Cursor(50, NOW_MS - 5_000), hours={HOUR: Seen((30,))})
    rows = [
        row(51),
        row(50),
        row(40, told_s=NOW_S - 6),
        row(41, told_s=NOW_S - 5),
        row(30),
        row(20, None),
        row(-3),
        row(41),
    ]
    assert marks(listed.late(rows, NOW_MS)) == [-3, 41, 50]
    assert marks(memory(Cursor(50, 0), start=45).late(rows, NOW_MS)) == [-3, 50]
    assert memory().late(rows, NOW_MS) == []


def test_the_cursor_is_the_maximum_and_never_goes_back() -> None:
    """Whatever the order of the rows; items below it leave it where it is, and have a record all the same."""
    listed = memory(Cursor(50, 1))
    records = listed.take([row(60), row(55)], NOW_MS)
    assert stored(records).cursors.popitem()[1].value == Cursor(60, 1)
    assert listed.after == 60
    old = row(40, NOW_S - 90 * 86_400)
    assert stored(listed.take([old], NOW_MS)).cursors.popitem()[1].value == Cursor(60, 1)
    assert listed.take([], NOW_MS) == []


def test_a_list_without_a_cursor_begins_where_its_configuration_says() -> None:
    """The newest one by learning it, the others by asking for what comes behind an id."""
    assert (memory().learns, memory(start=7).learns, memory(Cursor(1, 1)).learns) == (True, False, False)
    assert (memory(start="oldest").after, memory(start=7).after, memory(Cursor(9, 1), start=7).after) == (0, 7, 9)
    assert stored(memory(start=7).take([row(8)], NOW_MS + 1)).cursors.popitem()[1].value == Cursor(8, NOW_MS)
    much_later = memory(start=7).take([row(8)], NOW_MS + HOUR_MS)
    assert stored(much_later).cursors.popitem()[1].value == Cursor(8, NOW_MS + HOUR_MS - 600_000)


def test_learning_an_empty_list_makes_all_that_comes_new() -> None:
    """Its cursor is stored, or the first item would be taken for the past."""
    listed = memory()
    assert listed.learn([], NOW_MS) == []
    assert stored(listed.take([], NOW_MS)).cursors.popitem()[1].value == Cursor(0, NOW_MS)
    assert not listed.learns


def test_a_first_start_is_remembered() -> None:
    """The journal's word stands; what it does not know begins now."""
    remembered = Remembered(since={SinceKey("a"): stored([put(SinceKey("a"), Moment(5))]).since[SinceKey("a")]})
    starts = first_starts(["a", "b"], remembered, 9)
    assert starts == {"a": 5, "b": 9}
    assert unstored_first_starts(starts, remembered) == [put(SinceKey("b"), Moment(9))]


def stored(records: Sequence[JournalRecord]) -> Remembered:
    return read({record.key: StoredRecord(record.value, 0) for record in records if record.value is not None})
