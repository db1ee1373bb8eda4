"""The PBX simulator in a thread of its own, so that tests of any kind can use it."""

import asyncio
from collections.abc import Callable, Coroutine
from threading import Thread
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from bridge.simulator import Simulator, SimulatorOptions

Result = TypeVar("Result")


class RunningPbx:
    """A simulated PBX on loopback; a context manager. Its own thread runs its event loop."""

    def __init__(self, options: "SimulatorOptions") -> None:
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="simulated PBX", daemon=True)
        self._simulator: Simulator

    def __enter__(self) -> Self:
        from bridge.simulator import Simulator  # noqa: PLC0415 - needs the extra `service`, which samples do not

        self._thread.start()
        try:
            self._simulator = Simulator(self._options)
            self.run(lambda pbx: pbx.start())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.run(lambda pbx: pbx.stop())
        finally:
            self._end()

    @property
    def api_key(self) -> str:
        """The first API key that it takes."""
        return next(iter(self._options.keys))

    @property
    def base_url(self) -> str:
        """Where its API is, as a connection's `base_url` wants it."""
        return self._simulator.base_url

    @property
    def control_url(self) -> str:
        """Where it is controlled by HTTP."""
        return f"{self._simulator.root_url}/_control"

    def do(self, action: "Callable[[Simulator], Result]") -> Result:
        """Carry out an action in the simulator's event loop, and return what it gives. Blocks.

        For instance `do(lambda pbx: pbx.start_playing())`, or `do(lambda pbx: list(pbx.requests.dials))`.
        """

        async def act(pbx: "Simulator") -> Result:
            return action(pbx)

        return self.run(act)

    def run(self, action: "Callable[[Simulator], Coroutine[object, object, Result]]") -> Result:
        """Carry out what takes time in the simulator's event loop, such as `run(lambda pbx: pbx.play(2))`. Blocks."""
        return asyncio.run_coroutine_threadsafe(action(self._simulator), self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
