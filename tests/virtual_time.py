"""An event loop whose clock jumps to the next timer as soon as nothing else is to be done: hours in milliseconds."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import TypeVar

from typing_extensions import override

ResultT = TypeVar("ResultT")


class _Clock(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nothing will ever happen any more: the test would wait for ever"
        self.now += max(0.0, timeout)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Clock()
        super().__init__(self._jumping)

    @override
    def time(self) -> float:
        return self._jumping.now


def run_virtually(main: Callable[[Callable[[], float]], Coroutine[object, object, ResultT]]) -> ResultT:
    """Run a coroutine in virtual time; it is given the clock, in seconds from 0 on."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main(runner.get_loop().time))
