"""A plain HTTP client for the simulator's API and its control interface."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from bridge.simulator import Simulator, SimulatorOptions
from bridge.simulator.facts import EVENTS
from bridge.simulator.options import DEFAULT_KEY

Simulate = Callable[[SimulatorOptions], Awaitable[Simulator]]


@dataclass(frozen=True)
class Said:
    status: int
    answer: Any
    headers: dict[str, str]

    @property
    def data(self) -> Any:
        return self.answer["data"]


class Asker:
    """Asks as somebody would who knows the URL alone. `client` is public for what needs more."""

    def __init__(self, client: ClientSession) -> None:
        self.client = client

    async def api(
        self,
        simulator: Simulator,
        method: str,
        path: str,
        *,
        authorization: str | None = f"Bearer {DEFAULT_KEY}",
        **arguments: Any,
    ) -> Said:
        headers = {} if authorization is None else {"Authorization": authorization}
        async with self.client.request(
            method, f"{simulator.base_url}/{path}", headers=headers, **arguments
        ) as response:
            return Said(response.status, await response.json(), dict(response.headers))

    async def control(self, simulator: Simulator, method: str, path: str = "", **arguments: Any) -> Said:
        async with self.client.request(method, f"{simulator.root_url}/_control{path}", **arguments) as response:
            return Said(response.status, await response.json(content_type=None), dict(response.headers))

    async def switch(self, simulator: Simulator, name: str, **fault: Any) -> None:
        said = await self.control(simulator, "PUT", f"/faults/{name}", json=fault)
        assert said.status == 200, said.answer

    async def register_all(self, simulator: Simulator, url: str) -> None:
        for event in EVENTS:
            said = await self.api(simulator, "POST", f"webhooks/{event}", json={"endpoint": f"{url}/{event}"})
            assert said.status == 200


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; a test that waits for longer than ten seconds waits for nothing."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the simulator's log tells nobody when it grows
            await asyncio.sleep(0.01)


@asynccontextmanager
async def simulators() -> AsyncIterator[Simulate]:
    """Give a function that starts a simulator, and stop them all at the end."""
    made: list[Simulator] = []

    async def start(options: SimulatorOptions) -> Simulator:
        simulator = Simulator(options)
        await simulator.start()
        made.append(simulator)
        return simulator

    yield start
    for simulator in made:
        await simulator.stop()
