"""What a member delivers, from where on, and to whom; and what it commits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
import pytest_asyncio

from bridge.kafka import group_consumer
from bridge.kafka.group_assignment import begin_at
from bridge.kafka.group_member import Confirmed, FetchedRecord, NotOurs
from bridge.kafka.local import LocalKafka
from tests.kafka.groups import Group, Received, until
from tests.kafka.journals import nothing_left_behind

MakeGroup = Callable[..., Awaitable[Group]]


@pytest_asyncio.fixture
async def make_group(kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MakeGroup]:
    monkeypatch.setattr(group_consumer, "HEARTBEAT_INTERVAL_MS", 200)
    groups: list[Group] = []

    async def make(partitions: int = 2) -> Group:
        group = Group(kafka.bootstrap, partitions)
        await group.create()
        groups.append(group)
        return group

    async with nothing_left_behind():
        yield make
        await asyncio.gather(*(member.stop() for group in groups for member in group.members))


@pytest.mark.parametrize(
    ("committed", "beginning", "end", "offset"),
    [
        (None, 0, 0, 0),
        (None, 5, 9, 5),
        (5, 5, 9, 5),
        (7, 5, 9, 7),
        (9, 5, 9, 9),
        (4, 5, 9, 5),
        (10, 5, 9, 5),
        (10, 0, 0, 0),
    ],
)
def test_the_start_is_the_committed_offset_where_it_exists(
    committed: int | None, beginning: int, end: int, offset: int
) -> None:
    """Without one, or with one that the partition does not have, it is the beginning: nothing is passed over."""
    assert begin_at(committed, beginning, end) == offset


@pytest.mark.asyncio
async def test_a_confirmation_says_where_to_begin_and_commits_it(make_group: MakeGroup) -> None:
    """The committed offset, or the beginning where there is none, or none any more; the end is behind the last."""
    group = await make_group(5)
    for partition in range(1, 5):
        await group.write(partition, 10)
    await group.drop_before({2: 4, 3: 6})
    for partition, offset in {1: 7, 3: 5, 4: 1_000}.items():
        await group.set_committed(partition, offset)
    member, _ = group.join()
    await group.settled(member)
    wanted = [Confirmed(0, 0), Confirmed(7, 10), Confirmed(4, 10), Confirmed(6, 10), Confirmed(0, 10)]
    assert [await member.confirm(partition) for partition in range(5)] == wanted
    assert [await group.committed(partition) for partition in range(5)] == [one.offset for one in wanted]
    with pytest.raises(NotOurs):
        await member.confirm(5)


@pytest.mark.asyncio
async def test_a_commit_is_stored_for_what_is_assigned_alone(make_group: MakeGroup) -> None:
    """It says whether it was; with a partition of somebody else's nothing is."""
    group = await make_group()
    member, _ = group.join()
    await group.settled(member)
    assert await member.commit({0: 3, 1: 4})
    assert [await group.committed(0), await group.committed(1)] == [3, 4]
    assert not await member.commit({0: 5, 2: 1})
    assert await group.committed(0) == 3
    await member.stop()
    assert not await member.commit({0: 5})
    assert await group.committed(0) == 3


@pytest.mark.asyncio
async def test_records_come_whole_from_the_offset_asked_for(make_group: MakeGroup) -> None:
    """In order, with headers, append time and tombstones; from where it was resumed, and again from another offset."""
    group = await make_group()
    async with group.producer() as producer:
        await producer.send_and_wait(group.topic, b"zero", partition=0)
        await producer.send_and_wait(
            group.topic, None, b"key", partition=0, timestamp_ms=1_234, headers=[("a", b"\xff"), ("b", b"")]
        )
    await group.write(0, 2_000)
    member, _ = group.join()
    await group.settled(member)
    early, late = Received(), Received()
    member.resume(0, 1, early)
    await until(lambda: len(early.records) == 2_001)
    assert early.offsets == list(range(1, 2_002))
    assert early.records[0] == FetchedRecord(1, 1_234, (("a", b"\xff"), ("b", b"")), None)
    member.resume(0, 1_990, late)
    await group.write(0, 5)
    await until(lambda: len(late.records) >= 17)
    assert late.offsets == list(range(1_990, 2_007))
    assert len(early.records) == 2_001


@pytest.mark.asyncio
async def test_a_pause_loses_and_repeats_nothing(make_group: MakeGroup) -> None:
    """Under a stream of records, with pauses from within deliveries and from without; nothing comes while paused."""
    group = await make_group()
    member, _ = group.join()
    await group.settled(member)
    member.pause(0)
    member.proceed(0)
    assert member._consumer is not None
    assert len(member._consumer._consumer.paused()) == 2, "not resumed yet"
    received, other = Received(), Received()

    def deliver(records: Sequence[FetchedRecord]) -> None:
        other(records)
        if len(other.records) % 3 == 0:
            member.pause(1)
            asyncio.get_running_loop().call_later(0.01, member.proceed, 1)

    async def stream() -> None:
        async with group.producer() as producer:
            for number in range(3_000):
                await producer.send(group.topic, b"%d" % number, partition=0)
                await producer.send(group.topic, b"%d" % number, partition=1)
                if number % 50 == 0:
                    await asyncio.sleep(0.01)

    member.resume(0, 0, received)
    member.resume(1, 0, deliver)
    streaming = asyncio.create_task(stream())
    pauses = 0
    while len(received.records) < 3_000:
        member.pause(0)
        before = len(received.records)
        await asyncio.sleep(0.02)
        assert len(received.records) == before
        pauses += 1
        member.proceed(0)
        await asyncio.sleep(0.02)
    await streaming
    await until(lambda: len(other.records) == 3_000)
    assert pauses > 5
    assert received.offsets == list(range(3_000))
    assert other.offsets == list(range(3_000))


@pytest.mark.asyncio
async def test_nothing_fetched_before_reaches_another_receiver(make_group: MakeGroup) -> None:
    """A partition resumed anew while its records are on their way: its new receiver begins where it was told to."""
    group = await make_group()
    for partition in range(2):
        await group.write(partition, 20)
    member, _ = group.join()
    await group.settled(member)
    first = {0: Received(), 1: Received()}
    second = {0: Received(), 1: Received()}

    def receiver(partition: int) -> Callable[[Sequence[FetchedRecord]], None]:
        def deliver(records: Sequence[FetchedRecord]) -> None:
            first[partition](records)
            member.resume(1 - partition, 15, second[1 - partition])

        return deliver

    for partition in range(2):
        member.resume(partition, 0, receiver(partition))
    await until(lambda: any(one.records for one in second.values()))
    await asyncio.sleep(0.3)
    (asked,) = [partition for partition in range(2) if first[partition].records]
    assert first[asked].offsets == list(range(20))
    assert second[asked].records == []
    assert second[1 - asked].offsets == list(range(15, 20))


@pytest.mark.asyncio
async def test_deliveries_end_when_giving_up_begins(make_group: MakeGroup) -> None:
    """A receiver gets nothing of the next assignment, and a new receiver nothing that was fetched for the old one."""
    group = await make_group()
    member, owner = group.join()
    await group.settled(member)
    old = [Received(), Received()]
    at_revoke: list[list[int]] = []
    owner.on_revoked = lambda: at_revoke.append([len(one.records) for one in old])
    owner.takes = 0.3
    stop = asyncio.Event()

    async def stream() -> None:
        async with group.producer() as producer:
            while not stop.is_set():
                for partition in range(2):
                    await producer.send(group.topic, b"x" * 100, partition=partition)
                await asyncio.sleep(0.001)

    streaming = asyncio.create_task(stream())
    for partition in range(2):
        member.resume(partition, 0, old[partition])
    await until(lambda: all(len(one.records) > 100 for one in old))
    other, _ = group.join()
    (kept,), (gone,) = await group.settled(member, other)
    with pytest.raises(NotOurs):
        member.resume(gone, 0, old[gone])
    confirmed = await member.confirm(kept)
    assert confirmed.offset == 0
    assert confirmed.end >= len(old[kept].records)
    await asyncio.sleep(0.3)
    new = Received()
    member.resume(kept, 7, new)
    await until(lambda: len(new.records) > confirmed.end)
    stop.set()
    await streaming
    assert at_revoke == [[len(one.records) for one in old]]
    assert [one.offsets for one in old] == [list(range(len(one.records))) for one in old]
    assert new.offsets == list(range(7, 7 + len(new.records)))


@pytest.mark.asyncio
async def test_a_receiver_that_fails_costs_the_assignment(make_group: MakeGroup) -> None:
    """Its records would be lost otherwise: all is given up, joined anew, and delivered again from the last commit."""
    group = await make_group()
    await group.write(0, 10)
    member, owner = group.join()
    await group.settled(member)

    def fail(_: Sequence[FetchedRecord]) -> None:
        raise RuntimeError("a receiver's fault")

    assert (await member.confirm(0)).offset == 0
    member.resume(0, 0, fail)
    await until(lambda: owner.words == ["assigned", "revoking", "revoked", "assigned"])
    received = Received()
    member.resume(0, (await member.confirm(0)).offset, received)
    await until(lambda: len(received.records) == 10)
