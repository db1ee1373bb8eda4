"""The journal's contract on a real broker, and what only a real broker can show."""

from collections.abc import AsyncIterator

import pytest_asyncio

from bridge.kafka.local import LocalKafka
from tests.calls.journal_contract import JournalContract
from tests.kafka.journals import KafkaWorld


@pytest_asyncio.fixture
async def world(kafka: LocalKafka) -> AsyncIterator[KafkaWorld]:
    """Give a journal of two shards that no other test has."""
    world = KafkaWorld(kafka.bootstrap, shards=2, max_record_bytes=400_000)
    await world.create_topics()
    yield world


class TestContract(JournalContract):
    """The suite on Kafka."""
