"""Watches and ends tasks that run for ever, without hiding that one of them has failed."""

import asyncio
from collections.abc import Sequence


class FailedTaskError(Exception):
    """A part of the simulator has failed: what it says and plays from then on is not to be trusted."""


async def watch_tasks(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait until one of the tasks fails or ends, and raise FailedTaskError then."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    task = next(iter(done))
    raise _failure(task) from (None if task.cancelled() else task.exception())


async def end_tasks(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel the tasks and wait for them. Raises FailedTaskError when one of them had failed before."""
    for task in tasks:
        task.cancel()
    for task, outcome in zip(tasks, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
        if isinstance(outcome, Exception):
            raise _failure(task) from outcome


def _failure(task: asyncio.Task[None]) -> FailedTaskError:
    error = None if task.cancelled() else task.exception()
    return FailedTaskError(f"the {task.get_name()} has ended: {type(error).__name__}: {error}")
