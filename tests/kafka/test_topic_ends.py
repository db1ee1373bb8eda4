"""The end of a topic behind transactions that are still open, on a real broker."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from bridge.events.topics import journal_topic, results_topic
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.journal_records import JournalRecord
from bridge.kafka.local import LocalKafka
from bridge.kafka.reader import KafkaUnreachable, ReadRecord, TopicReader, TopicUnknown
from bridge.kafka.topic_ends import TopicEnds
from tests.kafka.journals import KafkaWorld


@pytest.mark.asyncio
async def test_what_lies_behind_an_open_transaction_is_waited_for(kafka: LocalKafka) -> None:
    """It was acknowledged to its sender, so nobody may take it for missing."""
    world = KafkaWorld(kafka.bootstrap, 1, 100_000)
    await world.create_topics()
    topic = results_topic(world.prefix)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        await world.leave_open(0, [JournalRecord(b"k", b"v")], [world.result("hidden", "never committed")])
        await producer.send_and_wait(topic, b"acknowledged", b"key")
    async with TopicReader(world.client) as reader, TopicEnds(world.client) as ends:
        await reader.follow_all({topic: 0})
        behind = await ends.of(reader.partitions)
        assert list(behind.values()) == [2]
        assert await reader.fetch() == []
        assert not await reader.passed(behind)
        writer, _ = await world.journal.open(0)
        async with asyncio.timeout(10):
            found: list[ReadRecord] = []
            while not await reader.passed(behind):
                found += await reader.fetch()
        assert [record.value for record in found] == [b"acknowledged"]
        await writer.close()


@pytest.mark.asyncio
async def test_topics_are_followed_from_moments_of_their_own(kafka: LocalKafka) -> None:
    """Each from its first record at its time or later; one that is not there is named."""
    world = KafkaWorld(kafka.bootstrap, 1, 100_000)
    await world.create_topics()
    topics = [results_topic(world.prefix), journal_topic(world.prefix)]
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        sent = [await producer.send_and_wait(topic, b"v", b"key") for topic in topics for _ in range(2)]
    async with TopicReader(world.client) as reader:
        await reader.follow_all({topics[0]: 0, topics[1]: sent[-1].timestamp + 1})
        found: list[ReadRecord] = []
        async with asyncio.timeout(10):
            while len(found) < 2:
                found += await reader.fetch()
        assert await reader.fetch() == []
        assert {record.topic for record in found} == {topics[0]}
        with pytest.raises(TopicUnknown, match="no-such-topic"):
            await reader.follow_all({topics[0]: 0, "no-such-topic": 0})


@pytest.mark.asyncio
async def test_a_broker_that_is_not_there_is_said_to_be_unreachable() -> None:
    """For whoever asks again."""
    with pytest.raises(KafkaUnreachable):
        async with TopicEnds(ClientOptions("127.0.0.1:1")):
            pass
