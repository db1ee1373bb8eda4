"""Those who publish commands and read results: plain Kafka clients that know the contract and nothing of the bridge."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

Kind = Literal["dial", "get-contact"]
DIAL: Final = "dial"
GET_CONTACT: Final = "get-contact"
PARTITIONS = 3
# Of the topics of commands and results: the bridge's default.


@dataclass
class Command:
    """A published command: its append time in epoch ms by the broker, and its result's status once there is one."""

    id: str
    kind: Kind
    connection: str
    appended_ms: int
    status: str | None = None


class Client:
    """Publishes commands, and knows which of them are answered. `on_result` is called with each that is."""

    def __init__(self, bootstrap: str, prefix: str, on_result: Callable[[Command], None] = lambda _: None) -> None:
        self.commands: dict[str, Command] = {}
        self.on_result = on_result
        self.twice = 0
        self._early: dict[str, str] = {}
        self._prefix = prefix
        self._ids = itertools.count(1)
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=262_144)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._producer.start()
        await self._consumer.start()
        self._consumer.assign([TopicPartition(f"{self._prefix}.results.v1", number) for number in range(PARTITIONS)])
        await self._consumer.seek_to_end()
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        await self._consumer.stop()
        await self._producer.stop()

    async def send(self, connection: str, kind: Kind, data: Mapping[str, object]) -> Command:
        """Publish a command."""
        id_ = f"{kind}-{next(self._ids)}"
        attributes = {
            "specversion": "1.0",
            "id": id_,
            "source": "/bench",
            "type": f"pbx.command.{kind}.v1",
            "connection": connection,
        }
        stored = await self._producer.send_and_wait(
            f"{self._prefix}.commands.v1",
            json.dumps(data).encode(),
            key=id_.encode(),
            headers=[(f"ce_{name}", text.encode()) for name, text in attributes.items()],
        )
        command = Command(id_, kind, connection, stored.timestamp)
        self.commands[id_] = command
        if id_ in self._early:
            self._answered(command, self._early.pop(id_))
        return command

    def open(self, connection: str, kind: Kind) -> int:
        """Count a connection's commands of a kind that have no result yet."""
        return sum(
            one.status is None and one.kind == kind and one.connection == connection for one in self.commands.values()
        )

    def statuses(self, kind: Kind) -> Counter[str | None]:
        """Count the commands of a kind by the status of their results."""
        return Counter(one.status for one in self.commands.values() if one.kind == kind)

    def _answered(self, command: Command, status: str) -> None:
        if command.status is not None:
            self.twice += 1
            return
        command.status = status
        self.on_result(command)

    async def _read(self) -> None:
        async for record in self._consumer:
            attributes = dict(record.headers)
            if attributes["ce_type"] != b"pbx.command.result.v1":
                continue
            id_, status = attributes["ce_commandid"].decode(), json.loads(record.value)["status"]
            if id_ in self.commands:
                self._answered(self.commands[id_], status)
            else:
                # The result was quicker than the acknowledgement of its command.
                self._early[id_] = status
