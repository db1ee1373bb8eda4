"""Refused as overloaded is what could not be served, and nothing else."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.calls.admission import Admission, Admitted, Arrival, Expired, Wait
from bridge.calls.lanes import Lane, Request
from bridge.calls.pace import Pace
from bridge.calls.quota import Ending, Held, Quota, Window
from bridge.calls.slow_down import SlowDown

QUOTA = Quota(calls=6)
MOMENTS = st.integers(1, 12).map(float)
# Few and whole, so that deadlines, slots and the end of a freeze often coincide.


def served(admission: Admission[str], work: str) -> bool:
    """Tell whether this one gets its slot when all calls are answered at once and nothing more arrives."""
    now = 0.0
    while True:
        admission, answer = admission.decide(now)
        match answer:
            case Admitted(request, reservation):
                if request.work == work:
                    return True
                admission = admission.finish(now, reservation, Ending.ANSWERED)
            case Expired(request):
                if request.work == work:
                    return False
            case Wait(until):
                if until > QUOTA.hold:
                    return False
                now = until


@settings(max_examples=600, deadline=None)  # how long an example takes is no part of the rule
@given(
    lane=st.sampled_from([Lane.DIAL, Lane.QUERY]),
    busy=st.lists(st.tuples(MOMENTS, st.booleans()), max_size=6),
    ahead=st.lists(MOMENTS, max_size=10),
    deadline=MOMENTS,
    frozen_until=st.sampled_from([-1.0, 3.0, 6.0]),
    steps=st.integers(0, 3),
    tokens=st.sampled_from([0.0, 0.75, 1.0]),
)
def test_refused_is_what_even_the_best_case_would_not_serve(
    lane: Lane,
    busy: list[tuple[float, bool]],
    ahead: list[float],
    deadline: float,
    frozen_until: float,
    steps: int,
    tokens: float,
) -> None:
    """A dial is refused exactly when it would expire though nothing else arrives and answers come at once.

    So is a query that is the first of its lane; one behind others may expire, but is not refused if it can be served.
    """
    held = tuple(Held(until, slot, dial) for slot, (until, dial) in enumerate(busy))
    slow_down = SlowDown(steps, -100.0 if steps else float("-inf"), frozen_until)
    admission: Admission[str] = Admission(
        QUOTA, 100, Window.of(QUOTA, held), slow_down=slow_down, pace=Pace(tokens, -0.5)
    )
    waiting = [Request(lane, "ahead", due) for due in ahead]
    for request in waiting:
        admission = replace(admission, lanes=admission.lanes.add(request, 0.0))
    asked = Request(lane, "asked", deadline)
    _, arrival = admission.arrive(0.0, asked)
    would_be = served(replace(admission, lanes=admission.lanes.add(asked, 0.0)), "asked")
    if arrival is Arrival.TOO_LATE:
        assert not would_be
    elif lane is Lane.DIAL or not ahead:
        assert would_be


def test_beyond_what_is_known_nothing_is_refused() -> None:
    """A slot in flight may be free again after window and guard, and after the clean hour there are more of them."""
    full = Window.of(QUOTA, tuple(Held(61.0, slot, dial=False) for slot in range(6)))
    admission: Admission[str] = Admission(QUOTA, 100, full)
    assert admission.arrive(0.0, Request(Lane.DIAL, "x", 60.25))[1] is Arrival.TOO_LATE
    assert admission.arrive(0.0, Request(Lane.DIAL, "x", 60.5))[1] is Arrival.WAITS
    slowed = replace(admission, slow_down=SlowDown(1, 10.0 - 3600.0))
    assert slowed.arrive(0.0, Request(Lane.DIAL, "x", 9.9))[1] is Arrival.TOO_LATE
    assert slowed.arrive(0.0, Request(Lane.DIAL, "x", 10.1))[1] is Arrival.WAITS
