"""One consumer object in a group, from its connection to its end. The member replaces it when it fails.

All that reaches into the client library's insides for the group is here. The library sends a commit with whatever
generation it has just then: with none at all after it was expelled, which the brokers take as long as the group is
empty, and with a newer one when it repeats a commit after a rebalance. So whoever commits compares `membership`
before and afterwards. Nor do brokers look whether the partition is the member's: that is for the caller, too.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, Protocol, Self

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from typing_extensions import override

from bridge.kafka.client_options import ClientOptions, client_arguments
from bridge.kafka.client_start import start_client
from bridge.kafka.reader import TopicUnknown

SESSION_TIMEOUT_MS = 6_000
# A process that is dead or frozen loses its partitions after this; the least that brokers allow by default.
HEARTBEAT_INTERVAL_MS = 2_000
# Two may be lost before the session ends. It is also how late a member may learn of a rebalance.
REBALANCE_TIMEOUT_MS = 22_000
# For a member to come back to a rebalance: the notice by heartbeat (2 s), handing back (18 s), and 2 s for the join.
MAX_POLL_INTERVAL_MS = 30_000
# The fetch loop turns five times a second. When it has not for this long it is broken, although heartbeats go on, and
# the member leaves: its partitions are better off elsewhere.
REQUEST_TIMEOUT_MS = 30_000
# The brokers hold a join back until all members have come, so it must be longer than the rebalance may take.
FETCH_MAX_WAIT_MS = 100
# A partition that is resumed is asked for with the next fetch only, and other questions to the same broker wait behind
# the one under way. Ten empty answers a second cost next to nothing.
MAX_PARTITION_FETCH_BYTES = 262_144
# Some hundred records of a partition at a time; a larger record comes all the same, alone.
MAX_RECORDS = 500
# What is delivered before other tasks have their turn.
POLL_MS = 200
# How long a fetch without records waits, paused partitions included.
METADATA_MAX_AGE_MS = 60_000
# How soon added partitions are seen by the group's leader.
CONNECT_WITHIN_S = 15.0
# To some broker, and to know the topic.
ABANDON_WITHIN_S = 1.0
# Once its connections are closed nothing is left to wait for.


class Membership(NamedTuple):
    """What the brokers check a commit against; generation -1: none."""

    member: str
    generation: int


class Rebalances(Protocol):
    """Who is told about rebalances."""

    def given(self, partitions: frozenset[int]) -> None:
        """Note what is assigned now, all of it paused. No heartbeats are sent until it returns."""

    async def taken(self) -> None:
        """Hand back all that was given. Heartbeats go on meanwhile."""


class GroupConsumer:
    """A connected consumer; a member of its group from `join` on. Its methods raise KafkaError."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._leaving = False
        self._fault: Exception | None = None

    @classmethod
    async def open(cls, options: ClientOptions, topic: str, group: str) -> Self:
        """Connect; KafkaError, OSError, ValueError, TopicUnknown when that fails. Leaves nothing behind."""
        session = cls(
            AIOKafkaConsumer(
                **client_arguments(options),
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",  # of what nobody has seen, nothing is passed over
                isolation_level="read_committed",
                partition_assignment_strategy=(RangePartitionAssignor,),
                session_timeout_ms=SESSION_TIMEOUT_MS,
                heartbeat_interval_ms=HEARTBEAT_INTERVAL_MS,
                rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
                max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
                request_timeout_ms=REQUEST_TIMEOUT_MS,
                fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
                max_partition_fetch_bytes=MAX_PARTITION_FETCH_BYTES,
                metadata_max_age_ms=METADATA_MAX_AGE_MS,
            ),
            topic,
        )
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                consumer = session._consumer
                await start_client(consumer, consumer._client, options)  # noqa: SLF001 - the library shows it nowhere else
                # Subscribing to a topic that is not there would ask for it by name, which creates it on some clusters.
                if topic not in await session._consumer.topics():
                    raise TopicUnknown(topic)  # noqa: TRY301 - the consumer is to be closed for it
        except BaseException:
            await session.close(ABANDON_WITHIN_S)
            raise
        return session

    def join(self, listener: Rebalances) -> None:
        """Begin to join the group; `listener` hears of each rebalance."""
        self._consumer.subscribe([self._topic], listener=_Listener(self, listener))

    @property
    def membership(self) -> Membership:
        """As whom a commit would be sent right now."""
        coordinator = self._consumer._coordinator  # noqa: SLF001 - the library shows the generation nowhere else
        return Membership(coordinator.member_id, coordinator.generation)

    async def fetch(self) -> Mapping[int, list[ConsumerRecord]]:
        """Give what has arrived of the partitions that are not paused, by partition; must not be cancelled.

        From the moment at which records leave the library until this returns no other task has its turn.
        """
        if self._fault is not None:
            raise self._fault
        fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_RECORDS)
        return {at.partition: records for at, records in fetched.items()}

    def flow_from(self, partition: int, offset: int) -> None:
        """Fetch a partition from an offset on; what was fetched before is dropped."""
        self._consumer.seek(self._at(partition), offset)
        self._consumer.resume(self._at(partition))

    def pause(self, partition: int) -> None:
        """Fetch no more of a partition."""
        self._consumer.pause(self._at(partition))

    def proceed(self, partition: int) -> None:
        """Go on where it was paused: what was fetched and not given is fetched again."""
        self._consumer.resume(self._at(partition))

    async def committed(self, partition: int) -> int | None:
        """Ask for the group's offset; tries for ever while Kafka is away."""
        offset: int | None = await self._consumer.committed(self._at(partition))
        return offset

    async def bounds(self, partition: int) -> tuple[int, int]:
        """Ask for a partition's first offset, and for the one behind its last record."""
        at = self._at(partition)
        # At once, as the answers wait for a fetch that is under way.
        beginning, end = await asyncio.gather(self._consumer.beginning_offsets([at]), self._consumer.end_offsets([at]))
        return beginning[at], end[at]

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Store offsets; CommitFailedError when the brokers do not know this member and generation."""
        await self._consumer.commit({self._at(partition): offset for partition, offset in offsets.items()})

    async def answers(self, within: float) -> bool:
        """Whether the group's coordinator answers in the given seconds; it may hold back while a join is under way."""
        if self._consumer._fetcher.error_future.done():  # noqa: SLF001 - a fetch would wait for records for ever
            raise KafkaError("the fetching task has ended")
        try:
            async with asyncio.timeout(within):
                await self.committed(0)
        except (KafkaError, TimeoutError):
            return False
        return True

    def leave(self) -> None:
        """Take nothing any more: whatever a rebalance brings until the end is passed on by it."""
        self._leaving = True

    async def close(self, within: float) -> None:
        """Leave the group and close; over within the given seconds and two more, never raises."""
        self.leave()
        client = self._consumer._client  # noqa: SLF001 - the library has no way to close within a time
        closing = asyncio.create_task(self._consumer.stop())
        await asyncio.wait({closing}, timeout=within)
        if not closing.done():
            # It waits for an answer. Without connections it gets none, and the brokers drop the member by its session.
            await client.close()
            await asyncio.wait({closing}, timeout=ABANDON_WITHIN_S)
            closing.cancel()
            await asyncio.wait({closing}, timeout=ABANDON_WITHIN_S)
        well = closing.done() and not closing.cancelled() and closing.exception() is None
        await self._end_tasks()
        if not well:
            await client.close()

    async def _end_tasks(self) -> None:
        """End what `stop` leaves at its first error; and take from failed tasks what nobody else has taken."""
        coordinator, fetcher = self._consumer._coordinator, self._consumer._fetcher  # noqa: SLF001 - see above
        tasks: set[asyncio.Task[object] | None] = set()
        if coordinator is not None:
            tasks |= {coordinator._coordination_task, coordinator._heartbeat_task, coordinator._commit_refresh_task}  # noqa: SLF001 - see above
        if fetcher is not None:
            tasks |= {fetcher._fetch_task, *fetcher._pending_tasks}  # noqa: SLF001 - see above
        left = [task for task in tasks if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _at(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the library publishes no types
    def __init__(self, session: GroupConsumer, rebalances: Rebalances) -> None:
        self._session = session
        self._rebalances = rebalances

    @override
    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._rebalances.taken()

    @override
    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        session = self._session
        partitions = frozenset(at.partition for at in assigned)
        for partition in partitions:
            session.pause(partition)
        if session._leaving:  # noqa: SLF001 - a part of the same
            return
        try:
            self._rebalances.given(partitions)
        except Exception as fault:  # noqa: BLE001 - the library would log it and go on, with partitions nobody minds
            session._fault = fault  # noqa: SLF001 - a part of the same
