"""One deadline for each waiting publish."""

import asyncio

import pytest

from bridge.kafka.producer_deadline import Deadlines


class Late(Exception):
    pass


async def wait(deadlines: Deadlines, until: asyncio.Future[None]) -> None:
    task = asyncio.current_task()
    assert task is not None
    deadlines.begin(task)
    try:
        await until
    except asyncio.CancelledError:
        if deadlines.passed(task):
            raise Late from None
        raise
    finally:
        deadlines.end(task)


@pytest.mark.asyncio
async def test_each_wait_ends_at_its_deadline_oldest_first() -> None:
    """Three that began one after the other end in that order, none before its time."""
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(0.03)
    ended: list[tuple[int, float]] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number * 0.01)
        began = loop.time()
        with pytest.raises(Late):
            await wait(deadlines, loop.create_future())
        ended.append((number, loop.time() - began))

    await asyncio.gather(*map(one, range(3)))
    assert [number for number, _ in ended] == [0, 1, 2]
    assert all(took >= 0.03 for _, took in ended)
    assert deadlines.waiting == 0


@pytest.mark.asyncio
async def test_a_wait_that_ends_in_time_is_left_alone() -> None:
    """Its task may do other things for as long as it likes."""
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(0.01)
    done = loop.create_future()
    done.set_result(None)
    await wait(deadlines, done)
    await asyncio.sleep(0.03)
    assert deadlines.waiting == 0


@pytest.mark.asyncio
async def test_somebody_elses_cancel_is_no_deadline() -> None:
    """It passes through as what it is."""
    deadlines = Deadlines(10)
    task = asyncio.create_task(wait(deadlines, asyncio.get_running_loop().create_future()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert deadlines.waiting == 0


@pytest.mark.asyncio
async def test_a_cancel_at_the_deadline_is_not_swallowed() -> None:
    """When both come in one turn of the loop, the task is cancelled for good."""
    deadlines = Deadlines(10)
    task = asyncio.create_task(wait(deadlines, asyncio.get_running_loop().create_future()))
    await asyncio.sleep(0)
    deadlines._waiting[task] = (0.0, 0)
    deadlines._tick()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.asyncio
async def test_one_timer_serves_all() -> None:
    """A timer per record would cost more than the whole rest of a publish."""
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(10)
    before = len(loop._scheduled)  # type: ignore[attr-defined]  # the loop's own list of timers
    tasks = [asyncio.create_task(wait(deadlines, loop.create_future())) for _ in range(50)]
    await asyncio.sleep(0)
    assert len(loop._scheduled) - before == 1  # type: ignore[attr-defined]  # the loop's own list of timers
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
