"""Groups of members on a topic of their own, and what each member's owner was told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from typing_extensions import override

from bridge.kafka.client_options import ClientOptions
from bridge.kafka.group_member import FetchedRecord, GroupMember, Ownership


class Said(NamedTuple):
    """What an owner was told, and when by the loop's clock."""

    at: float
    what: str
    partitions: frozenset[int]


class Owner(Ownership):
    """Notes what it is told; gives partitions up after `takes` seconds, or once `give_up` is set."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.takes = 0.0
        self.give_up: asyncio.Event | None = None
        self.on_revoked: Callable[[], object] = lambda: None

    def _note(self, what: str, partitions: frozenset[int]) -> None:
        self.said.append(Said(asyncio.get_running_loop().time(), what, partitions))

    @override
    def assigned(self, partitions: frozenset[int]) -> None:
        self._note("assigned", partitions)

    @override
    async def revoked(self, partitions: frozenset[int]) -> None:
        self._note("revoking", partitions)
        self.on_revoked()
        await asyncio.sleep(self.takes)
        if self.give_up is not None:
            await self.give_up.wait()
        self._note("revoked", partitions)

    def last(self, what: str) -> Said:
        """Give the last of its kind."""
        return [one for one in self.said if one.what == what][-1]

    @property
    def words(self) -> list[str]:
        """What it was told, in order."""
        return [one.what for one in self.said]


async def until(condition: Callable[[], bool], within: float = 10.0) -> float:
    """Wait for a condition; gives the seconds it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - brokers tell of a rebalance when they like
            await asyncio.sleep(0.01)
    return loop.time() - began


class Group:
    """A topic, a group on it, and its members."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self.bootstrap = bootstrap
        self.partitions = partitions
        self.topic = f"t{uuid4().hex[:12]}.work"
        self.name = f"{self.topic}.owners"
        self.members: list[GroupMember] = []

    def join(self, owner: Owner | None = None) -> tuple[GroupMember, Owner]:
        """Start a member that is stopped at the end."""
        owner = owner or Owner()
        options = ClientOptions(self.bootstrap)
        member = GroupMember(lambda: options, topic=self.topic, group=self.name, ownership=owner)
        member.start()
        self.members.append(member)
        return member, owner

    async def settled(self, *members: GroupMember, within: float = 10.0) -> list[frozenset[int]]:
        """Wait until these members have all partitions between them, and each once."""
        everything = list(range(self.partitions))

        def shared() -> bool:
            assigned = sorted(one for member in members for one in member.assignment)
            return assigned == everything and not any(member.problem() for member in members)

        await until(shared, within)
        return [member.assignment for member in members]

    async def create(self) -> None:
        """Create the topic; it is there for clients when this returns."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            answer = await admin.create_topics([NewTopic(self.topic, self.partitions, 1)])
            assert [code for _, code, _ in answer.topic_errors] == [0], answer
            async with asyncio.timeout(5.0):
                while self.topic not in await admin.list_topics():  # noqa: ASYNC110 - the broker tells nobody
                    await asyncio.sleep(0.02)
        finally:
            await admin.close()

    async def drop_before(self, offsets: Mapping[int, int]) -> None:
        """Delete what lies before the offsets, as retention does."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.delete_records(
                {TopicPartition(self.topic, number): RecordsToDelete(offset) for number, offset in offsets.items()}
            )
        finally:
            await admin.close()

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        """Give a producer."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", linger_ms=0)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def write(self, partition: int, count: int) -> None:
        """Append records that hold their number."""
        async with self.producer() as producer:
            sent = [await producer.send(self.topic, b"%d" % number, partition=partition) for number in range(count)]
            await asyncio.gather(*sent)

    @asynccontextmanager
    async def onlooker(self) -> AsyncIterator[AIOKafkaConsumer]:
        """Give a client that may ask for, and set, the group's offsets without being a member."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=self.name, enable_auto_commit=False, auto_offset_reset="none"
        )
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()

    async def committed(self, partition: int) -> int | None:
        """Ask for the group's offset."""
        async with self.onlooker() as consumer:
            offset: int | None = await consumer.committed(TopicPartition(self.topic, partition))
            return offset

    async def set_committed(self, partition: int, offset: int) -> None:
        """Set the offset of a group without members."""
        async with self.onlooker() as consumer:
            at = TopicPartition(self.topic, partition)
            consumer.assign([at])
            await consumer.commit({at: offset})


class Received:
    """Takes deliveries."""

    def __init__(self) -> None:
        self.records: list[FetchedRecord] = []

    def __call__(self, records: Sequence[FetchedRecord]) -> None:
        self.records.extend(records)

    @property
    def offsets(self) -> list[int]:
        """The offsets in the order of their arrival."""
        return [record.offset for record in self.records]
