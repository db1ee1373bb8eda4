"""An installation's journal on a real broker, with the settings that the bridge itself would give its topics."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.calls.journal import JournalRecord
from bridge.events.records import Record
from bridge.events.topics import journal_topic, results_topic
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.journal_producer import JournalOptions, JournalProducer
from bridge.kafka.journal_records import Append
from bridge.kafka.shard_journal import KafkaJournal
from bridge.kafka.topic_admin import TopicAdmin
from bridge.kafka.topic_table import TopicOptions, wanted_topics


@asynccontextmanager
async def nothing_left_behind() -> AsyncIterator[None]:
    """Fail when a future's exception was retrieved by nobody, or a producer was not closed."""
    said: list[str] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: said.append(f"{context['message']}: {context.get('exception')!r}"))
    try:
        yield
        gc.collect()
    finally:
        loop.set_exception_handler(before)
    assert said == []


class KafkaWorld:
    """A journal and a results topic of its own on a broker, as the contract's suite sees them."""

    def __init__(self, bootstrap: str, shards: int, max_record_bytes: int) -> None:
        self.client = ClientOptions(bootstrap)
        self.prefix = f"t{uuid4().hex[:12]}"
        self.max_record_bytes = max_record_bytes
        self.options = JournalOptions(self.client, self.prefix, (results_topic(self.prefix),), max_record_bytes)
        self.journal = KafkaJournal(lambda: self.options)
        self._shards = shards

    async def create_topics(self) -> None:
        """Create the journal and the results, of one partition, and not the two dozen others."""
        topics = TopicOptions(
            prefix=self.prefix,
            replication_factor=1,
            partitions=dict.fromkeys(("events", "commands", "results", "quarantine", "admin"), 1),
            retention_ms=dict.fromkeys(("events", "commands", "results", "quarantine", "admin"), 86_400_000),
            shards=self._shards,
            max_record_bytes=self.max_record_bytes,
        )
        names = {journal_topic(self.prefix), results_topic(self.prefix)}
        async with TopicAdmin.connect(self.client) as admin:
            await admin.create(topic for topic in wanted_topics(topics) if topic.name in names)

    def result(self, key: str, value: str) -> Record:
        """Give a publication for the results topic."""
        return Record(results_topic(self.prefix), key.encode(), value.encode(), [("ce_id", key.encode())])

    async def results(self) -> list[tuple[str, str]]:
        """Read the results topic to its last stable offset, read_committed: keys and values in order."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.client.bootstrap_servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        partition = TopicPartition(results_topic(self.prefix), 0)
        found: list[tuple[str, str]] = []
        await consumer.start()
        try:
            consumer.assign([partition])
            end = (await consumer.end_offsets([partition]))[partition]
            while await consumer.position(partition) < end:
                fetched = (await consumer.getmany(partition, timeout_ms=200)).get(partition, ())
                found.extend((record.key.decode(), record.value.decode()) for record in fetched)
        finally:
            await consumer.stop()
        return found

    async def leave_open(self, shard: int, records: Sequence[JournalRecord], publications: Sequence[Record]) -> None:
        """Be an owner that writes this and is gone before its commit: its connections end, its transaction does not."""
        producer = await JournalProducer.open(self.options, shard, within=5.0)
        await producer._producer.begin_transaction()
        await producer._send(Append(records, publications), [])
        await producer._producer.flush()
        await producer.end("closed", within=1.0)
