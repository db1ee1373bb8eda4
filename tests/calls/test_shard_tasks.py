"""The tasks of an owned shard: what is waited for, what is cut off, and what ends the ownership."""

import asyncio
from collections.abc import Callable

import pytest

from bridge.calls.means import Handover
from bridge.calls.shard_tasks import ShardTasks, TaskCancelled
from tests.virtual_time import run_virtually


def test_work_is_finished_and_background_is_not() -> None:
    """A step that the background has begun is work; who waits for the step is cut off, and the step is not."""

    async def story(now: Callable[[], float]) -> None:
        tasks, log = ShardTasks(), list[str]()

        async def step() -> str:
            await asyncio.sleep(5)
            log.append("step")
            return "done"

        async def loop() -> None:
            while True:
                log.append(await tasks.perform(step()))

        async def work() -> None:
            await asyncio.sleep(3)
            log.append("work")

        tasks.background(loop())
        tasks.work(work())
        await asyncio.sleep(1)
        assert await tasks.finish(10)
        assert now() == 5.0
        assert log == ["work", "step"]
        assert not tasks.failure.done()

    run_virtually(story)


def test_the_first_failure_is_kept() -> None:
    """Of work, of a step, of the background; a handover is none once the shard is being handed over."""

    async def story(_: Callable[[], float]) -> None:
        async def fails(error: Exception) -> None:
            raise error

        first, second = KeyError("first"), KeyError("second")
        tasks = ShardTasks()
        with pytest.raises(KeyError):
            await tasks.perform(fails(first))
        tasks.background(fails(second))
        await asyncio.sleep(1)
        assert tasks.failure.result() is first

        tasks = ShardTasks()
        tasks.work(fails(Handover()))
        assert await tasks.finish(1)
        assert not tasks.failure.done()

        tasks = ShardTasks()
        tasks.work(fails(Handover()))
        await asyncio.sleep(1)
        assert isinstance(tasks.failure.result(), Handover)

    run_virtually(story)


def test_a_task_that_somebody_cancels_ends_the_ownership() -> None:
    """What it was about to store is not known any more; the cancellation of all of them is no such thing."""

    async def story(_: Callable[[], float]) -> None:
        tasks = ShardTasks()

        async def cancels() -> None:
            raise asyncio.CancelledError

        tasks.work(cancels())
        await asyncio.sleep(0.1)
        assert isinstance(tasks.failure.result(), TaskCancelled)

        tasks = ShardTasks()
        tasks.work(asyncio.sleep(100))
        await asyncio.sleep(0)
        await tasks.cancel()
        assert not len(tasks)
        assert not tasks.failure.done()

    run_virtually(story)


def test_what_does_not_end_is_not_waited_for() -> None:
    """The caller cuts it off then."""

    async def story(now: Callable[[], float]) -> None:
        tasks = ShardTasks()
        tasks.work(asyncio.sleep(100))
        assert not await tasks.finish(15)
        assert now() == 15.0
        await tasks.cancel()

    run_virtually(story)
