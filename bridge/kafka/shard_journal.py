"""The journal on Kafka: a partition of a compacted topic per shard, written in fenced transactions.

Implements the port of `bridge.calls.journal`; the contract is described there. Opening a shard is steps 1 and 2 of a
take-over: InitProducerId, which ends the predecessor's transaction and fences it, and then the snapshot. Step 0, the
offset commit by which the group confirms that the shard is ours, comes before `open` and is not this module's: whoever
is not the owner must not come here, since opening takes the shard from the one who is.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from aiokafka.errors import KafkaError

from bridge.events.records import Record
from bridge.events.topics import journal_topic
from bridge.kafka.journal_group_commit import GroupCommit
from bridge.kafka.journal_producer import JournalOptions, JournalProducer, TopicMissing
from bridge.kafka.journal_records import Append, JournalAway, JournalRecord, LossCause, ShardLost, Snapshot, check
from bridge.kafka.journal_snapshot import read_snapshot

__all__ = ["JournalOptions", "KafkaJournal", "KafkaShard"]

log = structlog.get_logger(__name__)

OPEN_WITHIN_S = 10.0
# The brokers end a dead owner's transaction at once when asked; a coordinator that moves takes some seconds. Of the
# journal's reading it is how long nothing may come: however large a journal has grown, it can be read.
FINISH_WITHIN_S = 11.0
# For the appends that wait at a close: a little more than one transaction may take.
CLOSE_WITHIN_S = 2.0
# For a producer's end: with its transactions over it has nothing to flush.


class KafkaJournal:
    """Opens shards. `options` is asked for each open, so that changed credentials are taken up."""

    def __init__(self, options: Callable[[], JournalOptions]) -> None:
        self._options = options

    async def open(self, shard: int) -> tuple["KafkaShard", Snapshot]:
        """Take the shard over. JournalAway: 10 s without an answer; a predecessor may be fenced all the same."""
        now = asyncio.get_running_loop().time
        try:
            options = self._options()
            async with asyncio.timeout(OPEN_WITHIN_S) as limit:
                producer = await JournalProducer.open(options, shard, OPEN_WITHIN_S)
                try:
                    snapshot = await read_snapshot(
                        options.client,
                        journal_topic(options.prefix),
                        shard,
                        lambda: limit.reschedule(now() + OPEN_WITHIN_S),
                    )
                except BaseException:
                    await producer.end("closed", CLOSE_WITHIN_S)
                    raise
        except (KafkaError, TopicMissing, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise JournalAway(f"shard {shard}: {type(error).__name__}: {error}") from error
        return KafkaShard(producer, shard, options.max_record_bytes), snapshot


class KafkaShard:
    """A shard that is open for appends."""

    def __init__(self, producer: JournalProducer, shard: int, max_record_bytes: int) -> None:
        self._producer = producer
        self._shard = shard
        self._max_record_bytes = max_record_bytes
        self._group = GroupCommit(self._store)
        self._ending: asyncio.Task[None] | None = None

    @property
    def shard(self) -> int:
        """The shard's number."""
        return self._shard

    @property
    def epoch(self) -> str:
        """The producer's id and epoch, as the brokers gave them."""
        return self._producer.epoch

    async def append(self, records: Sequence[JournalRecord], publications: Sequence[Record] = ()) -> int:
        """Store as one, together with whatever else waits; gives the append time, epoch ms by the brokers' clock."""
        append = Append(tuple(records), tuple(publications))
        check(append, self._max_record_bytes)
        return await self._group.append(append)

    async def close(self) -> None:
        """Finish what waits and close the producer, within 13 s; at once when nothing waits. Never raises."""
        await self._group.close(FINISH_WITHIN_S)
        await asyncio.wait({self._end("closed")})

    async def _store(self, appends: Sequence[Append]) -> Sequence[int]:
        try:
            return await self._producer.store(appends)
        except ShardLost as lost:
            log.warning("a shard is lost", shard=self._shard, epoch=self.epoch, cause=lost.cause, error=lost.error)
            # The callers are told at once, and need not wait for the producer's end.
            _ = self._end(lost.cause)
            raise

    def _end(self, cause: LossCause) -> asyncio.Task[None]:
        if self._ending is None:
            self._ending = asyncio.create_task(self._producer.end(cause, CLOSE_WITHIN_S))
        return self._ending
