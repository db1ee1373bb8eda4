"""Kafka as the command line asks for it: once, with a sentence when it does not answer."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError

from bridge.kafka.client_options import ClientOptions
from bridge.kafka.missing_rights import Looked
from bridge.kafka.producer_session import Session, SessionOptions
from bridge.kafka.rights import Right
from bridge.kafka.rights_probe import look_at_rights
from bridge.kafka.topic_admin import apply, compare
from bridge.kafka.topic_table import Plan, TopicOptions

CLOSE_WITHIN_S = 2.0
# A producer that has sent nothing has nothing to flush.


class KafkaAway(Exception):
    """No broker answered, or none let us in; the text is what the client said."""


@asynccontextmanager
async def told_plainly() -> AsyncIterator[None]:
    """Turn what the client library and the network raise into KafkaAway."""
    try:
        yield
    except (KafkaError, OSError, ValueError) as error:
        raise KafkaAway(str(error) or type(error).__name__) from error


async def compare_topics(client: ClientOptions, topics: TopicOptions) -> Plan:
    """Compare the topics with the configuration. Raises KafkaAway, and TopicsNotManaged when Kafka refuses."""
    async with told_plainly():
        return await compare(client, topics)


async def apply_topics(client: ClientOptions, topics: TopicOptions) -> Plan:
    """Create and correct topics, and return what was done. Raises as `compare_topics` does."""
    async with told_plainly():
        return await apply(client, topics)


async def look_at_our_rights(client: ClientOptions, table: Collection[Right], topics: Collection[str]) -> Looked:
    """See which rights of a table are missing; `topics` are those of the installation. Raises KafkaAway."""
    async with told_plainly():
        return await look_at_rights(client, table, topics)


async def open_producer(client: ClientOptions, topics: TopicOptions) -> None:
    """See whether an idempotent producer may be opened; it sends nothing. Raises KafkaAway with the refusal."""
    async with told_plainly():
        session = await Session.open(SessionOptions(client, topics.max_record_bytes))
    await session.close(CLOSE_WITHIN_S)
