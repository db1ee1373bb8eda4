"""One producer object from its connection to its end. The publisher replaces it when it is spoilt.

All that reaches into the client library's insides is here, and `tests/kafka/test_producer_session.py` sees it work on
the installed release.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from bridge.kafka.client_options import ClientOptions, client_arguments
from bridge.kafka.client_start import start_client
from bridge.kafka.producer_batch import Batch

LINGER_MS = 0
# While one request is in flight the next batch fills anyway; lingering would be pure delay.
REQUEST_TIMEOUT_MS = 10_000
# A broker that is silent this long is taken for dead, and the batch goes to the partition's next leader.
RETRY_BACKOFF_MS = 100
# Ten tries a second while Kafka is away: it is found again at once, and a local refusal costs next to nothing.
METADATA_MAX_AGE_MS = 60_000
# The publisher asks every second by itself; this is for the case that it does not.
FLUSH_SHARE = 0.7
# Of the time for closing: the rest is for ending what could not be flushed.


@dataclass(frozen=True)
class SessionOptions:
    """What a producer object is made of: the connection, and the largest record in bytes, key and headers included."""

    client: ClientOptions
    max_record_bytes: int


class Session:
    """A started producer and its view of the cluster."""

    def __init__(self, producer: AIOKafkaProducer, max_record_bytes: int) -> None:
        self.producer = producer
        self.max_record_bytes = max_record_bytes
        self._client: AIOKafkaClient = producer.client
        # Empty means all, to the client library and here.
        self._followed: set[str] = set()
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, options: SessionOptions) -> Self:
        """Connect and get a producer id; KafkaError, OSError, ValueError when that fails. Leaves nothing behind."""
        producer = AIOKafkaProducer(
            **client_arguments(options.client),
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            retry_backoff_ms=RETRY_BACKOFF_MS,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
        )
        try:
            await start_client(producer, producer.client, options.client)
        except BaseException:
            await producer.stop()
            raise
        return cls(producer, options.max_record_bytes)

    async def refresh(self, topics: Iterable[str], within: float) -> bool:
        """Ask a broker for the cluster's state; false when none has answered in time (seconds).

        A topic is never asked for by its name before it is known to exist: that would create it, with the broker's
        defaults, on a cluster that creates topics by itself. While one is missing, all of the cluster are listed.
        """
        try:
            async with asyncio.timeout(within):
                if not await self._client.force_metadata_update():
                    return False
                present = set(filter(self.knows, topics))
                if self._followed and present != set(topics):
                    present |= (await self._client.fetch_all_metadata()).topics() & set(topics)
                if present and present != self._followed:
                    self._followed = present
                    await self._client.set_topics(present)
        except (TimeoutError, KafkaError):
            return False
        return True

    def knows(self, topic: str) -> bool:
        """Whether the topic was there at the last look."""
        return self._client.cluster.partitions_for_topic(topic) is not None

    def partitions(self, topic: str) -> int:
        """Give the number of partitions at the last look; 0 when the topic was not there."""
        return len(self._client.cluster.partitions_for_topic(topic) or ())

    def led(self, topic: str) -> bool:
        """Whether each partition of the topic had a leader at the last look."""
        cluster = self._client.cluster
        return bool(cluster.partitions_for_topic(topic)) and (
            cluster.available_partitions_for_topic(topic) == cluster.partitions_for_topic(topic)
        )

    def hand_over(self, batch: Batch, topic: str, partition: int) -> "asyncio.Future[object] | None":
        """Queue a batch; gives what is done when it is acknowledged, or fails when it is given up.

        The batch may take records until the sender has taken it. None: not queued, since the partition is not there
        or has a batch in the queue already. KafkaError: not queued, and this producer will never take one again.
        """
        # Where it is not there, the library would ask for the topic by its name, and with that create it.
        if partition not in (self._client.cluster.partitions_for_topic(topic) or ()):
            return None
        sending = self.producer.send_batch(batch, topic, partition=partition)
        # All that it could wait for is excluded by now, so it ends within its first step: no task is needed.
        try:
            sending.send(None)
        except StopIteration as queued:
            acknowledgement: asyncio.Future[object] = queued.value
            return acknowledgement
        sending.close()
        return None

    async def idle(self, within: float) -> bool:
        """Whether all batches queued so far have come to an end, whichever, in the given seconds."""
        try:
            async with asyncio.timeout(within):
                await self.producer.flush()
        except TimeoutError:
            return False
        return True

    async def close(self, within: float) -> None:
        """Send what can be sent, then end it all; over within the given seconds, never raises. May be called again.

        Nothing leaves afterwards: what was not acknowledged fails with a KafkaError, so a successor's records cannot
        be overtaken by a predecessor's that is acknowledged later.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self.producer.stop())
        closing = self._closing
        await asyncio.wait({closing}, timeout=within * FLUSH_SHARE)
        if not closing.done():
            await self._abandon(within * (1 - FLUSH_SHARE) / 2)
            await asyncio.wait({closing}, timeout=within * (1 - FLUSH_SHARE) / 2)
        if not closing.done():
            closing.cancel()
        elif not closing.cancelled():
            # A sender task that died of an error gives it to whoever waits for it; it was dealt with before.
            closing.exception()

    async def _abandon(self, within: float) -> None:
        """End the sender without a flush. The library has no such way: its `stop()` waits for Kafka to return."""
        sender: asyncio.Task[None] = self.producer._sender.sender_task  # noqa: SLF001 - see above
        sender.cancel()
        # It waits for its requests in flight, which may last until their time-out; a second cancel ends that, too.
        await asyncio.wait({sender}, timeout=within)
        sender.cancel()
        accumulator = self.producer._message_accumulator  # noqa: SLF001 - see above
        queued = [batch for batches in accumulator._batches.values() for batch in batches]  # noqa: SLF001 - see above
        # Each batch that was once sent removes itself from this set when it ends, and would fail if it were not in it.
        accumulator._pending_batches.update(queued)  # noqa: SLF001 - see above
        accumulator.fail_all(KafkaError("abandoned"))
        for batch in queued:
            if batch._drain_waiter.done():  # noqa: SLF001 - see above
                batch._drain_waiter.exception()  # noqa: SLF001 - nobody else will, and that would be logged
