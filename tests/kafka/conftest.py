"""Publishers and topics for the tests of this folder; each test has topics of its own on the shared broker."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bridge.kafka.client_options import ClientOptions
from bridge.kafka.producer_session import SessionOptions
from bridge.kafka.publisher import Publisher

MakePublisher = Callable[..., Awaitable[Publisher]]
PARTITIONS = 3


@pytest_asyncio.fixture
async def make_publisher() -> AsyncIterator[MakePublisher]:
    """Start publishers that are stopped at the end; they need not be ready yet."""
    started: list[Publisher] = []

    async def make(bootstrap: str, *topics: str, deadline: float = 1.5, max_record_bytes: int = 400_000) -> Publisher:
        publisher = Publisher(
            lambda: SessionOptions(ClientOptions(bootstrap), max_record_bytes), topics, deadline=deadline
        )
        await publisher.start()
        started.append(publisher)
        return publisher

    yield make
    for publisher in started:
        await publisher.stop(within=2.0)


class Topics:
    """Creates and deletes topics, and reads back what is in them."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._prefix = f"t{uuid4().hex[:12]}"

    def name(self, word: str) -> str:
        """Give a name that no other test has."""
        return f"{self._prefix}.{word}"

    async def create(self, word: str, settings: Mapping[str, str] | None = None) -> str:
        """Create a topic of three partitions."""
        name = self.name(word)
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            answer = await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=dict(settings or {}))])
        finally:
            await admin.close()
        assert [code for _, code, _ in answer.topic_errors] == [0], answer
        return name

    async def delete(self, name: str) -> None:
        """Delete a topic."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.delete_topics([name])
        finally:
            await admin.close()

    async def read(self, name: str) -> list[tuple[bytes, bytes]]:
        """Give all keys and values of a topic, in order within each partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            partitions = [TopicPartition(name, number) for number in range(PARTITIONS)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            records: list[tuple[bytes, bytes]] = []
            while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records.extend((record.key, record.value) for record in batch)
        finally:
            await consumer.stop()
        return records


@pytest.fixture
def topics_of() -> Callable[[str], Topics]:
    """Give the means to make topics on a broker."""
    return Topics
