"""One deadline for each waiting publish, and one timer for all of them.

Every wait has the same length, so the oldest one always ends first: the timer only ever looks at the head. A timer of
its own per record (`asyncio.timeout`) would cost several times as much, on every event.
"""

import asyncio
from collections.abc import Iterator

from bridge.kafka.producer_batch import Pending
from bridge.kafka.producer_errors import NotAcknowledged


class Deadlines:
    """Answers each waiter at its deadline, unless it has ended by then; `limit` is in seconds."""

    def __init__(self, limit: float, loop: asyncio.AbstractEventLoop) -> None:
        self._limit = limit
        self._loop = loop
        self._waiting: dict[Pending, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Pending]:
        return iter(tuple(self._waiting))

    def begin(self, pending: Pending) -> float:
        """Start a wait; gives its deadline in the loop's time."""
        deadline = self._waiting[pending] = self._loop.time() + self._limit
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._tick)
        return deadline

    def end(self, pending: Pending) -> None:
        """End the wait, whatever became of it."""
        del self._waiting[pending]

    def _tick(self) -> None:
        self._timer = None
        now = self._loop.time()
        for pending, deadline in self._waiting.items():
            if deadline > now:
                self._timer = self._loop.call_at(deadline, self._tick)
                return
            pending.fail(NotAcknowledged("deadline"))
