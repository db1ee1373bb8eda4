"""Putting the appends that wait into one transaction at a time: cost does not grow with those who append.

Knows nothing of Kafka: `write` stores a group as a whole or raises. It runs in a task that lives while something
waits, so that a caller who is cancelled does not tear a transaction that others share.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from copy import copy

from bridge.kafka.journal_records import Append, ShardLost, size

Write = Callable[[Sequence[Append]], Awaitable[Sequence[int]]]
"""Stores a group as one; gives each append's time. What it raises is final."""

MOST_BYTES = 2 * 1024 * 1024
# Of one transaction, beyond its first append: a dial should not wait for all pages of a long list.


class GroupCommit:
    """Appends, in order, grouped. After a failure of `write` it is lost for good."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: deque[tuple[Append, asyncio.Future[int]]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._lost: Exception | None = None

    async def append(self, append: Append) -> int:
        """Wait until the append is stored; gives its time, or raises what `write` raised."""
        if self._lost is not None:
            raise copy(self._lost)
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((append, stored))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await stored

    async def close(self, within: float) -> None:
        """Give what waits the given seconds; what then still waits is lost, and so is all that comes from now on."""
        self._lost = self._lost or ShardLost("closed")
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=within)
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait({self._writing})

    async def _write_all(self) -> None:
        group: list[tuple[Append, asyncio.Future[int]]] = []
        try:
            while self._waiting:
                group = self._next_group()
                times = await self._write([append for append, _ in group]) if group else ()
                for (_, stored), time in zip(group, times, strict=True):
                    if not stored.done():
                        stored.set_result(time)
        except Exception as error:  # noqa: BLE001 - handed on to each caller whose append was in it or behind it
            self._lose(group, error)
        except asyncio.CancelledError:
            self._lose(group, ShardLost("closed"))
            raise
        finally:
            self._writing = None

    def _next_group(self) -> list[tuple[Append, asyncio.Future[int]]]:
        group: list[tuple[Append, asyncio.Future[int]]] = []
        left = MOST_BYTES
        while self._waiting and (not group or size(self._waiting[0][0]) <= left):
            append, stored = self._waiting.popleft()
            # Whoever was cancelled before its turn has been told that nobody knows: not stored is one of the answers.
            if not stored.done():
                group.append((append, stored))
                left -= size(append)
        return group

    def _lose(self, group: list[tuple[Append, asyncio.Future[int]]], error: Exception) -> None:
        self._lost = error
        for _, stored in (*group, *self._waiting):
            if not stored.done():
                failure = copy(error)
                failure.__cause__ = error.__cause__
                stored.set_exception(failure)
        self._waiting.clear()
