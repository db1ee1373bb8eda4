"""Publishing to a Kafka that is there: order, refusals, and topics that come and go."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Protocol

import pytest
import structlog
from aiokafka.errors import OutOfOrderSequenceNumber

from bridge.events.records import Record
from bridge.kafka.local import LocalKafka
from bridge.kafka.publisher import NotAcknowledged, Publisher, PublisherState, Refused


class Topics(Protocol):
    def name(self, word: str) -> str: ...
    async def create(self, word: str, settings: dict[str, str] | None = None) -> str: ...
    async def delete(self, name: str) -> None: ...
    async def read(self, name: str) -> list[tuple[bytes, bytes]]: ...


MakePublisher = Callable[..., Awaitable[Publisher]]


@pytest.fixture
def topics(kafka: LocalKafka, topics_of: Callable[[str], Topics]) -> Topics:
    return topics_of(kafka.bootstrap)


def record(topic: str, key: bytes = b"acme/call/1", value: bytes = b"{}") -> Record:
    return Record(topic, key, value, [("ce_id", b"1")])


async def until(condition: Callable[[], bool], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - the publisher has no event for its state, by intent
            await asyncio.sleep(0.01)


def in_order(records: list[tuple[bytes, bytes]]) -> dict[bytes, list[int]]:
    by_key = defaultdict(list)
    for key, value in records:
        by_key[key].append(int(value))
    return by_key


@pytest.mark.asyncio
async def test_what_64_callers_publish_at_once_is_there_in_order(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """Each caller's key keeps its order, nothing is missing, nothing is there twice."""
    names = [await topics.create(word) for word in ("a", "b")]
    publisher = await make_publisher(kafka.bootstrap, *names)
    await until(lambda: publisher.ready)

    async def caller(number: int) -> None:
        for turn in range(50):
            await publisher.publish(record(names[number % 2], b"key-%d" % number, b"%d" % turn))

    await asyncio.gather(*map(caller, range(64)))
    assert publisher.counts.acknowledged == {names[0]: 1600, names[1]: 1600}
    for remainder, name in enumerate(names):
        keys = [b"key-%d" % number for number in range(remainder, 64, 2)]
        assert in_order(await topics.read(name)) == {key: list(range(50)) for key in keys}


@pytest.mark.asyncio
async def test_publishes_that_overlap_enter_in_the_order_of_their_calls(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """Also when some wait for room in a full batch and others come just when there is room: 20 kB against 256 KiB."""
    name = await topics.create("a")
    publisher = await make_publisher(kafka.bootstrap, name)
    await until(lambda: publisher.ready)
    tasks = []
    for turn in range(200):
        tasks.append(asyncio.create_task(publisher.publish(record(name, value=(b"%d" % turn).ljust(20_000)))))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert in_order(await topics.read(name)) == {b"acme/call/1": list(range(200))}


@pytest.mark.asyncio
async def test_a_record_is_refused_before_it_is_sent(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """Without a key, too large, or to a topic that is not ours; the producer is not touched by it."""
    name = await topics.create("a")
    publisher = await make_publisher(kafka.bootstrap, name, max_record_bytes=1000)
    await until(lambda: publisher.ready)
    reasons = []
    for bad in (record(name, key=b""), record(name, value=b"x" * 1001), record(topics.name("other"))):
        with pytest.raises(Refused) as refused:
            await publisher.publish(bad)
        reasons.append(refused.value.reason)
    assert reasons == ["no_key", "too_large", "unknown_topic"]
    await publisher.publish(record(name))
    assert publisher.counts.replaced == 0
    assert publisher.counts.failed == {"no_key": 1, "too_large": 1, "unknown_topic": 1}


@pytest.mark.asyncio
async def test_after_a_refused_batch_the_next_record_works(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """The broker refuses the large record; a producer that went on would be out of sequence for good."""
    name = await topics.create("small", {"max.message.bytes": "20000"})
    publisher = await make_publisher(kafka.bootstrap, name)
    await until(lambda: publisher.ready)
    for turn in range(3):
        await publisher.publish(record(name, value=b"%d" % turn))
        with pytest.raises(Refused, match="MessageSizeTooLargeError") as refused:
            await publisher.publish(record(name, value=b"x" * 50_000))
        assert refused.value.reason == "refused"
    await publisher.publish(record(name, value=b"3"))
    assert publisher.counts.replaced == 3
    assert in_order(await topics.read(name)) == {b"acme/call/1": [0, 1, 2, 3]}


@pytest.mark.asyncio
async def test_a_refused_batch_costs_others_nothing_and_keeps_their_order(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """What others publish meanwhile, to the same partition and to other topics, is acknowledged, once, in order."""
    small = await topics.create("small", {"max.message.bytes": "20000"})
    other = await topics.create("other")
    publisher = await make_publisher(kafka.bootstrap, small, other)
    await until(lambda: publisher.ready)
    stop = asyncio.Event()
    acknowledged: dict[str, list[int]] = defaultdict(list)

    async def caller(name: str) -> None:
        for turn in count():
            if stop.is_set():
                return
            try:
                await publisher.publish(record(name, value=b"%d" % turn))
            except Refused:
                # It shared the batch with the large one.
                assert name == small
                continue
            acknowledged[name].append(turn)

    callers = [asyncio.create_task(caller(name)) for name in (small, other)]
    for _ in range(5):
        with pytest.raises(Refused):
            await publisher.publish(record(small, value=b"x" * 50_000))
        await publisher.publish(record(other, b"another key"))
    stop.set()
    await asyncio.gather(*callers)
    assert publisher.counts.replaced >= 5
    assert publisher.counts.failed.keys() == {"refused"}
    assert in_order(await topics.read(small))[b"acme/call/1"] == acknowledged[small]
    assert in_order([pair for pair in await topics.read(other) if pair[0] == b"acme/call/1"]) == {
        b"acme/call/1": acknowledged[other]
    }


@pytest.mark.asyncio
async def test_a_dead_sender_is_replaced_and_the_record_goes_through(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """The library's task may die of an error of its own; the caller does not notice."""
    name = await topics.create("a")
    publisher = await make_publisher(kafka.bootstrap, name)
    await until(lambda: publisher.ready)
    session = publisher._watch._session
    assert session is not None

    def broken(*_: object, **__: object) -> None:
        raise OutOfOrderSequenceNumber

    session.producer._message_accumulator.drain_by_nodes = broken
    await publisher.publish(record(name, value=b"0"))
    await publisher.publish(record(name, value=b"1"))
    assert publisher.counts.replaced == 1
    assert in_order(await topics.read(name)) == {b"acme/call/1": [0, 1]}
    assert publisher._watch._session is not session


@pytest.mark.asyncio
async def test_order_holds_when_a_batch_has_to_be_sent_again(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """The broker finds batches out of step; nobody notices, and nothing is stored twice or in another order."""
    name = await topics.create("a")
    publisher = await make_publisher(kafka.bootstrap, name)
    await until(lambda: publisher.ready)
    for turn in range(3):
        await publisher.publish(record(name, value=b"%d" % (100 * turn)))
        session = publisher._watch._session
        assert session is not None
        numbers = session.producer._txn_manager._sequence_numbers
        assert len(numbers) == 1
        for partition in numbers:
            numbers[partition] += 7
        tasks = []
        for number in range(100 * turn + 1, 100 * turn + 100):
            tasks.append(asyncio.create_task(publisher.publish(record(name, value=b"%d" % number))))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
    assert publisher.counts.replaced == 3
    assert publisher.counts.failed == {}
    assert in_order(await topics.read(name)) == {b"acme/call/1": list(range(300))}


@pytest.mark.asyncio
async def test_a_record_larger_than_a_batch_is_stored(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """Up to the limit given; it goes alone, and those around it keep their order."""
    name = await topics.create("a")
    publisher = await make_publisher(kafka.bootstrap, name, max_record_bytes=400_000)
    await until(lambda: publisher.ready)
    sizes = (1, 350_000, 2, 350_000, 3)
    await asyncio.gather(*(publisher.publish(record(name, value=b"x" * size)) for size in sizes))
    assert tuple(len(value) for _, value in await topics.read(name)) == sizes
    assert publisher.counts.replaced == 0


@pytest.mark.asyncio
async def test_a_missing_topic_hurts_nobody_else_and_works_once_it_is_there(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """Its publishes fail at their deadline, the others go on at full speed; readiness waits for it; one line each."""
    there, missing = await topics.create("there"), topics.name("missing")
    with structlog.testing.capture_logs() as lines:
        publisher = await make_publisher(kafka.bootstrap, there, missing, deadline=0.5)
        await publisher.publish(record(there))
        waiting = [asyncio.create_task(publisher.publish(record(missing))) for _ in range(20)]
        async with asyncio.timeout(0.4):
            for turn in range(50):
                await publisher.publish(record(there, value=b"%d" % turn))
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(result) for result in results} == {NotAcknowledged}
        assert publisher.state is PublisherState.STARTING
        session = publisher._watch._session
        assert session is not None
        # Asking for it by name would create it, where the cluster creates topics by itself.
        assert missing not in session.producer.client._topics
        await topics.create("missing")
        await until(lambda: publisher.ready, within=3.0)
        await publisher.publish(record(missing))
    assert [line["event"] for line in lines] == ["topics are missing", "all topics are there"]
    assert publisher.counts.failed == {"deadline": 20}


@pytest.mark.asyncio
async def test_a_topic_that_is_deleted_and_created_again_works_by_itself(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """Without a restart, and the publisher stays ready for the others."""
    steady, name = await topics.create("steady"), await topics.create("a")
    publisher = await make_publisher(kafka.bootstrap, steady, name, deadline=0.5)
    await until(lambda: publisher.ready)
    await publisher.publish(record(name))
    await topics.delete(name)
    with pytest.raises(NotAcknowledged):
        await publisher.publish(record(name))
    await publisher.publish(record(steady))
    assert publisher.ready
    await topics.create("a")

    async def works() -> None:
        while True:
            try:
                return await publisher.publish(record(name, value=b"2"))
            except NotAcknowledged:
                continue

    async with asyncio.timeout(5):
        await works()
    assert (b"acme/call/1", b"2") in await topics.read(name)


@pytest.mark.asyncio
async def test_a_sender_that_dies_of_an_unknown_error_is_replaced(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """Nobody knows what has become of the record that was with it; the next one works."""
    name = await topics.create("a")
    publisher = await make_publisher(kafka.bootstrap, name)
    await until(lambda: publisher.ready)
    session = publisher._watch._session
    assert session is not None

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug of the library")

    session.producer._message_accumulator.drain_by_nodes = broken
    with pytest.raises(NotAcknowledged):
        await publisher.publish(record(name, value=b"0"))
    await publisher.publish(record(name, value=b"1"))
    assert publisher.counts.replaced == 1


@pytest.mark.asyncio
async def test_a_cancelled_publish_leaves_the_others_alone(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """Its record may still arrive; those behind it are acknowledged."""
    name = await topics.create("a")
    publisher = await make_publisher(kafka.bootstrap, name)
    await until(lambda: publisher.ready)
    tasks = [asyncio.create_task(publisher.publish(record(name, value=b"%d" % turn))) for turn in range(10)]
    await asyncio.sleep(0)
    for task in tasks[:5]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 5 + [type(None)] * 5
    await publisher.publish(record(name, value=b"10"))


@pytest.mark.asyncio
async def test_stop_delivers_what_is_on_its_way_and_takes_no_more(
    kafka: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """What is in flight or queued behind that is acknowledged; what comes later is not taken."""
    name = await topics.create("a")
    publisher = await make_publisher(kafka.bootstrap, name)
    await until(lambda: publisher.ready)
    tasks = []
    for turn in range(10):
        tasks.append(asyncio.create_task(publisher.publish(record(name, value=(b"%d" % turn).ljust(20_000)))))
        await asyncio.sleep(0)
    await publisher.stop(within=2.0)
    assert await asyncio.gather(*tasks) == [None] * 10
    assert publisher.state is PublisherState.STOPPED
    with pytest.raises(NotAcknowledged):
        await publisher.publish(record(name))
    assert in_order(await topics.read(name)) == {b"acme/call/1": list(range(10))}
