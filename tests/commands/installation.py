"""An installation of its own on a real broker, for the tests of the router: topics, a publisher, routers."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bridge.commands.handing_on import Publish
from bridge.commands.result_records import ResultRecords
from bridge.commands.router import CommandRouter
from bridge.events.topics import commands_topic, quarantine_topic, results_topic, work_topic
from bridge.events.ulid import ulid
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.producer_session import SessionOptions
from bridge.kafka.publisher import Publisher
from bridge.kafka.topic_admin import TopicAdmin
from bridge.kafka.topic_table import Correction
from bridge.kafka.topic_timestamps import SETTING, timestamp_type
from bridge.pbx.numbers import e164_reader
from tests.commands.raw_produce import produce
from tests.commands.records import ATTRIBUTES, DIAL, FixedTime

NOW_MS = 1_700_000_000_000
# The brokers' clock as the routers of these tests know it.
WITHIN_S = 10.0
# Longer than anything here takes on a busy machine.
Headers = Sequence[tuple[str, bytes | None]]


class Stored(NamedTuple):
    offset: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]

    @property
    def named(self) -> Mapping[str, bytes]:
        return dict(self.headers)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - Kafka tells nobody by itself
            await asyncio.sleep(0.01)


class Installation:
    """Topics of one prefix, and everything that has come into those that the router publishes to."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"t{uuid4().hex[:12]}"
        self.commands = commands_topic(self.prefix)
        self.published_to = [work_topic(self.prefix), quarantine_topic(self.prefix), results_topic(self.prefix)]
        self.routers: list[CommandRouter] = []
        self._stored: dict[str, list[Stored]] = defaultdict(list)
        self._publisher = Publisher(lambda: SessionOptions(self.options(), 400_000), self.published_to, deadline=1.5)
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=1_048_576)

    @classmethod
    @asynccontextmanager
    async def on(cls, bootstrap: str, setting: str = "LogAppendTime") -> AsyncIterator[Self]:
        """Make one with a command topic of two partitions and this clock, and stop all of it in the end."""
        made = cls(bootstrap)
        await made.create(*made.published_to)
        await made.create(made.commands, partitions=2, settings={SETTING: setting})
        await made._publisher.start()
        await made._producer.start()
        follower = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        await follower.start()
        following = asyncio.create_task(made._follow(follower))
        try:
            yield made
        finally:
            await asyncio.gather(*(router.stop() for router in made.routers))
            following.cancel()
            await asyncio.wait([following])
            await follower.stop()
            await made._producer.stop()
            await made._publisher.stop(2.0)

    def options(self) -> ClientOptions:
        return ClientOptions(self.bootstrap)

    async def create(self, *names: str, partitions: int = 1, settings: Mapping[str, str] | None = None) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            answer = await admin.create_topics(
                [NewTopic(name, partitions, 1, topic_configs=dict(settings or {})) for name in names]
            )
        finally:
            await admin.close()
        assert [code for _, code, _ in answer.topic_errors] == [0] * len(names), answer

    async def stamp_with(self, setting: str) -> None:
        """Change the command topic's clock, and wait until the broker does so."""
        async with TopicAdmin.connect(self.options()) as admin:
            await admin.correct([Correction(self.commands, SETTING, setting, None)])
        async with asyncio.timeout(WITHIN_S):
            while await timestamp_type(self.options(), self.commands) != setting:  # noqa: ASYNC110 - as in `until`
                await asyncio.sleep(0.02)

    def router(self, publish: Publish | None = None, bootstrap: str | None = None) -> CommandRouter:
        """Start a router."""
        router = CommandRouter(
            lambda: ClientOptions(bootstrap or self.bootstrap),
            topic_prefix=self.prefix,
            publish=publish or self._publisher.publish,
            results=ResultRecords(topic_prefix=self.prefix, public_url=None, to_e164=lambda _: e164_reader(None)),
            time=FixedTime(NOW_MS),
            new_id=lambda: ulid(NOW_MS, uuid4().bytes[:10]),
        )
        self.routers.append(router)
        router.start()
        return router

    @property
    def publish(self) -> Publish:
        return self._publisher.publish

    async def send(self, headers: Headers, value: bytes | None, partition: int = 0) -> int:
        """Publish to the command topic as any client would, and return the record's offset."""
        sent = await self._producer.send_and_wait(
            self.commands, value, b"any key", partition=partition, headers=list(headers), timestamp_ms=1_000
        )
        return int(sent.offset)

    async def send_raw(self, batch: bytes, partition: int = 0) -> None:
        await produce(self.bootstrap, self.commands, batch, partition)

    async def dial(self, id_: str, partition: int = 0, **changed: str) -> int:
        """Publish a good command."""
        return await self.send(dial_headers(id_, **changed), orjson.dumps(DIAL), partition)

    @property
    def work(self) -> list[Stored]:
        return self._stored[work_topic(self.prefix)]

    @property
    def quarantine(self) -> list[Stored]:
        return self._stored[quarantine_topic(self.prefix)]

    @property
    def results(self) -> list[Stored]:
        return self._stored[results_topic(self.prefix)]

    @property
    def routed_ids(self) -> list[str]:
        """The ids of the binary commands among the work records, in order."""
        return [record.named["ce_id"].decode() for record in self.work if "ce_id" in record.named]

    async def routed(self, *ids: str) -> None:
        """Wait until these commands are work."""
        await until(lambda: set(ids) <= set(self.routed_ids))

    async def committed(self) -> dict[int, int | None]:
        """Return the router group's offsets by partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=f"{self.prefix}.router")
        await consumer.start()
        try:
            return {number: await consumer.committed(TopicPartition(self.commands, number)) for number in (0, 1)}
        finally:
            await consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        consumer.assign([TopicPartition(name, 0) for name in self.published_to])
        while True:
            for partition, records in (await consumer.getmany(timeout_ms=100)).items():
                self._stored[partition.topic] += [
                    Stored(record.offset, record.key, record.value, list(record.headers)) for record in records
                ]


def dial_headers(id_: str, **changed: str) -> list[tuple[str, bytes | None]]:
    return [(f"ce_{name}", text.encode()) for name, text in {**ATTRIBUTES, "id": id_, **changed}.items()]


def data_of(result: Stored) -> dict[str, Any]:
    data: dict[str, Any] = orjson.loads(result.value)
    return data
