"""One deadline for each waiting publish, and one timer for all of them.

Every wait has the same length, so the oldest one always ends first: the timer only ever looks at the head. A timer of
its own per record (`asyncio.timeout`) would cost several times as much, on every event.
"""

import asyncio


class Deadlines:
    """Cancels each waiting task at its deadline; the task asks `passed` whether it was that or somebody else.

    A task may have one wait at a time, which is the nature of a coroutine that is awaited.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._waiting: dict[asyncio.Task[object], tuple[float, int]] = {}
        self._passed: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many waits are under way."""
        return len(self._waiting)

    def begin(self, task: asyncio.Task[object]) -> float:
        """Start the wait of the task that calls; gives its deadline in the loop's time."""
        deadline = self._now() + self._limit
        self._waiting[task] = (deadline, task.cancelling())
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._tick)
        return deadline

    def end(self, task: asyncio.Task[object]) -> None:
        """End the wait, whatever became of it."""
        del self._waiting[task]
        self._passed.discard(task)

    def passed(self, task: asyncio.Task[object]) -> bool:
        """Whether a CancelledError in the task's wait means its deadline, and nobody else wants it cancelled."""
        if task not in self._passed:
            return False
        self._passed.discard(task)
        return task.uncancel() <= self._waiting[task][1]

    def _tick(self) -> None:
        self._timer = None
        now = self._now()
        for task, (deadline, _) in self._waiting.items():
            if deadline > now:
                self._timer = self._loop.call_at(deadline, self._tick)
                return
            if task not in self._passed:
                self._passed.add(task)
                task.cancel()
