"""The brokers of the tests. Without any way to a real Kafka they fail with the sentence that says what to do."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import strategies

from bridge.kafka.local import LocalKafka, start_local_kafka
from tests.drills.clients import Sender
from tests.drills.scene import Ground
from tests.kafka.secured_kafka import SecuredKafka, start_secured_kafka


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the expected samples be written anew: look at the difference before you commit it."""
    parser.addoption("--rewrite-samples", action="store_true", help="write tests/samples/records/ anew")


@pytest.fixture(scope="session", autouse=True)
def known_characters() -> None:
    """Make the table of all characters beforehand: in a fresh clone that takes seconds.

    Else the first test that draws a text is taken for a slow one, and fails for that.
    """
    strategies.characters(codec="utf-8").validate()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka() -> AsyncIterator[LocalKafka]:
    """Give the broker that all tests share; nobody may stop it."""
    broker = await start_local_kafka(print)
    yield broker
    await broker.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def ground(kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Ground]:
    """Give drills the broker that all tests share."""
    sender = Sender(kafka.bootstrap)
    await sender.start()
    yield Ground(kafka, sender, tmp_path)
    await sender.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_kafka() -> AsyncIterator[LocalKafka]:
    """Give the tests of one module a broker that they may kill, if they leave it running."""
    broker = await start_local_kafka(print, own=True)
    yield broker
    await broker.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def secured_kafka() -> AsyncIterator[SecuredKafka]:
    """Give the broker with a listener of each kind of security; nobody may stop it."""
    async with start_secured_kafka() as broker:
        yield broker
