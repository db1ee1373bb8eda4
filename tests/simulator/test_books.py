"""Lists that are bounded, the lost callers, and options that cannot be."""

import tracemalloc
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.simulator import Fault, RetryPolicy, SimulatorOptions
from bridge.simulator import limiter as limiter_module
from bridge.simulator.books import Books
from bridge.simulator.facts import body_of, envelope_of
from bridge.simulator.limiter import Arrivals
from bridge.simulator.shelf import Shelf

DAY = 86_400


@given(st.lists(st.tuples(st.sampled_from(["put", "take"]), st.integers(0, 30))), st.integers(-1, 31))
def test_a_shelf_gives_its_rows_highest_id_first(steps: list[tuple[str, int]], after: int) -> None:
    """Whatever comes and goes in whatever order, the rows above an id are those put and not taken."""
    shelf: Shelf[str] = Shelf(1000)
    model: dict[int, str] = {}
    for number, (what, row_id) in enumerate(steps):
        if what == "put":
            shelf.put(row_id, f"row {number}")
            model[row_id] = f"row {number}"
        else:
            assert shelf.take(row_id) == model.pop(row_id, None)
    assert list(shelf.newest_first(after)) == [
        model[row_id] for row_id in sorted(model, reverse=True) if row_id > after
    ]
    assert len(shelf) == len(model)
    assert all(shelf.get(row_id) == row for row_id, row in model.items())


def test_the_oldest_rows_leave_a_full_shelf() -> None:
    """It keeps at least as many as asked for and at most an eighth more, the highest ids."""
    shelf: Shelf[int] = Shelf(16)
    for row_id in range(100):
        shelf.put(row_id, row_id)
        assert len(shelf) <= 18
    kept = list(shelf.newest_first())
    assert kept == list(range(99, 99 - len(kept), -1))
    assert len(kept) >= 16
    assert shelf.get(0) is None


def test_a_lost_caller_is_forgotten_after_a_day() -> None:
    """He leaves the list without a word, and whoever calls in vain again later is new."""
    books = Books(kept=10)

    def attempts(at: int) -> int:
        return books.lose("1", "2", "Inga", at=at)[0].row.attempts

    assert attempts(0) == 1
    assert attempts(100) == 2
    assert [lost.attempts for lost in books.lost_callers(100 + DAY - 1)] == [2]
    assert list(books.lost_callers(100 + DAY)) == []
    assert attempts(100 + DAY) == 1
    books.lose("3", "2", "Inga", at=100 + 3 * DAY)
    assert not books.find("1", "2", at=100 + 3 * DAY)
    assert books.find("3", "2", at=100 + 3 * DAY)
    assert not books.find("3", "2", at=100 + 3 * DAY)
    books.lose("5", "2", "Inga", at=0)
    assert not books.find("5", "2", at=DAY)


def test_lost_callers_are_listed_last_contact_first() -> None:
    """Whoever called last comes first, in whatever order the platform noted them; of equals the one noted last."""
    books = Books(kept=10)
    for caller, at in (("late", 300), ("early", 100), ("middle", 200), ("same", 200), ("early", 150)):
        books.lose(caller, "2", "Inga", at=at)
    assert [(lost.caller_id, lost.last_contact) for lost in books.lost_callers(400)] == [
        ("late", 300),
        ("same", 200),
        ("middle", 200),
        ("early", 150),
    ]
    assert books.find("middle", "2", at=400)
    assert [lost.caller_id for lost in books.lost_callers(400)] == ["late", "same", "early"]


def test_a_lost_caller_who_rang_several_times_is_new_all_the_same() -> None:
    """His attempts begin above one; the next one adds to them."""
    books = Books(kept=10)
    lost, new = books.lose("1", "2", "Inga", at=0, first=3)
    assert (lost.row.attempts, new) == (3, True)
    again, new = books.lose("1", "2", "Inga", at=5, first=3)
    assert (again.row.attempts, again.spell, new) == (4, lost.spell, False)


def test_lost_callers_are_bounded() -> None:
    """Of more than are kept the oldest leave."""
    books = Books(kept=3)
    for number in range(5):
        books.lose(str(number), "2", "Inga", at=number)
    assert [lost.caller_id for lost in books.lost_callers(5)] == ["4", "3", "2"]


def test_arrivals_remember_the_last_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is forgotten no longer counts in a query, the running maximum stands for ever."""
    monkeypatch.setattr(limiter_module, "_REMEMBERED", 8)
    arrivals = Arrivals(1.0)
    for now in (0.0, 0.1, 0.2, *(float(second) for second in range(10, 20))):
        arrivals.note(now)
    assert (arrivals.total, arrivals.highest, arrivals.most_within(1.0)) == (13, 3, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"speed": 0},
        {"speed": float("nan")},
        {"calls_per_second": float("inf")},
        {"calls_per_second": -1},
        {"keys": {}},
        {"concurrency": 0},
        {"kept_log": 0},
        {"begin": datetime(2017, 10, 16)},  # noqa: DTZ001 - that it has no zone is what is wrong
    ],
)
def test_a_simulator_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    """The error names the option."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SimulatorOptions(**wrong)  # type: ignore[arg-type] # what is wrong is the point


@pytest.mark.parametrize(
    "wrong", [{"probability": 1.1}, {"times": -1}, {"seconds": -0.1}, {"seconds": 1e9}, {"seconds": float("nan")}]
)
def test_a_switch_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    """The error names the field."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Fault(**wrong)  # type: ignore[arg-type] # what is wrong is the point


def test_delays_grow_up_to_the_longest_and_end() -> None:
    """After the last repeat there is none; with repeats 0 there is none at all."""
    policy = RetryPolicy(repeats=5, first=0.5, factor=2, longest=3)
    assert [policy.delay(failed) for failed in range(1, 7)] == [0.5, 1.0, 2.0, 3, 3, None]
    assert RetryPolicy(repeats=0).delay(1) is None


@pytest.mark.parametrize("first", [0.25, 0.0])
def test_a_delay_stays_a_number_however_often_it_grew(first: float) -> None:
    """Far beyond the largest power that is a number it is the longest, or none where it began with none."""
    policy = RetryPolicy(repeats=10**7, first=first, longest=5.0)
    for failed in (1000, 1024, 1025, 2000, 10**7):
        assert policy.delay(failed) == (5.0 if first else 0.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"repeats": -1},
        {"first": -1},
        {"first": float("nan")},
        {"longest": float("inf")},
        {"factor": 0.5},
        {"factor": float("inf")},
        {"timeout": 0},
    ],
)
def test_a_retry_policy_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    """The error names the field: a time-out of 0 would wait for ever."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RetryPolicy(**wrong)  # type: ignore[arg-type] # what is wrong is the point


def test_a_kept_body_takes_what_it_is_long() -> None:
    """A thousand bodies of some 60 bytes take less than 200 bytes each, whatever the JSON library reserves."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        bodies = [body_of(envelope_of("CallStarted", {"callID": number})) for number in range(1000)]
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(bodies[0]) < 100
    assert taken / len(bodies) < 200
