"""One producer object, on the installed release of the client library and a real broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import pytest
import pytest_asyncio
from aiokafka.errors import KafkaError

from bridge.events.records import Record
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.local import LocalKafka
from bridge.kafka.producer_batch import Batch, Pending
from bridge.kafka.producer_session import Session, SessionOptions


class Topics(Protocol):
    def name(self, word: str) -> str: ...
    async def create(self, word: str) -> str: ...
    async def read(self, name: str) -> list[tuple[bytes, bytes]]: ...


@pytest.fixture
def topics(kafka: LocalKafka, topics_of: Callable[[str], Topics]) -> Topics:
    return topics_of(kafka.bootstrap)


@pytest_asyncio.fixture
async def session(kafka: LocalKafka) -> AsyncIterator[Session]:
    session = await Session.open(SessionOptions(ClientOptions(kafka.bootstrap), 10_000))
    yield session
    await session.close(1.0)


def batch_of(*values: bytes) -> Batch:
    batch = Batch()
    for value in values:
        add(batch, value)
    return batch


def add(batch: Batch, value: bytes) -> bool:
    return batch.add(Pending(Record("", b"k", value, []), asyncio.get_running_loop().create_future()))


@pytest.mark.asyncio
async def test_a_queued_batch_takes_records_until_the_sender_has_it(session: Session, topics: Topics) -> None:
    """All that got in is stored once, and the next batch is in step: none came after the sender had counted."""
    name = await topics.create("a")
    await session.refresh([name], 2.0)
    number, expected = 0, []
    for _ in range(20):
        batch = batch_of(b"first")
        acknowledged = session.hand_over(batch, name, 0)
        assert acknowledged is not None
        expected.append(b"first")
        while not acknowledged.done():
            if add(batch, b"%d" % number):
                expected.append(b"%d" % number)
                number += 1
            await asyncio.sleep(0)
        await acknowledged
    assert number >= 20, "some got in while the batch was queued"
    assert [value for _, value in await topics.read(name)] == expected


@pytest.mark.asyncio
async def test_a_partition_takes_one_queued_batch(session: Session, topics: Topics) -> None:
    """The second one is not taken, instead of waiting in a place where nobody sees it."""
    name = await topics.create("a")
    await session.refresh([name], 2.0)
    first = session.hand_over(batch_of(b"1"), name, 0)
    assert first is not None
    assert session.hand_over(batch_of(b"2"), name, 0) is None
    other = session.hand_over(batch_of(b"3"), name, 1)
    assert other is not None
    await asyncio.gather(first, other)
    assert sorted(await topics.read(name)) == [(b"k", b"1"), (b"k", b"3")]


@pytest.mark.asyncio
async def test_what_is_not_there_is_not_asked_for(session: Session, topics: Topics) -> None:
    """Asking for a topic by its name creates it, where the cluster creates topics by itself."""
    name, missing = await topics.create("a"), topics.name("missing")
    await session.refresh([name], 2.0)
    assert session.partitions(name) == 3
    assert session.partitions(missing) == 0
    assert session.hand_over(batch_of(b"1"), missing, 0) is None
    assert session.hand_over(batch_of(b"1"), name, 3) is None
    assert missing not in session.producer.client._topics


@pytest.mark.asyncio
async def test_a_closed_producer_takes_nothing(session: Session, topics: Topics) -> None:
    """It says so with an error, since it never will again."""
    name = await topics.create("a")
    await session.refresh([name], 2.0)
    await session.close(1.0)
    with pytest.raises(KafkaError):
        session.hand_over(batch_of(b"1"), name, 0)
