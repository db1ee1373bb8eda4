"""Publishing while Kafka goes away and comes back: one broker of our own that is killed."""

import asyncio
import gc
import logging
import time
import tracemalloc
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Protocol

import pytest
import pytest_asyncio
import structlog

from bridge.events.records import Record
from bridge.kafka import producer_watch
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.local import LocalKafka
from bridge.kafka.local.answers import answers
from bridge.kafka.log_filter import quieten_library
from bridge.kafka.producer_session import SessionOptions
from bridge.kafka.publisher import NotAcknowledged, Publisher, PublisherState


class Topics(Protocol):
    async def create(self, word: str) -> str: ...
    async def read(self, name: str) -> list[tuple[bytes, bytes]]: ...


MakePublisher = Callable[..., Awaitable[Publisher]]
Lines = Sequence[Mapping[str, object]]

RECOVERY = 3.0
# Seconds from the moment at which Kafka answers again until a record is acknowledged.


@pytest_asyncio.fixture
async def broker(own_kafka: LocalKafka) -> AsyncIterator[LocalKafka]:
    """Give the broker, running; each test may leave it dead."""
    if not await answers(own_kafka.bootstrap):
        await own_kafka.restart()
    yield own_kafka


@pytest.fixture(autouse=True)
def quiet_library() -> Iterator[None]:
    """Keep the library's log as quiet as the program does."""
    before = logging.getLogger("aiokafka").level
    quiet = quieten_library(time.monotonic)
    yield
    logging.getLogger("aiokafka").setLevel(before)
    for name in logging.root.manager.loggerDict:
        logging.getLogger(name).removeFilter(quiet)


@pytest.fixture
def topics(broker: LocalKafka, topics_of: Callable[[str], Topics]) -> Topics:
    return topics_of(broker.bootstrap)


async def until(condition: Callable[[], bool], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - the publisher has no event for its state, by intent
            await asyncio.sleep(0.01)


def outages(lines: Lines) -> list[object]:
    return [line["event"] for line in lines if str(line["event"]).startswith("Kafka is")]


@pytest.mark.asyncio
async def test_a_killed_broker_loses_nothing_acknowledged_and_order_holds(
    broker: LocalKafka, topics: Topics, make_publisher: MakePublisher, caplog: pytest.LogCaptureFixture
) -> None:
    """64 callers go on through kill -9 and restart; each gets an answer in time; it recovers by itself, said once."""
    names = [await topics.create(word) for word in ("a", "b")]
    loop = asyncio.get_running_loop()
    acknowledged: dict[int, list[int]] = defaultdict(list)
    waits: list[float] = []
    stop = asyncio.Event()

    async def caller(publisher: Publisher, number: int) -> None:
        for turn in count():
            if stop.is_set():
                return
            began = loop.time()
            try:
                await publisher.publish(Record(names[number % 2], b"%d" % number, b"%d" % turn, []))
            except NotAcknowledged:
                waits.append(loop.time() - began)
            else:
                acknowledged[number].append(turn)
            await asyncio.sleep(0.005)

    with structlog.testing.capture_logs() as lines:
        publisher = await make_publisher(broker.bootstrap, *names)
        await until(lambda: publisher.ready)
        callers = [asyncio.create_task(caller(publisher, number)) for number in range(64)]
        await until(lambda: all(len(acknowledged[number]) > 20 for number in range(64)))
        await broker.kill()
        await until(lambda: publisher.state is PublisherState.AWAY)
        await until(lambda: publisher.counts.failed["deadline"] > 64)
        await broker.restart()
        before = {number: len(acknowledged[number]) for number in range(64)}
        await until(lambda: publisher.ready and all(len(acknowledged[n]) > before[n] for n in range(64)), RECOVERY)
        stop.set()
        await asyncio.gather(*callers)

    assert max(waits) < 2.0
    assert outages(lines) == ["Kafka is away", "Kafka is back"]
    assert publisher.counts.outages == 1
    library = [line.getMessage() for line in caplog.records if line.name.startswith("aiokafka")]
    assert 0 < len(library) < 20, "one of each kind, where the library alone writes some 80 a second"
    stored: dict[int, list[int]] = defaultdict(list)
    for name in names:
        for key, value in await topics.read(name):
            stored[int(key)].append(int(value))
    for number in range(64):
        assert stored[number] == sorted(set(stored[number])), "twice, or out of order"
        assert set(acknowledged[number]) <= set(stored[number]), "acknowledged, but not there"


@pytest.mark.asyncio
async def test_a_start_without_kafka_waits_for_it(
    broker: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """Not ready, no crash; a publish ends at its deadline; once Kafka is there all works by itself, said once."""
    name = await topics.create("a")
    await broker.kill()
    with structlog.testing.capture_logs() as lines:
        publisher = await make_publisher(broker.bootstrap, name, deadline=0.3)
        with pytest.raises(NotAcknowledged):
            await publisher.publish(Record(name, b"k", b"0", []))
        assert publisher.state is PublisherState.STARTING
        await broker.restart()
        await until(lambda: publisher.ready, RECOVERY)
        await publisher.publish(Record(name, b"k", b"1", []))
    assert outages(lines) == ["Kafka is away", "Kafka is back"]
    assert await topics.read(name) == [(b"k", b"1")]


@pytest.mark.asyncio
async def test_stop_in_an_outage_ends_in_time(
    broker: LocalKafka,
    topics: Topics,
    make_publisher: MakePublisher,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With batches in flight and queued, and callers waiting; all get an answer, and nothing is left running."""
    name = await topics.create("a")
    publisher = await make_publisher(broker.bootstrap, name)
    await until(lambda: publisher.ready)
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    await broker.kill()
    waiting = [
        asyncio.create_task(publisher.publish(Record(name, b"%d" % number, b"x" * 20_000, []))) for number in range(60)
    ]
    await asyncio.sleep(0)
    began = loop.time()
    with caplog.at_level(logging.ERROR, logger="asyncio"):
        await publisher.stop(within=1.0)
        assert loop.time() - began < 1.2
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(result) for result in results} == {NotAcknowledged}
        assert loop.time() - began < 1.2, "nobody waits for a deadline that can bring nothing"
        assert publisher.counts.failed.keys() == {"connection", "stopping"}
        assert publisher.counts.replaced == 0
        await until(lambda: not asyncio.all_tasks() - before)
    assert not [line for line in caplog.records if line.name == "asyncio"]


@pytest.mark.asyncio
async def test_memory_is_bounded_in_an_outage(
    broker: LocalKafka, topics: Topics, make_publisher: MakePublisher
) -> None:
    """Once the batches are full, 5 MB more of failing publishes, 1,000 a second, leave no trace."""
    name = await topics.create("a")
    publisher = await make_publisher(broker.bootstrap, name, deadline=0.5)
    await until(lambda: publisher.ready)
    await broker.kill()

    async def wave() -> None:
        records = (Record(name, b"%d" % number, b"x" * 2_000, []) for number in range(500))
        results = await asyncio.gather(*map(publisher.publish, records), return_exceptions=True)
        assert {type(result) for result in results} == {NotAcknowledged}

    tracemalloc.start()
    for _ in range(5):
        await wave()
    gc.collect()
    full, _ = tracemalloc.get_traced_memory()
    for _ in range(5):
        await wave()
    gc.collect()
    later, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert later - full < 500_000
    assert publisher._deadlines is not None
    assert len(publisher._deadlines) == 0
    assert publisher._topics[name].in_line == 0


@pytest.mark.asyncio
async def test_brokers_with_new_addresses_are_found(
    broker: LocalKafka, kafka: LocalKafka, topics_of: Callable[[str], Topics], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client never asks the bootstrap servers twice; when only these lead to a broker, the producer is replaced."""
    monkeypatch.setattr(producer_watch, "DOUBT_AFTER", 0.5)
    name = await topics_of(broker.bootstrap).create("a")
    moved = topics_of(kafka.bootstrap)
    moved._prefix = name.split(".")[0]  # type: ignore[attr-defined]  # the same topic on the other broker
    await moved.create("a")
    bootstrap = [broker.bootstrap]
    publisher = Publisher(lambda: SessionOptions(ClientOptions(bootstrap[0]), 10_000), [name], deadline=0.5)
    await publisher.start()
    await until(lambda: publisher.ready)
    await broker.kill()
    bootstrap[0] = kafka.bootstrap
    await until(lambda: publisher.state is PublisherState.AWAY)
    await until(lambda: publisher.ready)
    await publisher.publish(Record(name, b"k", b"1", []))
    await publisher.stop(within=1.0)
    assert publisher.counts.replaced == 1
    assert await moved.read(name) == [(b"k", b"1")]
