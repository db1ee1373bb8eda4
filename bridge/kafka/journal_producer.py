"""One shard's transactional producer, from the fencing of its predecessor to its own end.

Stores a group of appends per transaction. The client library commits happily although a send has failed, knows no time
limit on a commit, and cannot be used again after a refusal: all three are dealt with here, and by nobody else.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced, TopicAuthorizationFailedError
from aiokafka.structs import RecordMetadata

from bridge.events.topics import journal_topic
from bridge.kafka.client_options import ClientOptions, client_arguments
from bridge.kafka.client_start import start_client
from bridge.kafka.journal_records import Append, LossCause, ShardLost
from bridge.kafka.partitioning import partition_of
from bridge.kafka.producer_batch import MAX_BATCH_BYTES
from bridge.kafka.producer_session import (
    LINGER_MS,
    METADATA_MAX_AGE_MS,
    REQUEST_TIMEOUT_MS,
    Session,
)

TRANSACTION_TIMEOUT_MS = 10_000
# After this the brokers end a dead owner's transaction by themselves; until then read_committed readers wait behind it.
TRANSACTION_WITHIN_S = TRANSACTION_TIMEOUT_MS / 1000
# Our own limit on the same: what took longer has been ended by the brokers, or its commit's outcome is unknown.
RETRY_BACKOFF_MS = 20
# Between two tries of InitProducerId while a predecessor's transaction is ended, which takes some milliseconds.
ABORT_WITHIN_S = 1.0
# An abort is a courtesy to readers, who would else wait for the next open; the next open does the same.
LOG_APPEND_TIME: Final = 1
# What the client library calls a time given by the broker; 0 is a time given by us.


@dataclass(frozen=True)
class JournalOptions:
    """An installation's journal: `publish_to` are the topics of all publications, which must exist.

    `max_record_bytes` bounds each record, key and headers included; the topics take at least that much.
    """

    client: ClientOptions
    prefix: str
    publish_to: tuple[str, ...]
    max_record_bytes: int


class _Sent(NamedTuple):
    """The acknowledgements of one append: of its journal records, whose time counts, and of the rest."""

    records: list["asyncio.Future[RecordMetadata]"]
    publications: list["asyncio.Future[RecordMetadata]"]


class TopicMissing(Exception):
    """A topic, or the shard's partition of the journal, does not exist."""


def _by_key(key: bytes, partitions: Sequence[int], _available: Sequence[int]) -> int:
    return partition_of(key, len(partitions))


class JournalProducer:
    """A shard's producer; no two calls of `store` may overlap."""

    def __init__(self, session: Session, topic: str, shard: int) -> None:
        self._session = session
        self._producer: AIOKafkaProducer = session.producer
        self._topic = topic
        self._shard = shard
        self._transactions = self._producer._txn_manager  # noqa: SLF001 - the library shows the epoch nowhere else
        self.epoch = f"{self._transactions.producer_id}.{self._transactions.producer_epoch}"

    @classmethod
    async def open(cls, options: JournalOptions, shard: int, within: float) -> Self:
        """Connect, end the predecessor's transaction and fence it. KafkaError, OSError, ValueError, TopicMissing."""
        producer = AIOKafkaProducer(
            **client_arguments(options.client),
            transactional_id=transactional_id(options.prefix, shard),
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            acks="all",
            linger_ms=LINGER_MS,
            max_batch_size=MAX_BATCH_BYTES,
            max_request_size=options.max_record_bytes,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            retry_backoff_ms=RETRY_BACKOFF_MS,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
            partitioner=_by_key,
        )
        topic = journal_topic(options.prefix)
        try:
            await start_client(producer, producer.client, options.client)
            session = Session(producer, options.max_record_bytes)
            await _require(session, (topic, *options.publish_to), within)
            if shard not in await producer.partitions_for(topic):
                raise TopicMissing(f"{topic}, partition {shard}")  # noqa: TRY301 - the producer is to be stopped for it
        except BaseException:
            await producer.stop()
            raise
        return cls(session, topic, shard)

    async def store(self, appends: Sequence[Append]) -> Sequence[int]:
        """Store the appends in one transaction; give the time of each, epoch milliseconds. ShardLost is final."""
        sent: list[_Sent] = []
        committing = False
        try:
            async with asyncio.timeout(TRANSACTION_WITHIN_S):
                await self._producer.begin_transaction()
                for append in appends:
                    await self._send(append, sent)
                # Each of them: a commit does not fail when a send has failed, it commits the rest.
                await asyncio.gather(*_futures(sent))
                times = [_time(one) for one in sent]
                committing = True
                await self._producer.commit_transaction()
        except TimeoutError as error:
            raise ShardLost("unknown" if committing else "away") from error
        except (KafkaError, AssertionError) as error:  # the library asserts the states of its transactions
            cause = judge(error, committing=committing)
            raise ShardLost(cause, _named(self._failure() or error.__cause__ or error)) from error
        finally:
            for future in _futures(sent):
                future.cancel()
                _retrieve(future)
        return times

    async def _send(self, append: Append, sent: list[_Sent]) -> None:
        one = _Sent([], [])
        sent.append(one)
        for key, value in append.records:
            one.records.append(await self._producer.send(self._topic, value, key, partition=self._shard))
        for topic, key, value, headers in append.publications:
            one.publications.append(await self._producer.send(topic, value, key, headers=headers))

    def _failure(self) -> BaseException | None:
        """Give what the transaction as a whole has failed with, of which its sends' failures are consequences."""
        ended: asyncio.Future[None] | None = self._transactions.wait_for_transaction_end()
        return ended.exception() if ended is not None and ended.done() and not ended.cancelled() else None

    async def end(self, cause: LossCause, within: float) -> None:
        """Close the producer within the given seconds, whatever state it is in; never raises."""
        # An abort puts another future in the place of one that has failed.
        _retrieve(self._transactions.wait_for_transaction_end())
        if cause == "refused":
            try:
                async with asyncio.timeout(ABORT_WITHIN_S):
                    await self._producer.abort_transaction()
            except (KafkaError, AssertionError, TimeoutError):
                pass  # The next open ends it.
        await self._session.close(within)
        _retrieve(self._transactions.wait_for_transaction_end())
        accumulator = self._producer._message_accumulator  # noqa: SLF001 - the library keeps these to itself
        for batches in accumulator._batches.values():  # noqa: SLF001 - see above
            for batch in batches:
                _retrieve(batch._drain_waiter)  # noqa: SLF001 - see above


def transactional_id(prefix: str, shard: int) -> str:
    """Give the id under which the brokers know a shard's owner; two installations have two prefixes."""
    return f"{prefix}.shard-{shard}"


def judge(error: Exception, *, committing: bool) -> LossCause:
    """Say what an error of the client library means for the shard; `committing`: the commit was asked for."""
    if isinstance(error, ProducerFenced | InvalidProducerEpoch):
        return "fenced"
    return "unknown" if committing else "refused"


def _named(error: BaseException) -> str:
    kind = type(error).__name__
    # Which topics these are nobody could guess, as a transaction may publish to all of them.
    match error:
        case TopicAuthorizationFailedError(args=[str() as topic]):
            return f"{kind}: {topic}"
        case TopicAuthorizationFailedError(args=[set() as topics]):
            return f"{kind}: {', '.join(sorted(topics))}"
        case _:
            return kind


def _retrieve(future: "asyncio.Future[object] | None") -> None:
    """Take the failure from a future that a fenced producer leaves to nobody: it would be logged as never retrieved."""
    if future is not None and future.done() and not future.cancelled():
        future.exception()


async def _require(session: Session, topics: Sequence[str], within: float) -> None:
    # Sending to a topic that is not there would ask for it by name, which creates it on some clusters.
    await session.refresh(topics, within)
    if missing := [topic for topic in topics if not session.knows(topic)]:
        raise TopicMissing(", ".join(missing))


def _time(sent: _Sent) -> int:
    metadata = [future.result() for future in sent.records]
    if any(one.timestamp_type != LOG_APPEND_TIME for one in metadata):
        raise KafkaError("the journal's message.timestamp.type is not LogAppendTime")
    return max(int(one.timestamp) for one in metadata)


def _futures(sent: Iterable[_Sent]) -> list["asyncio.Future[RecordMetadata]"]:
    return [future for one in sent for future in (*one.records, *one.publications)]
