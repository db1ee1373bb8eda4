"""The commands of an owned shard, in virtual time: each has one result, or is a repeat, and none stops the others."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count

import orjson
from prometheus_client import generate_latest

from bridge.calls.admission import Admission
from bridge.calls.brokers_clock import BrokersClock
from bridge.calls.connection_options import ConnectionOptions
from bridge.calls.dial_states import Resolution
from bridge.calls.dialing import take_over
from bridge.calls.journal_format import read
from bridge.calls.journal_keys import CommandKey
from bridge.calls.lanes import Lane
from bridge.calls.means import Means
from bridge.calls.quota import Quota
from bridge.calls.restoring import restore_admissions
from bridge.calls.shard_owner import NewerRelease, OwnedShard
from bridge.calls.shard_tasks import ShardTasks
from bridge.calls.slots import ShardSlots, Waiter
from bridge.commands import shard_commands
from bridge.commands.command_record import CommandRecord
from bridge.commands.doubt_watch import DoubtWatch
from bridge.commands.open_doubts import Ask
from bridge.commands.result_records import ResultRecords
from bridge.commands.shard_commands import ShardCommands
from bridge.commands.work_records import Work, work_record
from bridge.events.records import Record
from bridge.kafka.group_member import Confirmed, FetchedRecord
from bridge.kafka.reader import ReadRecord
from bridge.ops.metrics import Metrics
from bridge.pbx.requests import Request
from bridge.pbx.responses import Done, Exchange, Lost, LostReason
from tests.calls.journal_twin import JournalTwin
from tests.commands.records import APPENDED_MS, ATTRIBUTES, DIAL, binary, command
from tests.virtual_time import run_virtually

START_MS = APPENDED_MS + 100


@dataclass
class Scene:
    """A shard of one connection, `acme`, whose vendor says `answer` after a second; offsets go on from 7."""

    now: Callable[[], float]
    max_queued: int = 100
    answered: bool = True
    log: list[str] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)
    twin: JournalTwin = field(default_factory=lambda: JournalTwin(now_ms=START_MS))

    async def begin(self) -> "Scene":
        asyncio.get_running_loop().call_later(0, self._tick)
        clock = BrokersClock(self.now)
        results = ResultRecords(topic_prefix="pbx", public_url=None, to_e164=lambda _: lambda _: None)
        taken = await take_over(self.twin, 0, "w", results, clock)
        quota = Quota()
        connections = {"acme": ConnectionOptions(quota, self.max_queued, 30_000, 60_000, lambda _: None)}
        admissions: dict[str, Admission[Waiter]] = restore_admissions(connections, taken.marker, taken.remembered)
        self.slots = ShardSlots(admissions, self.now, self)
        means = Means(taken.writer, self.slots, self, clock, results, float)
        self.tasks = ShardTasks()
        owned = OwnedShard(
            0,
            Confirmed(7, 7),
            means,
            clock,
            self.slots,
            self.tasks,
            connections,
            lambda: self.log.append("hold"),
            lambda: self.log.append("proceed"),
        )
        numbers = count()
        watch = DoubtWatch(_no_events, lambda _: lambda _: None)
        self.shard = ShardCommands(owned, taken.commands, results, watch, self.metrics, lambda: f"{next(numbers):026}")
        self._offsets = count(7)
        return self

    def _tick(self) -> None:
        """Let the brokers' clock go with ours."""
        self.twin.now_ms = START_MS + int(self.now() * 1000)
        asyncio.get_running_loop().call_later(0.01, self._tick)

    def send(self, *records: CommandRecord) -> None:
        """Deliver commands as the router hands them on."""
        self.deliver(*(work_record(Work(command(record), record), "pbx") for record in records))

    def deliver(self, *records: Record | CommandRecord) -> None:
        """Deliver records as they are."""
        fetched = [FetchedRecord(next(self._offsets), START_MS, tuple(each.headers), each.value) for each in records]
        self.shard.deliver(fetched)

    @property
    def results(self) -> list[tuple[str, str]]:
        """All results so far: the command's id and the status."""
        found = self.twin.published("pbx.results.v1")
        return [(one.key.decode(), orjson.loads(one.value).get("status", "resolved")) for one in found]

    def counted(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        self.log.append("call")
        began = self.now()
        await asyncio.sleep(1)
        if self.answered:
            return Exchange(Done(), began, self.now(), began, self.now(), 200)
        return Exchange(Lost(LostReason.TIMEOUT, ""), began, self.now(), began)

    def waited(self, lane: Lane, seconds: float) -> None:
        """Take no note."""

    def refused(self, connection: str, freeze_s: float, limit: int) -> None:
        """Take no note."""


async def _no_events(_: int) -> AsyncGenerator[ReadRecord, None]:
    await asyncio.sleep(1_000_000)
    for record in list[ReadRecord]():
        yield record


def play(story: Callable[[Scene], Coroutine[object, object, None]], max_queued: int = 100) -> None:
    async def main(now: Callable[[], float]) -> None:
        scene = await Scene(now, max_queued).begin()
        await story(scene)
        await scene.tasks.cancel()

    run_virtually(main)


def test_a_command_has_one_result_and_its_repeat_none() -> None:
    """The repeat may come while the first is under way, or later; the offset passes both."""

    async def story(scene: Scene) -> None:
        scene.send(binary(), binary(), binary(id="c-2"))
        assert scene.shard.committable == 7
        await asyncio.sleep(2)
        scene.send(binary())
        await asyncio.sleep(2)
        assert scene.results == [("c-1", "ok"), ("c-2", "ok")]
        assert scene.log == ["call", "call"]
        assert scene.shard.committable == 11
        assert scene.counted("bridge_commands_dropped_total", reason="repeat") == 2
        labels = {"connection": "acme", "command": "dial", "status": "ok"}
        assert scene.counted("bridge_commands_finished_total", **labels) == 2

    play(story)


def test_a_deadline_is_counted_by_the_brokers() -> None:
    """What came 31 s ago has expired; a dial of 29 s ago is sent."""

    async def story(scene: Scene) -> None:
        scene.send(binary(id="old")._replace(appended_ms=START_MS - 31_000))
        scene.send(binary(id="young")._replace(appended_ms=START_MS - 29_000))
        await asyncio.sleep(2)
        assert sorted(scene.results) == [("old", "expired"), ("young", "ok")]

    play(story)


def test_an_unknown_connection_is_invalid_after_15_seconds() -> None:
    """A roll-out may be under way. The result, the copy and the memory of it are stored as one; a repeat is dropped."""

    async def story(scene: Scene) -> None:
        stray = binary(connection="nobody")._replace(appended_ms=START_MS)
        scene.send(stray, binary(id="other"))
        await asyncio.sleep(14.9)
        assert scene.results == [("other", "ok")]
        assert scene.shard.committable == 7
        await asyncio.sleep(0.2)
        assert scene.results == [("other", "ok"), ("c-1", "invalid")]
        (copy,) = scene.twin.published("pbx.quarantine.v1")
        assert (b"reason", b"unknown_connection") in [(name.encode(), value) for name, value in copy.headers]
        assert scene.shard.committable == 9
        scene.send(stray)
        await asyncio.sleep(20)
        assert len(scene.results) == 2
        assert scene.counted("bridge_commands_finished_total", connection="nobody") == 0

    play(story)


def test_a_hand_over_does_not_wait_for_a_roll_out() -> None:
    """Who waits to become known is the next owner's: nothing is answered, and the offset stays before it."""

    async def story(scene: Scene) -> None:
        scene.send(binary(connection="nobody")._replace(appended_ms=START_MS))
        await asyncio.sleep(1)
        scene.slots.close()
        began = scene.now()
        assert await scene.tasks.finish(15)
        assert scene.now() - began < 1
        assert not scene.results
        assert scene.shard.committable == 7
        assert not scene.tasks.failure.done()

    play(story)


def test_a_flood_for_unknown_connections_holds_nobody_up() -> None:
    """What is beyond a thousand is answered at once, and so is what waited long enough before it came here."""

    async def story(scene: Scene) -> None:
        late = binary(id="late", connection="nobody")._replace(appended_ms=START_MS - 16_000)
        scene.send(late)
        await asyncio.sleep(0.1)
        assert scene.results == [("late", "invalid")]
        flood = [
            binary(id=f"f-{number}", connection="nobody")._replace(appended_ms=START_MS)
            for number in range(shard_commands.MOST_UNKNOWN + 5)
        ]
        scene.send(*flood)
        await asyncio.sleep(0.1)
        assert len(scene.results) == 6
        await asyncio.sleep(16)
        assert len(scene.results) == shard_commands.MOST_UNKNOWN + 6

    play(story)


def test_bytes_of_nobody_are_passed() -> None:
    """Somebody else's record in the internal topic stops nothing."""

    async def story(scene: Scene) -> None:
        scene.deliver(binary())
        scene.send(binary())
        await asyncio.sleep(2)
        assert scene.results == [("c-1", "ok")]
        assert scene.shard.committable == 9
        assert scene.counted("bridge_commands_dropped_total", reason="not_work") == 1

    play(story)


def test_work_of_a_newer_release_is_left_to_it() -> None:
    """Nothing that comes after it is begun either, and the offset stays before it."""

    async def story(scene: Scene) -> None:
        record = binary()
        newer = work_record(Work(command(record), record), "pbx")
        name, content = newer.headers[0]
        newer.headers[0] = (name, content.replace(b'"v":1', b'"v":99'))
        scene.deliver(newer, work_record(Work(command(record), record), "pbx"))
        await asyncio.sleep(2)
        assert isinstance(scene.tasks.failure.result(), NewerRelease)
        assert scene.shard.committable == 7
        assert not scene.log

    play(story)


def test_no_more_is_read_than_the_journal_can_conclude() -> None:
    """Beyond what may wait for slots, records wait in Kafka and not here."""

    async def story(scene: Scene) -> None:
        scene.send(*(binary(id=f"c-{number}") for number in range(1_200)))
        assert scene.log == ["hold"]
        await asyncio.sleep(0.5)
        assert "proceed" in scene.log
        await asyncio.sleep(130)
        assert len(scene.results) == 1_200

    play(story, max_queued=10)


def test_a_doubt_ends_once() -> None:
    """However often its end is said; its call is told."""

    async def story(scene: Scene) -> None:
        scene.answered = False
        scene.send(binary())
        await asyncio.sleep(2)
        (identity,) = scene.shard.commands.doubts
        for call_id in (5, 6):
            scene.shard.end_doubt(identity, Resolution("call_observed", call_id))
        await asyncio.sleep(1)
        scene.shard.end_doubt(identity, Resolution("not_observed"))
        await asyncio.sleep(1)
        assert scene.results == [("c-1", "in_doubt"), ("c-1", "resolved")]
        assert b'"call_id":5' in scene.twin.published("pbx.results.v1")[1].value
        labels = {"connection": "acme", "outcome": "call_observed"}
        assert scene.counted("bridge_doubts_resolved_total", **labels) == 1
        assert not scene.shard.commands.doubts

    play(story)


def test_the_history_of_a_connection_that_is_gone_says_nothing() -> None:
    """The question is answered all the same."""

    async def story(scene: Scene) -> None:
        answers: list[object] = []
        scene.shard.ask_history(Ask("gone", 0, 1, START_MS + 20_000), answers.append)
        await asyncio.sleep(1)
        assert answers == [None]

    play(story)


def test_identities_are_forgotten_after_their_horizon() -> None:
    """Once the offset is committed; then the same command is a new one."""

    async def story(scene: Scene) -> None:
        query = {**ATTRIBUTES, "type": "pbx.command.get-contact.v1"}
        scene.send(binary({"id": 224}, **query))
        await asyncio.sleep(60)
        identity = command(binary()).identity
        scene.shard.committed(scene.shard.committable)
        for minutes, remembered in ((60, True), (15, False)):
            await asyncio.sleep(minutes * 60)
            assert (CommandKey(identity) in read(scene.twin.ledger.snapshot(0)).commands) is remembered
            assert (identity in scene.shard.commands.known) is remembered
        scene.send(binary(DIAL)._replace(appended_ms=scene.twin.now_ms))
        await asyncio.sleep(5)
        assert [status for _, status in scene.results][1:] == ["ok"]

    play(story)


def test_no_metric_names_what_is_not_configured() -> None:
    """Anybody who may send commands could make up names of connections."""

    async def story(scene: Scene) -> None:
        scene.send(binary(connection="made-up")._replace(appended_ms=START_MS - 20_000))
        await asyncio.sleep(1)
        text = generate_latest(scene.metrics.registry).decode()
        assert "made-up" not in text
        assert 'connection="(unknown)"' in text

    play(story)
