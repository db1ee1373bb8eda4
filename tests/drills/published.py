"""What a read_committed reader finds in the topics of all events: a plain client, which knows the contract alone."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.drills.recovery_judge import EVENTS, Event

LAST_WITHIN_S = 30.0


class Published:
    """Reads from `start` on, in the background. `quarantined` counts what could not be understood."""

    def __init__(self, bootstrap: str, prefix: str, partitions: int) -> None:
        self.events: list[Event] = []
        self.quarantined = 0
        self._bootstrap = bootstrap
        self._quarantine = f"{prefix}.quarantine.v1"
        topics = [(f"{prefix}.{event}.v1", number) for event in EVENTS for number in range(partitions)]
        self._partitions = [TopicPartition(*one) for one in (*topics, (self._quarantine, 0))]
        self._reading: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begin to read; the topics have to be there."""
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
        """Read what is there by now, and stop."""
        self._stopping = True
        if self._reading is not None:
            await self._reading

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        try:
            while not self._stopping:
                await self._take(consumer)
            ends = await consumer.end_offsets(self._partitions)
            async with asyncio.timeout(LAST_WITHIN_S):
                for partition, end in ends.items():
                    while await consumer.position(partition) < end:
                        await self._take(consumer)
        finally:
            await consumer.stop()

    async def _take(self, consumer: AIOKafkaConsumer) -> None:
        fetched: Mapping[TopicPartition, Sequence[Any]] = await consumer.getmany(timeout_ms=500)
        for partition, records in fetched.items():
            if partition.topic == self._quarantine:
                self.quarantined += len(records)
            else:
                self.events += [_event(record) for record in records]


def _event(record: Any) -> Event:
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in record.headers}
    data = json.loads(record.value)
    name = attributes["type"].removeprefix("pbx.").removesuffix(".v1")
    return Event(
        name,
        attributes["connection"],
        attributes["subject"],
        attributes["id"],
        attributes["origin"],
        record.timestamp,
        attributes.get("hook"),
        (data["attempts"], data["last_contact"]) if name in {"lost-caller.added", "lost-caller.updated"} else None,
    )
