"""The quota, as arithmetic and over HTTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.simulator import AccountOptions, SimulatorOptions
from bridge.simulator.limiter import Arrivals, SlidingLimiter, most_within
from bridge.simulator.options import DEFAULT_KEY
from tests.simulator.asking import Asker, Simulate

RISING = st.lists(st.floats(0, 20, allow_nan=False), min_size=1, max_size=60).map(sorted)


@given(RISING, st.integers(1, 8), st.floats(0.5, 10))
def test_a_request_is_refused_when_more_than_the_limit_arrived_in_its_window(
    times: list[float], limit: int, window: float
) -> None:
    """For each arrival the answer is what counting all arrivals of the window that ends with it says."""
    limiter = SlidingLimiter(limit, window)
    for index, now in enumerate(times):
        within = sum(now - before <= window for before in times[: index + 1])
        assert (limiter.arrive(now) is not None) is (within > limit)


@given(RISING, st.integers(1, 8), st.floats(0.5, 10))
def test_whoever_waits_as_long_as_told_is_accepted(times: list[float], limit: int, window: float) -> None:
    """After the wait, and a moment more, the next request is accepted."""
    limiter = SlidingLimiter(limit, window)
    wait = None
    for now in times:
        wait = limiter.arrive(now)
    if wait is not None:
        assert limiter.arrive(times[-1] + wait + 1e-6) is None


def test_refused_requests_count() -> None:
    """Whoever goes on knocking is never let in."""
    limiter = SlidingLimiter(2, 10.0)
    assert [limiter.arrive(now) is None for now in (0.0, 1.0, 6.0, 10.5, 15.0)] == [True, True, False, False, False]


@given(RISING, st.floats(0.5, 10))
def test_the_most_in_any_window_is_what_counting_says(times: list[float], window: float) -> None:
    """Both the running maximum and the query over what is remembered agree with counting."""
    arrivals = Arrivals(window)
    for now in times:
        arrivals.note(now)
    most = max(sum(0 <= now - before <= window for before in times[: i + 1]) for i, now in enumerate(times))
    assert most_within(times, window) == arrivals.highest == arrivals.most_within(window) == most


@pytest.mark.asyncio
@pytest.mark.parametrize("retry_after", [True, False])
async def test_over_the_quota_is_a_429_and_is_noted(simulate: Simulate, ask: Asker, retry_after: bool) -> None:
    """The fourth request of a key with a quota of three is refused, with `Retry-After` or without; others go on."""
    poor = AccountOptions(limit=3, window=30, retry_after=retry_after)
    simulator = await simulate(SimulatorOptions(keys={DEFAULT_KEY: poor, "other": AccountOptions()}))
    said = [await ask.api(simulator, "GET", "trigger/contacts?initial_contact_id=0") for _ in range(5)]
    assert [one.status for one in said] == [200, 200, 200, 429, 429]
    assert said[3].answer["statusCode"] == 429
    assert ("Retry-After" in said[3].headers) is retry_after
    if retry_after:
        assert 20 <= int(said[3].headers["Retry-After"]) <= 31
    other = await ask.api(simulator, "GET", "trigger/contacts?initial_contact_id=0", authorization="Bearer other")
    assert other.status == 200
    arrivals = (await ask.control(simulator, "GET", "/arrivals")).answer
    assert (arrivals["total"], arrivals["most"], arrivals["refusals"]) == (5, 5, 2)
    assert len(list(simulator.requests.of(status=429))) == 2


@pytest.mark.asyncio
async def test_the_quota_can_be_changed(simulate: Simulate, ask: Asker) -> None:
    """A smaller limit counts what has arrived already; a larger one lets in again."""
    simulator = await simulate(SimulatorOptions())
    path = "trigger/contacts?initial_contact_id=0"
    for _ in range(3):
        assert (await ask.api(simulator, "GET", path)).status == 200
    assert (await ask.control(simulator, "PUT", "/limit", json={"limit": 2, "window": 60})).status == 200
    assert (await ask.api(simulator, "GET", path)).status == 429
    assert (await ask.control(simulator, "PUT", "/limit", json={"limit": 50})).status == 200
    assert (await ask.api(simulator, "GET", path)).status == 200
    assert (await ask.control(simulator, "PUT", "/limit", json={"limit": 0})).status == 400
