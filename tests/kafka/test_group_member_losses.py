"""What becomes of a member that is frozen, expelled, cut off, or has no Kafka to begin with."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
import structlog
from aiokafka.errors import GroupAuthorizationFailedError

from bridge.kafka import group_assignment, group_consumer, group_member
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.group_consumer import GroupConsumer
from bridge.kafka.group_member import GroupAway, GroupMember, NotOurs
from bridge.kafka.local import LocalKafka
from tests.kafka.groups import Group, Owner, Received, until
from tests.kafka.journals import nothing_left_behind

MakeGroup = Callable[..., Awaitable[Group]]


@pytest_asyncio.fixture
async def make_group() -> AsyncIterator[MakeGroup]:
    groups: list[Group] = []

    async def make(broker: LocalKafka, partitions: int = 12) -> Group:
        group = Group(broker.bootstrap, partitions)
        await group.create()
        groups.append(group)
        return group

    before = asyncio.all_tasks()
    async with nothing_left_behind():
        yield make
        await asyncio.gather(*(member.stop() for group in groups for member in group.members))
    # Setting up and tearing down are tasks, too.
    before |= {task for task in (asyncio.current_task(),) if task is not None}
    await until(lambda: not asyncio.all_tasks() - before, within=1.0)


class Frozen:
    """The member of another process, as its test sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def hear(self, what: str) -> Mapping[str, object]:
        """Wait for its next line of a kind."""
        assert self.process.stdout is not None
        async with asyncio.timeout(10.0):
            while line := await self.process.stdout.readline():
                if line.startswith(b"{") and (said := json.loads(line))["what"] == what:
                    return dict(said)
        raise AssertionError("the process has ended")

    def tell(self, line: str) -> None:
        """Give it a line, which waits for it while it is frozen."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")


@asynccontextmanager
async def other_process(group: Group) -> AsyncIterator[Frozen]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.kafka.group_process",
        group.bootstrap,
        group.topic,
        group.name,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Frozen(process)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        await process.communicate()


@pytest.mark.asyncio
async def test_an_expelled_member_that_does_not_know_it_is_told_by_the_brokers(
    kafka: LocalKafka, make_group: MakeGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen past its session, or without heartbeats, it sees its old assignment: it is not confirmed, then rejoins."""
    monkeypatch.setattr(group_consumer, "HEARTBEAT_INTERVAL_MS", 200)
    group = await make_group(kafka)
    async with other_process(group) as frozen:
        await frozen.hear("assigned")
        muted, muted_owner = group.join()
        healthy, _ = group.join()
        await until(lambda: len(muted.assignment) == len(healthy.assignment) == 4, within=15.0)
        while len(theirs := (await frozen.hear("assigned"))["partitions"]) != 4:  # type: ignore[arg-type]  # JSON's list
            pass
        frozen.process.send_signal(signal.SIGSTOP)
        mute(muted)
        before = muted.assignment
        took = await until(lambda: len(healthy.assignment) == 12, within=12.0)
        assert took > 3.0, "by the session's end alone"

        assert muted.assignment == before, "it knows nothing"
        with pytest.raises(NotOurs) as refused:
            await muted.confirm(min(before))
        assert "UnknownMemberIdError" in str(refused.value), "by the brokers' word"
        assert not await muted.commit({min(before): 0}), "nor afterwards, without any generation"

        frozen.tell(f"confirm {theirs[0]}")  # type: ignore[index]  # the same
        frozen.process.send_signal(signal.SIGCONT)
        assert await frozen.hear("answer") == {"what": "answer", "answer": "NotOurs", "believed": theirs}
        assert len((await frozen.hear("assigned"))["partitions"]) < 12  # type: ignore[arg-type]  # the same
        await until(lambda: muted_owner.words[-2:] == ["revoked", "assigned"])
        await until(lambda: len(muted.assignment) == len(healthy.assignment) == 4)
        for member in (muted, healthy):
            await member.confirm(min(member.assignment))


def consumer_of(member: GroupMember) -> GroupConsumer:
    assert member._consumer is not None
    return member._consumer


def mute(member: GroupMember) -> None:
    """Let a member send no heartbeats, and think that it does."""

    async def beat() -> bool:
        return True

    consumer_of(member)._consumer._coordinator._do_heartbeat = beat


@pytest.mark.asyncio
async def test_without_a_generation_nothing_is_committed(kafka: LocalKafka, make_group: MakeGroup) -> None:
    """Brokers take such a commit for a group without members, so it must not be asked for, nor count when it was."""
    group = await make_group(kafka, 1)
    member, _ = group.join()
    await group.settled(member)
    consumer = consumer_of(member)
    commit = consumer.commit
    coordinator = consumer._consumer._coordinator

    async def expelled_before_it_is_sent(offsets: Mapping[int, int]) -> None:
        await coordinator._maybe_leave_group()
        await commit(offsets)

    consumer.commit = expelled_before_it_is_sent  # type: ignore[method-assign]  # the moment cannot be hit otherwise
    with pytest.raises(NotOurs):
        await member.confirm(0)
    assert await group.committed(0) == 0, "they did take it"
    consumer.commit = commit  # type: ignore[method-assign]  # the same
    await group.settled(member)
    await coordinator._maybe_leave_group()
    assert not await member.commit({0: 1})
    assert await group.committed(0) == 0


@pytest.mark.asyncio
async def test_a_member_waits_for_kafka_and_for_its_topic(
    kafka: LocalKafka, make_group: MakeGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong options, no broker, no topic: it says so, tries on with what it is given each time, and logs the edges."""
    monkeypatch.setattr(group_member, "AGAIN_AFTER_S", (0.05,))
    group = Group(kafka.bootstrap, 2)
    nowhere = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = nowhere.sockets[0].getsockname()[1]
    nowhere.close()
    options = [ClientOptions(kafka.bootstrap, security_protocol="SSL")]
    owner = Owner()
    member = GroupMember(lambda: options[-1], topic=group.topic, group=group.name, ownership=owner)
    with structlog.testing.capture_logs() as lines:
        member.start()
        for wrong in ("ValueError", "AccessDenied", "TopicUnknown"):
            await until(lambda wrong=wrong: str(member.problem()).startswith(wrong))  # type: ignore[misc]  # bound early
            await asyncio.sleep(0.2)
            options.append(
                ClientOptions(f"127.0.0.1:{port}") if wrong == "ValueError" else ClientOptions(kafka.bootstrap)
            )
        assert owner.said == []
        with pytest.raises(NotOurs):
            await member.confirm(0)
        await group.create()
        await group.settled(member)
    edges = [(line["event"], str(line.get("error")).split(":")[0]) for line in lines]
    assert edges == [
        ("is no member of the group", "ValueError"),
        ("is no member of the group", "AccessDenied"),
        ("is no member of the group", "TopicUnknown"),
        ("partitions are assigned", "None"),
        ("is a member of the group again", "None"),
    ]
    await member.stop()


def silence(member: GroupMember) -> None:
    async def answers(within: float) -> bool:
        return False

    consumer_of(member).answers = answers  # type: ignore[method-assign]  # a coordinator that never answers


def end_the_fetching_task(member: GroupMember) -> None:
    consumer_of(member)._consumer._fetcher._fetch_task.cancel()


def refuse_the_heartbeat(member: GroupMember) -> None:
    async def beat() -> bool:
        raise GroupAuthorizationFailedError

    consumer_of(member)._consumer._coordinator._do_heartbeat = beat


def kill_the_coordination(member: GroupMember) -> None:
    coordinator = consumer_of(member)._consumer._coordinator

    async def join(*_: object) -> None:
        raise RuntimeError("a fault of the library")

    coordinator.ensure_active_group = join
    coordinator.request_rejoin()


@pytest.mark.asyncio
@pytest.mark.parametrize("fail", [silence, end_the_fetching_task, refuse_the_heartbeat, kill_the_coordination])
async def test_a_failing_consumer_is_replaced(
    kafka: LocalKafka,
    make_group: MakeGroup,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fail: Callable[[GroupMember], None],
) -> None:
    """All that it had is given up, it leaves the group, and another one joins; readiness says why meanwhile."""
    # A line kept with its traceback would keep the failed task, whose exception must have been taken.
    caplog.set_level(logging.CRITICAL, "aiokafka")
    monkeypatch.setattr(group_member, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(group_member, "REPLACED_AFTER_S", 0.2)
    monkeypatch.setattr(group_consumer, "HEARTBEAT_INTERVAL_MS", 200)
    group = await make_group(kafka, 1)
    member, owner = group.join()
    await group.settled(member)
    before = member._consumer
    fail(member)
    await until(lambda: member.problem() is not None)
    await group.settled(member)
    assert member._consumer is not before
    assert owner.words == ["assigned", "revoking", "revoked", "assigned"]
    assert await member.confirm(0)


@pytest.mark.asyncio
async def test_an_owner_that_fails_at_an_assignment_gets_another(kafka: LocalKafka, make_group: MakeGroup) -> None:
    """The library would log it and keep the partitions, whose records nobody would ever see."""
    group = await make_group(kafka, 1)
    owner = Owner()
    assigned, faults = owner.assigned, [RuntimeError("an owner's fault")]

    def fail_once(partitions: frozenset[int]) -> None:
        assigned(partitions)
        if faults:
            raise faults.pop()

    owner.assigned = fail_once  # type: ignore[method-assign]  # its first time
    member = group.join(owner=owner)[0]
    await until(lambda: owner.words == ["assigned", "revoking", "revoked", "assigned"])
    await group.settled(member)


@pytest.mark.asyncio
async def test_a_member_stops_in_the_midst_of_a_rebalance(
    kafka: LocalKafka, make_group: MakeGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The brokers hold its join back until all have come; it does not wait for that longer than it may."""
    monkeypatch.setattr(group_consumer, "HEARTBEAT_INTERVAL_MS", 200)
    monkeypatch.setattr(group_member, "LEAVE_WITHIN_S", 0.5)
    group = await make_group(kafka)
    old, owner = group.join()
    await group.settled(old)
    owner.give_up = asyncio.Event()
    new, _ = group.join()
    await until(lambda: owner.words[-1] == "revoking")
    began = asyncio.get_running_loop().time()
    await new.stop()
    assert 0.4 < asyncio.get_running_loop().time() - began < 2.0
    owner.give_up.set()


@pytest.mark.asyncio
async def test_an_outage_is_sat_out(
    own_kafka: LocalKafka, make_group: MakeGroup, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While Kafka is away questions end in time and readiness says so; afterwards the same consumer goes on."""
    monkeypatch.setattr(group_assignment, "ANSWER_WITHIN_S", 0.5)
    monkeypatch.setattr(group_member, "LOOK_EVERY_S", 0.2)
    monkeypatch.setattr(group_member, "LOOK_WITHIN_S", 0.2)
    monkeypatch.setattr(group_member, "SILENT_AFTER_S", 0.5)
    caplog.set_level(logging.CRITICAL, "aiokafka")
    group, other = await make_group(own_kafka), await make_group(own_kafka)
    await group.write(0, 10)
    member, owner = group.join()
    leaver, leaving = other.join()
    await group.settled(member)
    await other.settled(leaver)
    consumer = member._consumer
    received = Received()
    await own_kafka.kill()
    with pytest.raises(GroupAway):
        await member.confirm(0)
    assert not await member.commit({0: 0})
    await until(lambda: str(member.problem()).startswith("Kafka has not answered"))
    began = asyncio.get_running_loop().time()
    await leaver.stop()
    assert asyncio.get_running_loop().time() - began < 3.0
    assert leaving.words[-1] == "revoked"
    await own_kafka.restart()
    await until(lambda: member.problem() is None)
    assert member._consumer is consumer
    assert owner.words == ["assigned"]
    monkeypatch.undo()
    assert (await member.confirm(0)).end == 10
    member.resume(0, 0, received)
    await until(lambda: len(received.records) == 10)
