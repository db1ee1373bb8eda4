"""The tasks that run in an owned shard. The first that fails ends the ownership."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bridge.calls.means import Handover

ResultT = TypeVar("ResultT")


class TaskCancelled(Exception):
    """A task of the shard was cancelled by somebody else: what it was about to store is not known any more."""


class ShardTasks:
    """Work, which is finished when the shard is handed over, and background, which is not. Of the running loop."""

    def __init__(self) -> None:
        self._work: set[asyncio.Task[Any]] = set()
        self._background: set[asyncio.Task[Any]] = set()
        self._ending = False
        self.failure: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        """Done with the first failure of a task: the shard has to be given up."""

    def __len__(self) -> int:
        return len(self._work)

    def work(self, doing: Coroutine[object, object, None]) -> None:
        """Run something that a hand-over waits for, or that ends in Handover by itself."""
        self._begin(doing, self._work)

    async def perform(self, doing: Coroutine[object, object, ResultT]) -> ResultT:
        """Run something as `work` and give what it returns: for a step of the background that is not to be cut off.

        Whoever waits here may be cancelled; the step goes on. What it raises is raised, and gives the shard up, too.
        """
        task = asyncio.create_task(doing)
        self._watch(task, self._work)
        return await asyncio.shield(task)

    def background(self, doing: Coroutine[object, object, None]) -> None:
        """Run something that ends with the ownership."""
        self._begin(doing, self._background)

    def fail(self, error: BaseException) -> None:
        """Give the shard up for a reason that no task has raised."""
        if not self.failure.done():
            self.failure.set_result(error)

    async def finish(self, within: float) -> bool:
        """End the background, and wait for the work; false when some of it goes on after so many seconds."""
        self._ending = True
        for task in self._background:
            task.cancel()
        if self._work:
            await asyncio.wait(self._work, timeout=within)
        return not self._work

    async def cancel(self) -> None:
        """End everything."""
        self._ending = True
        tasks = self._work | self._background
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _begin(self, doing: Coroutine[object, object, None], among: set[asyncio.Task[Any]]) -> None:
        self._watch(asyncio.create_task(doing), among)

    def _watch(self, task: asyncio.Task[Any], among: set[asyncio.Task[Any]]) -> None:
        among.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        # One callback for both: tens of thousands of commands may wait, each in a task of its own.
        self._work.discard(task)
        self._background.discard(task)
        if task.cancelled():
            if not self._ending:
                self.fail(TaskCancelled())
            return
        error = task.exception()
        if error is not None and not (self._ending and isinstance(error, Handover)):
            self.fail(error)
