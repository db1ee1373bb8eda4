"""A receiver of webhooks, simulators that end with their test, and a client for them."""

from collections.abc import AsyncIterator

import pytest_asyncio
from aiohttp import ClientSession

from tests.simulator.asking import Asker, Simulate, simulators
from tests.simulator.receiver import Receiver


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def simulate() -> AsyncIterator[Simulate]:
    """Give a function that starts a simulator."""
    async with simulators() as start:
        yield start


@pytest_asyncio.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest_asyncio.fixture
async def ask(client: ClientSession) -> Asker:
    """Give a plain HTTP client for the API and the control interface of a simulator."""
    return Asker(client)
