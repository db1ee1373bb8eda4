"""What becomes of one topic's records: a producer that does as it is told."""

import asyncio
from dataclasses import dataclass, field

import pytest
from aiokafka import errors

from bridge.events.records import Record
from bridge.kafka.partitioning import partition_of
from bridge.kafka.producer_batch import Batch, Pending
from bridge.kafka.producer_errors import NotAcknowledged, Refused
from bridge.kafka.producer_topic import Sends, TopicLanes


@dataclass
class FakeSession:
    """Keeps the batches that it is given; a test acknowledges them."""

    count: int = 1
    max_record_bytes: int = 10_000
    closed: bool = False
    taken: list[tuple[int, Batch, asyncio.Future[object]]] = field(default_factory=list)

    def partitions(self, topic: str) -> int:
        assert topic == "a"
        return self.count

    def hand_over(self, batch: Batch, topic: str, partition: int) -> asyncio.Future[object] | None:
        assert topic == "a"
        if self.closed:
            raise errors.ProducerClosed
        if partition >= self.count:
            return None
        acknowledgement: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.taken.append((partition, batch, acknowledgement))
        return acknowledgement

    def values(self) -> list[list[bytes]]:
        return [[pending.record.value for pending in batch.pendings] for _, batch, _ in self.taken]


@dataclass
class FakeKeeper:
    """Notes what it hears; it shuts the topic like the real one."""

    topic: TopicLanes | None = None
    stored: int = 0
    reports: list[tuple[Sends, type[BaseException], bool]] = field(default_factory=list)

    def acknowledged(self, topic: str, records: int) -> None:
        assert topic == "a"
        self.stored += records

    def spoilt(self, session: Sends, topic: str, error: BaseException, *, rest: bool) -> None:
        assert topic == "a"
        self.reports.append((session, type(error), rest))
        assert self.topic is not None
        self.topic.shut()


@pytest.fixture
def keeper() -> FakeKeeper:
    return FakeKeeper()


@pytest.fixture
def topic(keeper: FakeKeeper) -> TopicLanes:
    keeper.topic = TopicLanes("a", keeper)
    return keeper.topic


def add(topic: TopicLanes, value: bytes, key: bytes = b"k") -> Pending:
    pending = Pending(Record("a", key, value, []), asyncio.get_running_loop().create_future())
    topic.add(pending)
    return pending


def key_of(partition: int, partitions: int) -> bytes:
    return next(key for key in map(b"%d".__mod__, range(1000)) if partition_of(key, partitions) == partition)


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_records_wait_while_the_topic_is_shut_and_keep_their_order(topic: TopicLanes) -> None:
    """Those who gave up meanwhile are not sent."""
    first, gone, last = add(topic, b"1"), add(topic, b"2"), add(topic, b"3")
    gone.waiter.cancel()
    assert topic.in_line == 3
    session = FakeSession()
    topic.open(session)
    add(topic, b"4")
    assert session.values() == [[b"1", b"3", b"4"]]
    assert topic.in_line == 0
    session.taken[0][2].set_result(None)
    await settle()
    assert first.waiter.done()
    assert last.waiter.done()


@pytest.mark.asyncio
async def test_a_partition_has_one_batch_under_way(topic: TopicLanes, keeper: FakeKeeper) -> None:
    """What comes meanwhile goes together, as soon as that one has ended; other partitions go on."""
    session = FakeSession(count=2)
    topic.open(session)
    here, there = key_of(0, 2), key_of(1, 2)
    add(topic, b"1", here)
    session.taken[0][1].close()
    add(topic, b"2", here)
    add(topic, b"3", here)
    add(topic, b"4", there)
    topic.open(session)
    assert session.values() == [[b"1"], [b"4"]]
    session.taken[0][2].set_result(None)
    await settle()
    assert session.values() == [[b"1"], [b"4"], [b"2", b"3"]]
    assert keeper.stored == 1


@pytest.mark.asyncio
async def test_a_batch_of_the_old_producer_is_waited_for(topic: TopicLanes, keeper: FakeKeeper) -> None:
    """It ends, stored or not, before the new producer gets anything of its partition."""
    old, new = FakeSession(), FakeSession()
    topic.open(old)
    first = add(topic, b"1")
    old.taken[0][1].close()
    add(topic, b"2")
    topic.shut()
    topic.open(new)
    assert not new.taken
    old.taken[0][2].set_exception(errors.OutOfOrderSequenceNumber())
    await settle()
    assert keeper.reports == [(old, errors.OutOfOrderSequenceNumber, False)]
    topic.open(new)
    assert new.values() == [[b"1"]]
    new.taken[0][2].set_result(None)
    await settle()
    assert first.waiter.done()
    assert new.values() == [[b"1"], [b"2"]]


@pytest.mark.asyncio
async def test_a_producer_that_takes_nothing_is_reported_and_nothing_is_lost(
    topic: TopicLanes, keeper: FakeKeeper
) -> None:
    """It was closed, or its sender has died; the next one gets the same, in order."""
    old, new = FakeSession(closed=True), FakeSession()
    topic.open(old)
    add(topic, b"1")
    add(topic, b"2")
    assert keeper.reports == [(old, errors.ProducerClosed, False)]
    topic.open(new)
    assert new.values() == [[b"1"]] or new.values() == [[b"1", b"2"]]
    assert [value for values in new.values() for value in values] == [b"1", b"2"]


@pytest.mark.asyncio
async def test_each_waiter_of_a_failed_batch_gets_an_answer_of_its_own(topic: TopicLanes, keeper: FakeKeeper) -> None:
    """Refused or unknown, with the broker's word as its cause; those who have gone are left alone."""
    for error, failure in (
        (errors.TopicAuthorizationFailedError(), Refused("refused", "TopicAuthorizationFailedError")),
        (errors.NotLeaderForPartitionError(), NotAcknowledged("connection")),
    ):
        session = FakeSession()
        topic.open(session)
        waiting, gone, other = add(topic, b"1"), add(topic, b"2"), add(topic, b"3")
        gone.waiter.cancel()
        session.taken[0][2].set_exception(error)
        await settle()
        got = [waiting.waiter.exception(), other.waiter.exception()]
        assert [repr(each) for each in got] == [repr(failure)] * 2
        assert got[0] is not got[1]
        assert got[0] is not None
        assert got[0].__cause__ is error
    assert [(error, rest) for _, error, rest in keeper.reports] == [
        (errors.TopicAuthorizationFailedError, True),
        (errors.NotLeaderForPartitionError, False),
    ]
    assert keeper.stored == 0


@pytest.mark.asyncio
async def test_a_record_that_is_too_large_touches_nothing(topic: TopicLanes, keeper: FakeKeeper) -> None:
    """Key, value and headers count; also when it has waited for the topic."""
    session = FakeSession(max_record_bytes=100)
    early = add(topic, b"x" * 101)
    topic.open(session)
    late = add(topic, b"x", key=b"k" * 101)
    good = add(topic, b"1")
    for pending in (early, late):
        refused = pending.waiter.exception()
        assert isinstance(refused, Refused)
        assert refused.reason == "too_large"
    assert session.values() == [[b"1"]]
    assert not good.waiter.done()
    assert not keeper.reports


@pytest.mark.asyncio
async def test_partitions_may_be_added_while_we_run(topic: TopicLanes) -> None:
    """New keys go where consumers look for them, from the next look at the cluster on."""
    session = FakeSession(count=1)
    topic.open(session)
    key = key_of(2, 3)
    add(topic, b"1", key)
    session.count = 3
    topic.open(session)
    add(topic, b"2", key)
    assert [(partition, batch.record_count()) for partition, batch, _ in session.taken] == [(0, 1), (2, 1)]


@pytest.mark.asyncio
async def test_a_partition_that_is_gone_holds_up_nobody_else(topic: TopicLanes) -> None:
    """Until the next look its records wait; they go when it is there again."""
    session = FakeSession(count=2)
    topic.open(session)
    session.count = 1
    add(topic, b"gone", key_of(1, 2))
    add(topic, b"there", key_of(0, 2))
    assert session.values() == [[b"there"]]
    session.count = 2
    topic.open(session)
    assert session.values() == [[b"there"], [b"gone"]]
