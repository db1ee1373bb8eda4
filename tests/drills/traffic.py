"""The commands of a drill, each in the books with the append time of its record, and what was answered to them."""

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.simulator import Simulator
from tests.drills.clients import SOURCE, Results, Sender
from tests.drills.judge import ANSWERED_WITHIN_MS, RESOLVED_WITHIN_MS, Answer, Command, Expected

DIAL, GET_CONTACT = "pbx.command.dial.v1", "pbx.command.get-contact.v1"
DIAL_TTL_MS, QUERY_TTL_MS = 30_000, 60_000
# The bridge's defaults, which the drills leave as they are.
LOOK_EVERY_S = 0.1
QUIET_S = 2.0
# After the last answer: what would come twice comes soon after it, or at the stop.
PATIENCE_MS = 5_000
# Beyond the time by which an answer has to be there; then it is missed, which the judge says.

_numbers = itertools.count(1)


@dataclass
class Traffic:
    """What passes through the two topics of one installation.

    `outage_s` is how long Kafka was away, or no worker ran: as much later may results come.
    """

    sender: Sender
    topic: str
    simulator: Simulator
    connections: Sequence[str]
    results: Results
    commands: list[Command] = field(default_factory=list)
    expected: dict[str, Expected] = field(default_factory=dict)
    outage_s: float = 0.0

    @staticmethod
    def number() -> str:
        """Give a telephone number that nothing else in this run has: the id of its command, too."""
        return f"3706{next(_numbers):07d}"

    async def dial(
        self,
        connection: str | None = None,
        *,
        number: str | None = None,
        expected: Expected | None = None,
        partitions: Sequence[int | None] = (None,),
    ) -> str:
        """Publish a dial, to several partitions at once if need be; return its number, which is its id as well."""
        number, connection = number or self.number(), connection or self.connections[0]
        if expected is not None:
            self.expected[number] = expected
        await self._publish(connection, number, DIAL, self.dial_data(connection, number), partitions)
        return number

    async def ask(self, connection: str, *, partitions: Sequence[int | None] = (None,)) -> str:
        """Publish a command that reads a contact; return its id."""
        id_ = f"question-{next(_numbers)}"
        await self._publish(connection, id_, GET_CONTACT, {"id": self._contact(connection)}, partitions)
        return id_

    async def dial_wrongly(self, connection: str) -> None:
        """Publish a dial that does not say whom to call."""
        number = self.number()
        self.expected[number] = Expected(frozenset({"invalid"}), frozenset({0}))
        await self._publish(connection, number, DIAL, {"destination": number}, (None,))

    async def send(
        self, connection: str, id_: str, type_: str, data: Mapping[str, object], partition: int | None = None
    ) -> int:
        """Publish a command without an entry in the books; return its append time in epoch milliseconds."""
        return await self.sender.send(self.topic, connection, id_, type_, data, partition=partition)

    def dial_data(self, connection: str, number: str) -> dict[str, object]:
        return {"contact_id": self._contact(connection), "destination": number}

    async def load(self, seconds: float, *, every_s: float, asks: int) -> None:
        """Publish for a while: on each connection in turn, one every so many seconds, a dial and some questions."""
        until = time.monotonic() + seconds
        sending: list[asyncio.Task[str]] = []
        for connection in itertools.cycle(self.connections):
            if time.monotonic() > until:
                break
            work = [self.dial(connection), *(self.ask(connection) for _ in range(asks))]
            sending += [asyncio.create_task(one) for one in work]
            await asyncio.sleep(every_s)
        await asyncio.gather(*sending)

    @property
    def answers(self) -> Sequence[Answer]:
        return self.results.answers

    def words(self, id_: str) -> list[str]:
        """Give what has been answered to a command so far."""
        return [answer.word for answer in self.answers if answer.identity[2] == id_]

    async def answered(self, id_: str, within_s: float = 60.0) -> None:
        """Wait for a command's result. Raises TimeoutError."""
        await until(lambda: bool(self.words(id_)), within_s, f"{id_} has no result")

    async def settled(self, resolved_within_ms: int = RESOLVED_WITHIN_MS) -> None:
        """Wait until every command has its result and every doubt its end, or is too late for it."""
        while self._waits_for(resolved_within_ms):  # noqa: ASYNC110 - the wait ends by time as well
            await asyncio.sleep(LOOK_EVERY_S)
        await asyncio.sleep(QUIET_S)

    async def _publish(
        self,
        connection: str,
        id_: str,
        type_: str,
        data: Mapping[str, object],
        partitions: Sequence[int | None],
    ) -> None:
        sending = (self.send(connection, id_, type_, data, partition) for partition in partitions)
        appended_ms = tuple(await asyncio.gather(*sending))
        dials = type_ == DIAL
        ttl_ms = DIAL_TTL_MS if dials else QUERY_TTL_MS
        self.commands.append(Command(connection, SOURCE, id_, id_ if dials else None, appended_ms, ttl_ms))

    def _waits_for(self, resolved_within_ms: int) -> list[str]:
        now_ms = time.time_ns() // 1_000_000
        results = {answer.identity: answer for answer in self.answers if answer.kind == "result"}
        resolved = {answer.identity for answer in self.answers if answer.kind == "resolved"}
        waits = []
        for command in self.commands:
            result = results.get(command.identity)
            if result is None:
                ends_ms = command.deadline_ms + ANSWERED_WITHIN_MS
            elif result.word == "in_doubt" and command.identity not in resolved:
                ends_ms = result.appended_ms + resolved_within_ms
            else:
                continue
            if now_ms < ends_ms + PATIENCE_MS + int(self.outage_s * 1000):
                waits.append(command.id)
        return waits

    def _contact(self, connection: str) -> int:
        return self.simulator.accounts[key_of(connection)].directory.staff[0].contact_id


def key_of(connection: str) -> str:
    """Give a connection's API key at the simulator."""
    return f"key-of-{connection}"


async def until(condition: Callable[[], bool], within_s: float, otherwise: str) -> None:
    """Wait for a condition; TimeoutError with a sentence when it does not come."""
    ends = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError(f"{otherwise} (within {within_s:.0f} s)")
        await asyncio.sleep(LOOK_EVERY_S)
