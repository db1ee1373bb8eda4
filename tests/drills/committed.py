"""Reading all that is committed in some partitions, on and on while a drill goes on: a plain client."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

LAST_WITHIN_S = 30.0
# For reading what is there at the end; it takes a moment, unless the broker is not there.
LOOK_EVERY_MS = 200
# How soon a reader notices that it is to stop.

Take = Callable[[str, Sequence[Any]], None]
"""Takes records of a topic, in their order within a partition."""


class CommittedReader:
    """Reads partitions, given as (topic, number), from their beginning."""

    def __init__(self, bootstrap: str, partitions: Sequence[tuple[str, int]], take: Take) -> None:
        self._bootstrap = bootstrap
        self._partitions = [TopicPartition(*one) for one in partitions]
        self._take = take
        self._reading: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begin to read, unless it has begun; the topics have to be there."""
        if self._reading is not None:
            return
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        consumer.assign(self._partitions)
        self._reading = asyncio.create_task(self._read(consumer))

    async def stop(self) -> None:
        """Read what is there by now, and stop; nothing happens when it has stopped, or never begun."""
        self._stopping = True
        if self._reading is not None:
            await self._reading

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        try:
            while not self._stopping:
                await self._fetch(consumer)
            ends = await consumer.end_offsets(self._partitions)
            async with asyncio.timeout(LAST_WITHIN_S):
                for partition, end in ends.items():
                    while await consumer.position(partition) < end:
                        await self._fetch(consumer)
        finally:
            await consumer.stop()

    async def _fetch(self, consumer: AIOKafkaConsumer) -> None:
        for partition, records in (await consumer.getmany(timeout_ms=LOOK_EVERY_MS)).items():
            self._take(partition.topic, records)
