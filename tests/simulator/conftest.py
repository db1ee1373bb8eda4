"""A receiver of webhooks, and simulators that end with their test."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio
from aiohttp import ClientSession

from bridge.simulator import Simulator, SimulatorOptions
from tests.simulator.receiver import Receiver


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def simulate() -> AsyncIterator[Callable[[SimulatorOptions], Awaitable[Simulator]]]:
    """Give a function that starts a simulator."""
    made: list[Simulator] = []

    async def start(options: SimulatorOptions) -> Simulator:
        simulator = Simulator(options)
        await simulator.start()
        made.append(simulator)
        return simulator

    yield start
    for simulator in made:
        await simulator.stop()


@pytest_asyncio.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session
