"""The consumer of the command topic: what the router's frame is given in place of the client library's.

Anybody's records come here, so none may stop it: where the library cannot read a fetch, a second and patient way does.
And nothing may be passed that was not handed on: an offset is committed for all that was fetched so far, so after the
first failure nothing is fetched any more, and whoever keeps the consumer opens a new one, which begins at the last
commit.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, cast

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    KafkaError,
    UnsupportedCodecError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest

from bridge.kafka.client_options import ClientOptions, client_arguments
from bridge.kafka.client_start import start_client
from bridge.kafka.fetched_command import FetchedCommand
from bridge.kafka.raw_batches import RawBatches, RawRecord
from bridge.kafka.reader import KafkaUnreachable

log = structlog.get_logger(__name__)

POLL_MS: Final = 1_000
# How long a fetch waits for records; it returns with the first.
MOST_RECORDS: Final = 500
# Handed on at once, and repeated after a crash.
PARTITION_BYTES: Final = 1_048_576
# Of each partition at once; a batch that is larger comes all the same.
_SILENT_FOR_S: Final = 60.0
# A fetch loop that has not turned for a minute will not turn again by itself.
_CLOSE_WITHIN_S: Final = 5.0
# Leaving the group is a courtesy: without it the others wait for the session to end.
_SETTINGS: Final[Mapping[str, object]] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",  # what came before the first commit is to be handed on, too
    "isolation_level": "read_committed",  # what its sender has taken back is no command
    "partition_assignment_strategy": (RangePartitionAssignor,),
    "session_timeout_ms": 6_000,
    "heartbeat_interval_ms": 2_000,
    "rebalance_timeout_ms": 20_000,
    "max_partition_fetch_bytes": PARTITION_BYTES,
    "request_timeout_ms": 10_000,
    "metadata_max_age_ms": 60_000,
}


class CommandConsumer:
    """One member of the router's group, from its start to its first failure.

    `now` is a monotonic clock in seconds; `commit_unstored` is called when Kafka has not taken a commit. `broken` is
    done with a sentence after that failure, or once `give_up` was called.
    """

    def __init__(
        self, options: ClientOptions, group: str, now: Callable[[], float], commit_unstored: Callable[[], None]
    ) -> None:
        self._options = options
        self._consumer = AIOKafkaConsumer(**_SETTINGS, **client_arguments(options), group_id=group)
        self._now = now
        self._polled = now()
        self.joined = False
        self._commit_unstored = commit_unstored
        self.broken: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        """Connect. Raises KafkaUnreachable."""
        try:
            consumer = self._consumer
            await start_client(consumer, consumer._client, self._options)  # noqa: SLF001 - the library shows it nowhere else
        except (KafkaError, OSError) as error:
            raise KafkaUnreachable(str(error) or type(error).__name__) from error

    def subscribe(self, topics: Collection[str], **_: object) -> None:
        """Ask for a share of the topics' partitions."""
        self._consumer.subscribe(topics=topics, listener=_Membership(self))

    async def getmany(self, **_: object) -> Mapping[TopicPartition, Sequence[FetchedCommand]]:
        """Return what comes next, or nothing after `POLL_MS`; the records before count as handled from now on.

        Raises ConsumerStoppedError once it is broken.
        """
        self._polled = self._now()
        if not self.broken.done():
            try:
                return await self._fetched()
            except ConsumerStoppedError:
                self.give_up("closed")
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody else would hear of it
                # Only Kafka's words are known to hold nothing of a record.
                told = str(error) if isinstance(error, KafkaError) else type(error).__name__
                log.warning("the router's consumer is replaced", error=told)
                self.give_up(told)
        raise ConsumerStoppedError

    async def commit(self) -> None:
        """Note that all was handled that was fetched. Without success it comes again; never raises."""
        try:
            await self._consumer.commit()
        except KafkaError as error:
            # Mostly: the partitions are somebody else's by now.
            self._commit_unstored()
            log.warning("commands will be read again", error=f"{type(error).__name__}: {error}")

    def give_up(self, reason: str) -> None:
        """Fetch nothing any more, so that nothing is committed beyond what was handed on."""
        if not self.broken.done():
            self.broken.set_result(reason)

    def problem(self) -> str | None:
        """Say why no commands are fetched; None while all is well."""
        if self.broken.done():
            return self.broken.result()
        if not self.joined:
            return "it has not joined its group yet"
        silent_for = self._now() - self._polled
        return f"it has not fetched for {silent_for:.0f} s" if silent_for > _SILENT_FOR_S else None

    async def stop(self) -> None:
        """Leave the group and close, within seconds. Never raises."""
        self.give_up("closed")
        try:
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._consumer.stop()
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("the router's consumer did not close", error=type(error).__name__)

    async def _fetched(self) -> Mapping[TopicPartition, Sequence[FetchedCommand]]:
        try:
            batches = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
        except (UnicodeDecodeError, CorruptRecordException, UnsupportedCodecError) as error:
            log.info("commands are read the slow way", error=type(error).__name__)
            return await self._patiently_fetched()
        return {
            partition: [
                FetchedCommand(
                    record.topic,
                    record.partition,
                    record.offset,
                    record.timestamp,
                    record.timestamp_type == 1,
                    record.headers,
                    record.value,
                )
                for record in records
            ]
            for partition, records in batches.items()
        }

    async def _patiently_fetched(self) -> Mapping[TopicPartition, Sequence[FetchedCommand]]:
        """Read some of every partition, from the last commit on: what the failed fetch had taken is lost with it."""
        partitions = self._consumer.assignment()
        most = max(1, MOST_RECORDS // max(1, len(partitions)))
        starts = {partition: await self._consumer.committed(partition) for partition in partitions}
        beginnings = await self._consumer.beginning_offsets(list(partitions))
        fetched = {}
        for partition in partitions:
            start = max(starts[partition] or 0, beginnings[partition])
            records = await self._stored(partition, start)
            taken = [record for _, record in zip(range(most), records, strict=False)]
            self._consumer.seek(partition, records.next_fetch_offset)
            if taken:
                fetched[partition] = taken
        return fetched

    async def _stored(self, partition: TopicPartition, start: int) -> "_Records":
        client = self._consumer._client  # noqa: SLF001 - the library has no public way to the bytes of a fetch
        topics = [(partition.topic, [(partition.partition, start, PARTITION_BYTES)])]
        request = FetchRequest(0, 1, PARTITION_BYTES, READ_COMMITTED, topics)
        response = await client.send(client.cluster.leader_for_partition(partition), request)
        ((_, ((_, code, _, *rest),)),) = response.topics
        if code:
            raise for_code(code)
        # From version 11 on a preferred replica stands between these and the batches, which are last.
        aborted = rest[2] if response.API_VERSION >= 11 else rest[-2]
        return _Records(partition, RawBatches(rest[-1]), aborted, start, None, None, True, READ_COMMITTED)  # noqa: FBT003 - by position alone


class _Records(PartitionRecords):  # type: ignore[misc]  # the library has no types
    """The library's way through batches, past those that their senders have taken back."""

    def _consumer_record(self, tp: TopicPartition, record: RawRecord) -> FetchedCommand:
        offset, timestamp, timestamp_type, _, value, headers, problem = record
        return FetchedCommand(
            cast("str", tp.topic),
            cast("int", tp.partition),
            offset,
            timestamp,
            timestamp_type == 1,
            headers,
            value,
            problem,
        )


class _Membership(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    def __init__(self, consumer: CommandConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, _: Collection[TopicPartition]) -> None:
        self._consumer.joined = False

    async def on_partitions_assigned(self, _: Collection[TopicPartition]) -> None:
        self._consumer.joined = True
