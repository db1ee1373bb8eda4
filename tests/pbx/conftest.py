"""The vendor client, closed at the end of each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from bridge.pbx.client import VendorClient


@pytest_asyncio.fixture
async def client() -> AsyncIterator[VendorClient]:
    async with VendorClient() as made:
        yield made
