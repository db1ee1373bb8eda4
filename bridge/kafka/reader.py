"""Following topics without a consumer group: for people, demos and tests. Nothing is committed."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from bridge.kafka.client_options import ClientOptions, client_arguments
from bridge.kafka.client_start import start_client

_POLL_MS = 200
# How long one fetch waits for records: how soon a follower notices that it is to stop.
_ASSIGNED_WITHIN_S = 10.0
# Without a group the assignment is made from the cluster's metadata alone, within a round trip.
_LOOK_EVERY_S = 0.02
_SILENT_FOR_S = 15.0
# A reader that is to come to an end gives up when nothing has come for so long: a broker's restart takes some seconds.


class ReadRecord(NamedTuple):
    """A record as it lies in its topic; `timestamp_ms` is the broker's append time."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class TopicUnknown(Exception):
    """None of the topics exists; the text names them."""


class KafkaUnreachable(Exception):
    """No broker answered, or none let us in; the sentence says what the client said."""


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise KafkaUnreachable("no answer in time") from error
    except KafkaError as error:
        raise KafkaUnreachable(str(error) or type(error).__name__) from error


class TopicReader:
    """Reads all partitions of some topics, read_committed, from a moment or from now on."""

    def __init__(self, options: ClientOptions) -> None:
        self._options = options
        self._consumer = AIOKafkaConsumer(
            **client_arguments(options),
            isolation_level="read_committed",
            enable_auto_commit=False,
            group_id=None,
            auto_offset_reset="earliest",  # of a partition that is added later, nothing is passed over
        )

    async def __aenter__(self) -> Self:
        """Connect; raises KafkaUnreachable."""
        try:
            consumer = self._consumer
            await start_client(consumer, consumer._client, self._options)  # noqa: SLF001 - the library shows it nowhere else
        except KafkaError as error:
            await self._consumer.stop()
            raise KafkaUnreachable(str(error) or type(error).__name__) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def follow(self, topics: Iterable[str], since_ms: int | None) -> None:
        """Stand at the first record appended at `since_ms` (epoch milliseconds) or later, or behind the last one.

        Raises TopicUnknown when none of the topics exists; those that do not exist are left out. KafkaUnreachable.
        """
        wanted = dict.fromkeys(topics, since_ms)
        with _reachable():
            existing = wanted.keys() & await self._consumer.topics()
            if not existing:
                raise TopicUnknown(", ".join(sorted(wanted)))
            await self._follow(existing, wanted)

    async def follow_all(self, since_ms: Mapping[str, int]) -> None:
        """Stand at the first record of each topic that was appended at its time (epoch milliseconds) or later.

        Raises TopicUnknown when any of the topics does not exist. KafkaUnreachable.
        """
        with _reachable():
            if missing := since_ms.keys() - await self._consumer.topics():
                raise TopicUnknown(", ".join(sorted(missing)))
            await self._follow(set(since_ms), since_ms)

    async def _follow(self, existing: set[str], since_ms: Mapping[str, int | None]) -> None:
        self._consumer.subscribe(sorted(existing))
        async with asyncio.timeout(_ASSIGNED_WITHIN_S):
            # The client tells nobody when it has assigned.
            while {partition.topic for partition in self._consumer.assignment()} != existing:  # noqa: ASYNC110 - see above
                await asyncio.sleep(_LOOK_EVERY_S)
        partitions = list(self._consumer.assignment())
        ends = await self._consumer.end_offsets(partitions)
        starts: dict[TopicPartition, int] = dict(ends)
        times = {partition: ms for partition in partitions if (ms := since_ms[partition.topic]) is not None}
        if times:
            found = await self._consumer.offsets_for_times(times)
            starts.update({partition: at.offset for partition, at in found.items() if at is not None})
        for partition, offset in starts.items():
            self._consumer.seek(partition, offset)

    async def records(self) -> AsyncIterator[ReadRecord]:
        """Yield records as they come, for ever; the order holds within a partition.

        Outages are waited for. Raises KafkaUnreachable where one of the topics may not be read.
        """
        while True:
            try:
                fetched = await self._fetch()
            except TopicAuthorizationFailedError as error:
                raise KafkaUnreachable(str(error)) from error
            except KafkaError:
                await asyncio.sleep(_POLL_MS / 1000)  # the client reconnects by itself; its log tells
                continue
            for record in fetched:
                yield record

    async def fetch(self) -> list[ReadRecord]:
        """Give what has come, or nothing after a fifth of a second; must not be cancelled. Raises KafkaUnreachable."""
        with _reachable():
            return await self._fetch()

    async def passed(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Tell whether all that stands before some offsets has been given, or was no record. KafkaUnreachable."""
        with _reachable():
            return all([await self._consumer.position(partition) >= end for partition, end in ends.items()])

    @property
    def partitions(self) -> frozenset[TopicPartition]:
        """All partitions of the topics that are followed."""
        return frozenset(self._consumer.assignment())

    async def until_now(self) -> AsyncIterator[ReadRecord]:
        """Yield the records that are there by now, and end; the order holds within a partition.

        What belongs to a transaction that is still open does not count as there. Raises KafkaUnreachable.
        """
        partitions = list(self._consumer.assignment())
        with _reachable():
            ends: dict[TopicPartition, int] = await self._consumer.end_offsets(partitions)
        loop = asyncio.get_running_loop()
        positions: dict[TopicPartition, int] = {}
        moved_at = loop.time()
        while True:
            with _reachable():
                # A position passes what yields no record, too: aborted transactions, and the marks at their ends.
                before, positions = positions, {each: await self._consumer.position(each) for each in partitions}
                if all(positions[partition] >= end for partition, end in ends.items()):
                    return
                fetched = await self._fetch()
            if positions != before:
                moved_at = loop.time()
            elif loop.time() - moved_at > _SILENT_FOR_S:
                raise KafkaUnreachable(f"nothing came for {_SILENT_FOR_S:g} s")
            for record in fetched:
                if record.offset < ends[TopicPartition(record.topic, record.partition)]:
                    yield record

    async def _fetch(self) -> list[ReadRecord]:
        fetched = await self._consumer.getmany(timeout_ms=_POLL_MS)
        return [
            ReadRecord(
                record.topic,
                record.partition,
                record.offset,
                record.timestamp,
                record.key,
                record.value,
                tuple(record.headers),
            )
            for batch in fetched.values()
            for record in batch
        ]
