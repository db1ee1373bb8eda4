"""Ending the doubts of owned shards: in virtual time, with everything around in trouble, and once on a real broker."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from uuid import uuid4

import orjson
import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bridge.calls.dial_states import KnownCommand, Resolution
from bridge.calls.doubts import ObservedCall
from bridge.calls.journal_values import Intent, Verdict
from bridge.calls.owned_commands import OwnedCommands
from bridge.calls.progress import Progress
from bridge.commands.doubt_watch import Answer, DoubtWatch, call_events
from bridge.commands.observed_calls import CALL_EVENTS
from bridge.commands.open_doubts import Ask
from bridge.events.topics import event_topic
from bridge.ingress.intake import Intake
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.local import LocalKafka
from bridge.kafka.producer_session import SessionOptions
from bridge.kafka.publisher import Publisher
from bridge.kafka.reader import ReadRecord
from bridge.kafka.topic_admin import prepare
from bridge.kafka.topic_table import TopicKind, TopicOptions
from bridge.pbx.numbers import e164_reader

S = 1000
NOW_MS = 1_508_189_219 * S
# 2017-10-16T21:26:59Z
NUMBER = "+37060000000"


class Time:
    """Virtual time: it passes when everybody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self.seconds + seconds, next(self._order), woken))
        await woken

    async def until(self, moment: float) -> None:
        """Let time pass, moment by moment."""
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= moment:
            self.seconds, _, woken = heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await self.settle()
        self.seconds = moment

    @staticmethod
    async def settle() -> None:
        """Let everybody do what can be done now."""
        for _ in range(10):
            await asyncio.sleep(0)


def started(call_id: int, appended_s: float, connection: str = "acme", contact: int = 224) -> ReadRecord:
    data = {"call_id": call_id, "contact_id": contact, "destination": NUMBER}
    headers = {"specversion": "1.0", "id": "1", "source": "/", "type": "pbx.call.started.v1", "connection": connection}
    return ReadRecord(
        topic="pbx.call.started.v1",
        partition=0,
        offset=0,
        timestamp_ms=NOW_MS + int(appended_s * S),
        key=None,
        value=orjson.dumps(data),
        headers=tuple((f"ce_{name}", text.encode()) for name, text in headers.items()),
    )


class Events:
    """The event topics: `records` come at their time, in order. Or Kafka is away."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.records: list[ReadRecord] = []
        self.away = False
        self.since: list[float] = []
        self.reading = 0

    async def __call__(self, since_ms: int) -> AsyncGenerator[ReadRecord, None]:
        self.since.append((since_ms - NOW_MS) / S)
        self.reading += 1
        try:
            position = 0
            while not self.away:
                now_ms = NOW_MS + self._time.seconds * S
                while position < len(self.records) and self.records[position].timestamp_ms <= now_ms:
                    if self.records[position].timestamp_ms >= since_ms:
                        yield self.records[position]
                    position += 1
                await self._time.sleep(0.25)
            raise ConnectionError("no broker")
        finally:
            self.reading -= 1


@dataclass
class Shard:
    """A shard that is owned; what it is told to store is stored after `takes` seconds."""

    time: Time
    commands: OwnedCommands
    takes: float = 0.1
    history: Sequence[ObservedCall] | None = ()
    broken: bool = False
    asked: list[tuple[float, str]] = field(default_factory=list)
    ended: dict[str, tuple[float, Resolution]] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def now_ms(self) -> int:
        if self.broken:
            raise LookupError("a fault")
        return NOW_MS + int(self.time.seconds * S)

    def ask_history(self, ask: Ask, answer: Answer) -> None:
        self.asked.append((self.time.seconds, ask.connection))

        async def later() -> None:
            await self.time.sleep(self.takes)
            answer(self.history)

        self.tasks.append(asyncio.create_task(later()))

    def end_doubt(self, identity: str, resolution: Resolution) -> None:
        assert identity not in self.ended
        self.ended[identity] = self.time.seconds, resolution

        async def later() -> None:
            await self.time.sleep(self.takes)
            resolved = replace(self.commands.doubts[identity], resolved=resolution.outcome, call_id=resolution.call_id)
            self.commands.resolve(identity, resolved)

        self.tasks.append(asyncio.create_task(later()))


def doubt(at_s: float = 0, connection: str = "acme", contact: int = 224) -> Verdict:
    sent_ms = NOW_MS + int(at_s * S)
    intent = Intent(connection, "crm", "7", sent_ms - 100, contact, NUMBER, slot=0)
    return Verdict(connection, dial=True, status="in_doubt", accepted_ms=sent_ms - 100, intent=intent, sent_ms=sent_ms)


@dataclass
class World:
    """A watch, its events, and its time."""

    time: Time
    events: Events
    watch: DoubtWatch

    def shard(self, **known: KnownCommand) -> Shard:
        """Take a shard over."""
        shard = Shard(self.time, OwnedCommands(known, Progress(0)))
        self.watch.add(shard)
        return shard


@asynccontextmanager
async def watching() -> AsyncIterator[World]:
    time = Time()
    events = Events(time)
    watch = DoubtWatch(events, lambda _: e164_reader("LT"), time.sleep)
    watch.start()
    yield World(time, events, watch)
    await watch.stop()
    assert events.reading == 0


@pytest.mark.asyncio
async def test_a_call_in_the_events_ends_a_doubt_within_seconds() -> None:
    """Whether it came before the doubt was known, or comes later."""
    async with watching() as world:
        world.events.records = [started(5, 1)]
        shard = world.shard(before=doubt(0), later=doubt(0, contact=300))
        await world.time.until(3)
        assert shard.ended == {"before": (2, Resolution("call_observed", 5))}
        world.events.records.append(started(6, 7.5, contact=300))
        await world.time.until(9)
        assert shard.ended["later"] == (8, Resolution("call_observed", 6))
        assert shard.asked == []


@pytest.mark.asyncio
async def test_the_events_are_read_only_while_a_doubt_is_open() -> None:
    """From before the oldest dial, since older dials claim calls, too; and not again for each new doubt."""
    async with watching() as world:
        shard = world.shard()
        await world.time.until(100)
        assert (world.events.since, world.watch.known_from_ms) == ([], None)
        shard.commands.conclude(0, "a", doubt(90))
        await world.time.until(120)
        shard.commands.conclude(1, "b", doubt(105))
        await world.time.until(150)
        assert world.events.since == [90 - 380]
        world.events.records = [started(5, 150), started(6, 150)]
        await world.time.until(155)
        assert shard.commands.doubts == {}
        assert (world.events.reading, world.watch.known_from_ms) == (0, None)
        shard.commands.conclude(2, "c", doubt(200))
        await world.time.until(210)
        assert world.events.since == [90 - 380, 200 - 380]


@pytest.mark.asyncio
async def test_a_call_that_came_before_its_doubt_is_known_without_reading_again() -> None:
    """A dial may take a quarter of a minute to fail, while later ones fail at once, and its call be over by then."""
    async with watching() as world:
        world.events.records = [started(5, 6)]
        shard = world.shard(first=doubt(10, contact=300))
        await world.time.until(20)
        shard.commands.conclude(1, "second", doubt(5))
        await world.time.until(22)
        assert shard.ended == {"second": (21, Resolution("call_observed", 5))}
        assert len(world.events.since) == 1


@pytest.mark.asyncio
async def test_a_shard_with_older_doubts_has_the_events_read_again() -> None:
    """From further back; but not the events of days, since the history knows old calls."""
    async with watching() as world:
        world.shard(young=doubt(0))
        await world.time.until(2)
        older = world.shard(older=doubt(-1000, connection="other"))
        oldest = world.shard(oldest=doubt(-90_000, connection="third"))
        await world.time.until(3)
        assert world.events.since == [-380, -1380]
        assert world.events.reading == 1
        await world.time.until(20)
        assert [*older.asked, *oldest.asked] == [(3, "other"), (3, "third")]
        assert older.ended["older"] == oldest.ended["oldest"] == (8, Resolution("not_observed"))


@pytest.mark.asyncio
async def test_without_kafka_the_history_ends_doubts() -> None:
    """And the reading is tried again until it works; the log says once that it failed, and once that it works."""
    async with watching() as world:
        world.events.away = True
        shard = world.shard(a=doubt(0), b=doubt(200, contact=300))
        with capture_logs() as logs:
            await world.time.until(29)
            shard.history = [ObservedCall(5, 224, NUMBER, NOW_MS)]
            await world.time.until(60)
            assert shard.ended == {"a": (31, Resolution("call_observed", 5))}
            world.events.away = False
            world.events.records = [started(6, 201, contact=300)]
            await world.time.until(205)
        assert shard.ended["b"][1] == Resolution("call_observed", 6)
        assert [line["log_level"] for line in logs] == ["warning", "info"]
        assert len(world.events.since) > 10


@pytest.mark.asyncio
async def test_without_kafka_and_vendor_a_doubt_ends_in_time() -> None:
    """What can be said then is that nothing was observed."""
    async with watching() as world:
        world.events.away = True
        shard = world.shard(a=doubt(0))
        shard.history = None
        await world.time.until(300)
        assert shard.ended == {"a": (290, Resolution("not_observed"))}


@pytest.mark.asyncio
async def test_a_call_of_another_connection_explains_nothing() -> None:
    """Though it has the same contact and number."""
    async with watching() as world:
        world.events.records = [started(5, 1, connection="other")]
        shard, other = world.shard(a=doubt(0)), world.shard(b=doubt(0, connection="other"))
        await world.time.until(20)
        assert (shard.ended, list(other.ended)) == ({}, ["b"])


@pytest.mark.asyncio
async def test_a_shard_that_is_gone_is_left_alone() -> None:
    """Its answers may still come, and mean nothing; a shard may be removed twice."""
    async with watching() as world:
        shard = world.shard(a=doubt(0))
        shard.takes = 10
        await world.time.until(35)
        assert shard.asked == [(30, "acme")]
        world.watch.remove(shard)
        world.watch.remove(shard)
        world.events.records = [started(5, 36)]
        await world.time.until(400)
        assert (shard.asked, shard.ended, world.events.reading) == ([(30, "acme")], {}, 0)


@pytest.mark.asyncio
async def test_a_fault_with_one_shard_does_not_hold_up_the_others() -> None:
    """It is logged once, and when the shard can be looked at again its doubts end."""
    async with watching() as world:
        broken, whole = world.shard(a=doubt(0)), world.shard(b=doubt(0, connection="other"))
        broken.broken = True
        world.events.records = [started(5, 1), started(6, 1, connection="other")]
        with capture_logs() as logs:
            await world.time.until(20)
        assert (broken.ended, list(whole.ended), len(logs)) == ({}, ["b"], 1)
        broken.broken = False
        await world.time.until(22)
        assert list(broken.ended) == ["a"]


@pytest.mark.asyncio
async def test_what_takes_long_to_store_is_said_once() -> None:
    """And the call is used up meanwhile: one call explains one dial."""
    async with watching() as world:
        shard = world.shard(a=doubt(0), b=doubt(1))
        shard.takes = 60
        world.events.records = [started(5, 2)]
        await world.time.until(50)
        assert shard.ended == {"a": (3, Resolution("call_observed", 5))}


KINDS: tuple[TopicKind, ...] = ("events", "commands", "results", "quarantine", "admin")


@dataclass
class RealShard(Shard):
    """A shard whose time stands still, and whose ends can be waited for."""

    ends: asyncio.Queue[tuple[str, Resolution]] = field(default_factory=asyncio.Queue)

    @override
    def end_doubt(self, identity: str, resolution: Resolution) -> None:
        self.ends.put_nowait((identity, resolution))


@pytest.mark.asyncio
async def test_an_event_on_a_real_broker_ends_a_doubt(kafka: LocalKafka) -> None:
    """As the ingress publishes it, before the doubt is known and while it is open."""
    prefix, client = f"t{uuid4().hex[:12]}", ClientOptions(kafka.bootstrap)
    options = TopicOptions(prefix, 1, dict.fromkeys(KINDS, 2), dict.fromkeys(KINDS, 86_400_000), 1, 10**6)
    await prepare(client, options, manage=True)
    topics = [event_topic(prefix, event) for event in CALL_EVENTS]
    publisher = Publisher(lambda: SessionOptions(client, 10**6), topics, deadline=20)
    await publisher.start()
    intake = Intake("acme", to_e164=e164_reader("LT"), topic_prefix=prefix, public_url=None, randomness=bytes)
    events = call_events(lambda: client, prefix)

    async def publish(event: str, call_id: int, contact_id: int) -> None:
        data = {"callID": call_id, "contactID": contact_id, "destination": "860000000"}
        body = orjson.dumps({"type": "Event", "eventType": event, "version": "v1", "data": data})
        await publisher.publish(intake.take(body, NOW_MS, f"{event}.0").record)

    watch = DoubtWatch(events, lambda _: e164_reader("LT"))
    try:
        async with asyncio.timeout(30):
            await publish("CallStarted", 5, 224)
            async with aclosing(events(0)) as records:
                appended_ms = (await anext(records)).timestamp_ms
            time = Time()
            time.seconds = (appended_ms - NOW_MS) / S
            sent_s = time.seconds - 1
            known: dict[str, KnownCommand] = {"a": doubt(sent_s), "b": doubt(sent_s, contact=300)}
            shard = RealShard(time, OwnedCommands(known, Progress(0)))
            watch.add(shard)
            watch.start()
            assert await shard.ends.get() == ("a", Resolution("call_observed", 5))
            await publish("CallCompleted", 6, 300)
            assert await shard.ends.get() == ("b", Resolution("call_observed", 6))
    finally:
        await watch.stop()
        await publisher.stop(within=2)
