"""Those who send commands and read results: plain Kafka clients, which know the contract and nothing of the bridge."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.drills.judge import Answer

SOURCE = "/drills"
LAST_WITHIN_S = 30.0
# For reading what is there at the end; it takes a moment, unless the broker is not there.


class Sender:
    """Publishes commands. While Kafka is away a command waits, and has the time of its append."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)

    async def start(self) -> None:
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()

    async def send(
        self,
        topic: str,
        connection: str,
        id_: str,
        type_: str,
        data: Mapping[str, object],
        *,
        partition: int | None = None,
    ) -> int:
        """Publish a CloudEvent in binary mode; return its append time in epoch milliseconds."""
        attributes = {"specversion": "1.0", "id": id_, "source": SOURCE, "type": type_, "connection": connection}
        headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
        stored = await self._producer.send_and_wait(
            topic, json.dumps(data).encode(), key=id_.encode(), headers=headers, partition=partition
        )
        return int(stored.timestamp)


class Results:
    """Everything in the results topic that is committed, read on while the drill goes on."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self.answers: list[Answer] = []
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._bootstrap = bootstrap
        self._reading: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begin to read, unless it has begun; the topic has to be there."""
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
                await self._take(consumer)
            ends = await consumer.end_offsets(self._partitions)
            async with asyncio.timeout(LAST_WITHIN_S):
                for partition, end in ends.items():
                    while await consumer.position(partition) < end:
                        await self._take(consumer)
        finally:
            await consumer.stop()

    async def _take(self, consumer: AIOKafkaConsumer) -> None:
        fetched: Mapping[TopicPartition, Sequence[Any]] = await consumer.getmany(timeout_ms=200)
        for records in fetched.values():
            self.answers += [_answer(record) for record in records]


def _answer(record: Any) -> Answer:
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in record.headers}
    data = json.loads(record.value)
    identity = attributes["connection"], attributes["commandsource"], attributes["commandid"]
    if attributes["type"] == "pbx.command.resolved.v1":
        return Answer("resolved", identity, data["outcome"], record.timestamp, call_id=data["call_id"])
    assert attributes["type"] == "pbx.command.result.v1"
    return Answer(
        "result",
        identity,
        data["status"],
        record.timestamp,
        accepted_ms=_ms(data["accepted_time"]),
        finished_ms=_ms(data["finished_time"]),
    )


def _ms(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)
