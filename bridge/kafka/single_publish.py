"""Publishing one record and no other: for the command line, which connects, publishes and is gone."""

import asyncio
from typing import Final, NamedTuple

from aiokafka.errors import KafkaError

from bridge.events.records import Record
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.partitioning import partition_of
from bridge.kafka.probe import CLOSE_WITHIN_S, KafkaAway, told_plainly
from bridge.kafka.producer_errors import NotAcknowledged, Refused, judge_acknowledgement
from bridge.kafka.producer_session import Session, SessionOptions
from bridge.kafka.reader import TopicUnknown

CONNECT_WITHIN_S = 10.0
# As long as the client library waits for a silent broker; one that refuses is known at once.
LARGEST_RECORD_BYTES = 524_288
# Half of what topics take by default, and far above any record that a person publishes.
_LOG_APPEND_TIME: Final = 1
# What the client library calls a time given by the broker; 0 is a time given by us.


class Stored(NamedTuple):
    """Where a record is; `appended_ms` by the brokers' clock, None where the topic keeps the time of the sender."""

    partition: int
    offset: int
    appended_ms: int | None


async def publish_once(client: ClientOptions, record: Record, within: float) -> Stored:
    """Publish one record with acks=all, and wait for the acknowledgement for the given seconds.

    KafkaAway, TopicUnknown, Refused: it is not stored. NotAcknowledged: nobody knows.
    """
    session = await _open(client)
    try:
        if not await session.refresh((record.topic,), CONNECT_WITHIN_S):
            raise KafkaAway("it does not tell its topics")
        # Sending to a topic that is not there would ask for it by name, which creates it on some clusters.
        if not session.knows(record.topic):
            raise TopicUnknown(record.topic)
        return await _publish(session, record, within)
    finally:
        await session.close(CLOSE_WITHIN_S)


async def _open(client: ClientOptions) -> Session:
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S), told_plainly():
            return await Session.open(SessionOptions(client, LARGEST_RECORD_BYTES))
    except TimeoutError as error:
        raise KafkaAway(f"no answer within {CONNECT_WITHIN_S:g} s") from error


async def _publish(session: Session, record: Record, within: float) -> Stored:
    topic, key, value, headers = record
    partition = partition_of(key, session.partitions(topic))
    try:
        async with asyncio.timeout(within):
            acknowledgement = await session.producer.send(topic, value, key, partition=partition, headers=headers)
            metadata = await acknowledgement
    except TimeoutError as error:
        raise NotAcknowledged("deadline") from error
    except KafkaError as error:
        if judge_acknowledgement(error).outcome == "unknown":
            raise NotAcknowledged("connection") from error
        raise Refused("refused", type(error).__name__) from error
    timed_by_broker = metadata.timestamp_type == _LOG_APPEND_TIME
    return Stored(metadata.partition, metadata.offset, metadata.timestamp if timed_by_broker else None)
