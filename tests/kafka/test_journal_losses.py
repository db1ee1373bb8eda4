"""How a shard is lost on a real broker, and that its next owner finds all of an append or nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber, ProducerFenced

from bridge.calls.journal import JournalAway, ShardLost
from bridge.events.records import Record
from bridge.events.topics import journal_topic
from bridge.kafka import journal_producer, shard_journal
from bridge.kafka.journal_producer import TRANSACTION_TIMEOUT_MS, judge
from bridge.kafka.local import LocalKafka
from bridge.kafka.local.answers import answers
from bridge.kafka.shard_journal import KafkaShard
from bridge.kafka.topic_admin import TopicAdmin
from bridge.kafka.topic_table import Correction, Topic
from tests.calls.journal_contract import put, values
from tests.kafka.journals import KafkaWorld, nothing_left_behind

SOON = 1.0
# The time limit of a transaction in these tests, seconds: what they hold up never ends by itself.
IN_TIME = 5.0
# Seconds until a caller must have been told, however crowded the machine.


@pytest_asyncio.fixture
async def world(kafka: LocalKafka) -> AsyncIterator[KafkaWorld]:
    """Give a journal of two shards that no other test has."""
    world = KafkaWorld(kafka.bootstrap, shards=2, max_record_bytes=400_000)
    await world.create_topics()
    async with nothing_left_behind():
        yield world


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let transactions take a second."""
    monkeypatch.setattr(journal_producer, "TRANSACTION_WITHIN_S", SOON)


def hold_up_the_answer(writer: KafkaShard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commits be carried out, and their answers never come."""
    commit = writer._producer._producer.commit_transaction

    async def commit_without_answer() -> None:
        await commit()
        await asyncio.Event().wait()

    monkeypatch.setattr(writer._producer._producer, "commit_transaction", commit_without_answer)


def hold_up_the_commit(writer: KafkaShard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commits never reach the broker."""
    monkeypatch.setattr(writer._producer._producer, "commit_transaction", asyncio.Event().wait)


async def lose(writer: KafkaShard, world: KafkaWorld, key: str, *more: Record) -> ShardLost:
    """Append a record and its result, see the shard lost, and close it."""
    with pytest.raises(ShardLost) as lost:
        async with asyncio.timeout(IN_TIME):
            await writer.append([put(key, "v")], [world.result(key, "v"), *more])
    await writer.close()
    return lost.value


@pytest.mark.asyncio
async def test_a_commit_whose_answer_is_lost_is_unknown_and_was_stored(
    world: KafkaWorld, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller may not act on it, although the next owner finds it."""
    writer, _ = await world.journal.open(0)
    hold_up_the_answer(writer, monkeypatch)
    assert (await lose(writer, world, "k")).cause == "unknown"
    assert await values(world) == {"k": "v"}
    assert await world.results() == [("k", "v")]


@pytest.mark.asyncio
async def test_a_commit_that_never_arrives_is_unknown_and_was_not_stored(
    world: KafkaWorld, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same word for the caller, and the opposite for the next owner."""
    writer, _ = await world.journal.open(0)
    hold_up_the_commit(writer, monkeypatch)
    assert (await lose(writer, world, "k")).cause == "unknown"
    assert await values(world) == {}
    assert await world.results() == []


@pytest.mark.asyncio
async def test_a_refused_record_takes_its_whole_transaction_with_it(world: KafkaWorld) -> None:
    """A topic that takes less than it should refuses one batch: nothing of the transaction is stored, not even later.

    The client library would commit the rest if it were asked to.
    """
    narrow = f"{world.prefix}.narrow"
    async with TopicAdmin.connect(world.client) as admin:
        await admin.create([Topic(narrow, 1, 1, {"max.message.bytes": "1000"})])
    world.options = replace(world.options, publish_to=(*world.options.publish_to, narrow))
    writer, _ = await world.journal.open(0)
    neighbour = asyncio.create_task(writer.append([put("neighbour", "v")], [world.result("neighbour", "v")]))
    await asyncio.sleep(0)
    lost = await lose(writer, world, "k", Record(narrow, b"k", b"x" * 2000, []))
    assert (lost.cause, lost.error) == ("refused", "MessageSizeTooLargeError")
    with pytest.raises(ShardLost):
        await neighbour
    # Before any next open: the abort was ours, and no reader is held up by what was in the log.
    assert await world.results() == []
    assert await uncommitted(world) == [b"neighbour", b"k"]
    assert await stable_end(world, "read_committed") == await stable_end(world, "read_uncommitted")
    writer, snapshot = await world.journal.open(0)
    assert snapshot == {}
    await writer.append([put("k", "again")])
    await writer.close()
    assert await values(world) == {"k": "again"}


async def stable_end(world: KafkaWorld, isolation_level: str) -> int:
    """Give how far a reader of shard 0's log may read."""
    servers = world.client.bootstrap_servers
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, isolation_level=isolation_level)
    await consumer.start()
    try:
        partition = TopicPartition(journal_topic(world.prefix), 0)
        return int((await consumer.end_offsets([partition]))[partition])
    finally:
        await consumer.stop()


async def uncommitted(world: KafkaWorld) -> list[bytes]:
    """Give the keys of all records in shard 0's log, whatever became of their transactions."""
    consumer = AIOKafkaConsumer(bootstrap_servers=world.client.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partition = TopicPartition(journal_topic(world.prefix), 0)
        consumer.assign([partition])
        fetched = (await consumer.getmany(partition, timeout_ms=2000)).get(partition, ())
        return [record.key for record in fetched]
    finally:
        await consumer.stop()


@pytest.mark.asyncio
async def test_a_journal_whose_times_are_ours_stores_nothing(world: KafkaWorld) -> None:
    """Somebody has changed the topic to CreateTime: no append is timed by a clock of this process."""
    async with TopicAdmin.connect(world.client) as admin:
        await admin.correct([Correction(journal_topic(world.prefix), "message.timestamp.type", "CreateTime", None)])
    writer, _ = await world.journal.open(0)
    lost = await lose(writer, world, "k")
    assert lost.cause == "refused"
    assert await values(world) == {}


@pytest.mark.asyncio
async def test_a_journal_that_is_not_there_is_named(world: KafkaWorld) -> None:
    """A missing topic, and a shard beyond the journal's partitions, are no shard; neither is created."""
    world.options = replace(world.options, publish_to=(f"{world.prefix}.nowhere",))
    with pytest.raises(JournalAway, match=r"TopicMissing: t\w+\.nowhere$"):
        await world.journal.open(0)
    world.options = replace(world.options, publish_to=())
    with pytest.raises(JournalAway, match=r"internal\.journal, partition 2$"):
        await world.journal.open(2)


@pytest.mark.asyncio
async def test_forty_eight_shards_in_one_process(kafka: LocalKafka) -> None:
    """Each has a producer of its own; all open at once and append at once, each to its own shard."""
    world = KafkaWorld(kafka.bootstrap, shards=48, max_record_bytes=400_000)
    await world.create_topics()
    async with nothing_left_behind():
        await forty_eight(world)


async def forty_eight(world: KafkaWorld) -> None:
    opened = await asyncio.gather(*(world.journal.open(shard) for shard in range(48)))
    writers = [writer for writer, _ in opened]
    for turn in range(2):
        appends = [writer.append([put("k", f"{writer.shard}.{turn}")]) for writer in writers]
        await asyncio.gather(*appends)
    successors = await asyncio.gather(*(world.journal.open(shard) for shard in range(48)))
    found = [snapshot[b"k"].value for _, snapshot in successors]
    lost = await asyncio.gather(*(writer.append([put("k", "z")]) for writer in writers), return_exceptions=True)
    await asyncio.gather(*(writer.close() for writer in (*writers, *(writer for writer, _ in successors))))
    assert found == [b"%d.1" % shard for shard in range(48)]
    assert [loss.cause for loss in lost if isinstance(loss, ShardLost)] == ["fenced"] * 48


@pytest_asyncio.fixture
async def mortal(own_kafka: LocalKafka) -> AsyncIterator[KafkaWorld]:
    """Give a journal on a broker that may be killed, and that runs again afterwards."""
    if not await answers(own_kafka.bootstrap):
        await own_kafka.restart()
    world = KafkaWorld(own_kafka.bootstrap, shards=2, max_record_bytes=400_000)
    await world.create_topics()
    async with nothing_left_behind():
        yield world


@pytest.mark.asyncio
async def test_a_broker_that_dies_in_a_commit(
    own_kafka: LocalKafka, mortal: KafkaWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit asked for is unknown, an append that never got that far is away; both end in time.

    While the broker is away a shard cannot be opened. The next owner finds all or nothing, the same in both topics,
    and what was stored before is there.
    """
    dying, _ = await mortal.journal.open(0)
    idle, _ = await mortal.journal.open(1)
    await dying.append([put("before", "v")], [mortal.result("before", "v")])
    commit = dying._producer._producer.commit_transaction
    monkeypatch.setattr(journal_producer, "TRANSACTION_WITHIN_S", SOON)
    monkeypatch.setattr(shard_journal, "CLOSE_WITHIN_S", SOON / 2)

    killing: list[asyncio.Task[None]] = []

    async def commit_into_the_void() -> None:
        killing.append(asyncio.create_task(own_kafka.kill()))
        await asyncio.shield(killing[0])
        await commit()

    monkeypatch.setattr(dying._producer._producer, "commit_transaction", commit_into_the_void)
    assert (await lose(dying, mortal, "k")).cause == "unknown"
    await killing[0]
    assert (await lose(idle, mortal, "k")).cause == "away"
    with pytest.raises(JournalAway):
        await mortal.journal.open(0)
    await own_kafka.restart()
    writer, snapshot = await mortal.journal.open(0)
    await writer.append([put("after", "v")])
    await writer.close()
    assert snapshot.keys() - {b"k"} == {b"before"}
    assert set(await mortal.results()) == {(key.decode(), "v") for key in snapshot}
    assert "after" in await values(mortal)


@pytest.mark.parametrize("committing", [False, True])
def test_a_fenced_producer_is_told_from_a_refused_one(committing: bool) -> None:
    """Before the commit was asked for an error means refused, after it unknown; fenced is fenced."""
    other = "unknown" if committing else "refused"
    assert judge(ProducerFenced(), committing=committing) == "fenced"
    assert judge(OutOfOrderSequenceNumber(), committing=committing) == other
    assert judge(KafkaError(), committing=committing) == other


def test_our_own_limit_is_the_brokers() -> None:
    """A transaction that we still wait for is one that the brokers have not ended by themselves."""
    assert journal_producer.TRANSACTION_WITHIN_S * 1000 == TRANSACTION_TIMEOUT_MS
