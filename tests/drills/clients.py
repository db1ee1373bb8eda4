"""Those who send commands and read results: plain Kafka clients, which know the contract and nothing of the bridge."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from tests.drills.committed import CommittedReader
from tests.drills.judge import Answer

SOURCE = "/drills"


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


class Results(CommittedReader):
    """Everything in the results topic that is committed."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self.answers: list[Answer] = []
        super().__init__(bootstrap, [(topic, number) for number in range(partitions)], self._add)

    def _add(self, _topic: str, records: Sequence[Any]) -> None:
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
