"""An installation whose worker is the test: two topics on the shared broker, and `bridge` with its configuration."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

import yaml
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from bridge.cli.main import app
from bridge.commands.command import Command
from bridge.commands.command_record import CommandRecord
from bridge.commands.reading import read_command
from bridge.commands.result_records import ResultRecords
from bridge.events.records import Record
from bridge.events.topics import commands_topic, results_topic
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.reader import ReadRecord, TopicReader
from bridge.kafka.topic_admin import TopicAdmin
from bridge.kafka.topic_table import Topic
from bridge.pbx.numbers import e164_reader

PARTITIONS = 3
DIAL = ("send", "dial", "--connection", "acme", "--contact", "224", "--to", "37060000000")


class Installation:
    """Topics with a prefix of their own."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"cli{uuid.uuid4().hex[:8]}"
        self.commands = commands_topic(self.prefix)
        self.results = results_topic(self.prefix)
        self.records = ResultRecords(topic_prefix=self.prefix, public_url=None, to_e164=lambda _: e164_reader(None))
        self.config = folder / f"{self.prefix}.yaml"
        self.config.write_text(
            yaml.safe_dump(
                {
                    "kafka": {"bootstrap_servers": bootstrap},
                    "topics": {"prefix": self.prefix, "replication_factor": 1},
                    "connections": {"acme": {"base_url": "https://pbx.example.com/api/v2"}},
                }
            )
        )

    async def create(self, *names: str, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        """Create topics, with the brokers' times unless the settings say otherwise."""
        whole = {"message.timestamp.type": "LogAppendTime", **settings}
        async with TopicAdmin.connect(ClientOptions(self.bootstrap)) as admin:
            await admin.create(Topic(name, PARTITIONS, 1, whole) for name in names)

    async def bridge(self, *arguments: str) -> Result:
        """Run a command line to its end, beside the test."""
        whole = [*arguments, "--config", str(self.config)]
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, whole))

    @asynccontextmanager
    async def arriving(self) -> AsyncIterator[AsyncIterator[ReadRecord]]:
        """Give the records of the command topic that arrive from now on."""
        async with TopicReader(ClientOptions(self.bootstrap)) as reader:
            await reader.follow([self.commands], None)
            yield reader.records()

    async def publish(self, *records: Record, commit: bool = True) -> None:
        """Publish results in one transaction, as workers do; without `commit` it is aborted."""
        await self.publish_each([(records, commit)])

    async def publish_each(self, transactions: Iterable[tuple[Iterable[Record], bool]]) -> None:
        """Publish in several transactions, each committed or aborted."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=f"{self.prefix}.shard-0")
        await producer.start()
        try:
            for records, commit in transactions:
                await producer.begin_transaction()
                for topic, key, value, headers in records:
                    await producer.send_and_wait(topic, value, key, headers=headers)
                await (producer.commit_transaction() if commit else producer.abort_transaction())
        finally:
            await producer.stop()


def received(record: ReadRecord) -> Command:
    """Read a command as a router does."""
    command = read_command(
        CommandRecord.received(
            record.topic, record.partition, record.offset, record.timestamp_ms, record.headers, record.value
        )
    )
    assert isinstance(command, Command), command
    return command
