"""The agenda against a sorted list."""

from bisect import insort

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.calls.agenda import Agenda

MOMENTS = st.integers(0, 30).map(float)


@settings(deadline=None)  # how long an example takes is no part of the rule
@given(st.lists(st.none() | MOMENTS, max_size=60), st.integers(0, 700))
def test_an_agenda_is_a_sorted_list(steps: list[float | None], begun_with: int) -> None:
    """Whatever is put in and taken out, in however many parts: order, counts, and positions are a sorted list's."""
    model = [(float(number % 30), number) for number in range(begun_with)]
    agenda = Agenda.of(model)
    model.sort()
    for number, moment in enumerate(steps, start=begun_with):
        if moment is not None:
            insort(model, (moment, number))
            agenda = agenda.plus((moment, number))
        elif model:
            del model[0]
            agenda = agenda.rest()
    assert len(agenda) == len(model)
    assert [agenda[position] for position in range(len(agenda))] == model
    with pytest.raises(IndexError):
        agenda[len(agenda)]
    for asked in (-1.0, 0.0, 7.0, 7.5, 40.0):
        before = [item for item in model if item[0] < asked]
        assert agenda.before(asked) == len(before)
        assert list(agenda.backwards(asked)) == before[::-1]


def test_an_older_agenda_stays_as_it_was() -> None:
    """A state that has been left is still whole."""
    begun = Agenda.of([(1.0, 1), (2.0, 2)])
    later = begun.plus((0.0, 3)).rest().rest()
    assert [begun[0], begun[1]] == [(1.0, 1), (2.0, 2)]
    assert [later[0]] == [(2.0, 2)]


def test_parts_split_and_vanish() -> None:
    """A thousand insertions in the worst order leave small parts, and taking all out leaves none."""
    agenda: Agenda[tuple[float, int]] = Agenda()
    for number in range(1000):
        agenda = agenda.plus((float(-number), number))
    assert max(map(len, agenda._parts)) <= 128
    assert len(agenda._parts) >= 8
    for _ in range(1000):
        agenda = agenda.rest()
    assert agenda == Agenda()
