"""Ends tasks that run for ever, without hiding that one of them has failed."""

import asyncio
from collections.abc import Sequence


async def end_tasks(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel the tasks and wait for them. Raises what one of them failed with before."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
