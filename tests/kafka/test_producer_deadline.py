"""One deadline for each waiting publish."""

import asyncio

import pytest

from bridge.events.records import Record
from bridge.kafka.producer_batch import Pending
from bridge.kafka.producer_deadline import Deadlines
from bridge.kafka.producer_errors import NotAcknowledged


def waiting(deadlines: Deadlines) -> Pending:
    pending = Pending(Record("a", b"k", b"{}", []), asyncio.get_running_loop().create_future())
    deadlines.begin(pending)
    return pending


async def wait(deadlines: Deadlines) -> None:
    pending = waiting(deadlines)
    try:
        await pending.waiter
    finally:
        deadlines.end(pending)


@pytest.mark.asyncio
async def test_each_wait_ends_at_its_deadline_oldest_first() -> None:
    """Three that began one after the other end in that order, none before its time."""
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(0.03, loop)
    ended: list[tuple[int, float]] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number * 0.01)
        began = loop.time()
        with pytest.raises(NotAcknowledged, match="deadline"):
            await wait(deadlines)
        ended.append((number, loop.time() - began))

    async with asyncio.timeout(1):
        await asyncio.gather(*map(one, range(3)))
    assert [number for number, _ in ended] == [0, 1, 2]
    assert all(took >= 0.03 for _, took in ended)
    assert len(deadlines) == 0


@pytest.mark.asyncio
async def test_a_wait_that_ends_in_time_is_left_alone() -> None:
    """Its answer stands, and the one behind it still has its deadline."""
    deadlines = Deadlines(0.01, asyncio.get_running_loop())
    answered, late = waiting(deadlines), waiting(deadlines)
    answered.waiter.set_result(None)
    deadlines.end(answered)
    with pytest.raises(NotAcknowledged):
        await late.waiter
    assert answered.waiter.result() is None
    assert list(deadlines) == [late]


@pytest.mark.asyncio
async def test_an_answer_just_before_the_deadline_stands() -> None:
    """The task that waits has not had its turn yet when the timer comes."""
    deadlines = Deadlines(10, asyncio.get_running_loop())
    answered = waiting(deadlines)
    answered.waiter.set_result(None)
    deadlines._waiting[answered] = 0.0
    deadlines._tick()
    assert answered.waiter.result() is None


@pytest.mark.asyncio
async def test_somebody_elses_cancel_is_no_deadline() -> None:
    """It passes through as what it is, also when both come in one turn of the loop."""
    deadlines = Deadlines(10, asyncio.get_running_loop())
    for late in (False, True):
        task = asyncio.create_task(wait(deadlines))
        await asyncio.sleep(0)
        if late:
            deadlines._waiting = dict.fromkeys(deadlines, 0.0)
            deadlines._tick()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(deadlines) == 0


@pytest.mark.asyncio
async def test_one_timer_serves_all() -> None:
    """A timer per record would cost more than the whole rest of a publish."""
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(10, loop)
    before = len(loop._scheduled)  # type: ignore[attr-defined]  # the loop's own list of timers
    for _ in range(50):
        waiting(deadlines)
    assert len(loop._scheduled) - before == 1  # type: ignore[attr-defined]  # the loop's own list of timers
