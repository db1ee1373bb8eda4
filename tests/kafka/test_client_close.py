"""How a client of the bridge ends."""

import asyncio
import time
import uuid
from collections.abc import Awaitable

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.protocol.metadata import MetadataRequest

from bridge.kafka.client_options import ClientOptions, client_arguments
from bridge.kafka.client_start import start_client
from bridge.kafka.local import LocalKafka
from tests.kafka.secured_kafka import SecuredKafka

HELD_MS = 5_000
# How long the broker holds a fetch for which it has nothing.


@pytest.mark.asyncio
async def test_the_end_of_a_connection_with_tls_waits_for_nobody(secured_kafka: SecuredKafka) -> None:
    """A consumer over TLS stops at once, although the broker holds its fetch and does not look meanwhile."""
    options = secured_kafka.client("TLS")
    admin = AIOKafkaAdminClient(bootstrap_servers=secured_kafka.bootstrap)
    await admin.start()
    topic = f"close-{uuid.uuid4().hex}"
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    consumer = AIOKafkaConsumer(**client_arguments(options), fetch_max_wait_ms=HELD_MS, auto_offset_reset="earliest")
    await start_client(consumer, consumer._client, options)
    consumer.assign([TopicPartition(topic, 0)])
    assert await consumer.getmany(timeout_ms=500) == {}
    began = time.monotonic()
    await consumer.stop()
    assert time.monotonic() - began < HELD_MS / 1000 / 2


@pytest.mark.asyncio
async def test_a_client_that_is_cancelled_while_it_begins_leaves_nothing_open(
    kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that says nothing more, and a time limit: the first connection is closed, not left to be found."""
    asked: list[AIOKafkaConnection] = []
    honest = AIOKafkaConnection.send

    def silent(self: AIOKafkaConnection, request: object, expect_response: bool = True) -> Awaitable[object]:
        if isinstance(request, MetadataRequest):
            asked.append(self)
            return asyncio.get_running_loop().create_future()
        answer: Awaitable[object] = honest(self, request, expect_response)
        return answer

    monkeypatch.setattr(AIOKafkaConnection, "send", silent)
    options = ClientOptions(kafka.bootstrap)
    consumer = AIOKafkaConsumer(**client_arguments(options))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await start_client(consumer, consumer._client, options)
    (left,) = asked
    assert not left.connected()
    await consumer.stop()


@pytest.mark.asyncio
async def test_a_connection_that_comes_after_the_end_is_closed(kafka: LocalKafka) -> None:
    """It was being made when its client was stopped, and nobody would ever close it."""
    options = ClientOptions(kafka.bootstrap)
    producer = AIOKafkaProducer(**client_arguments(options))
    await start_client(producer, producer.client, options)
    await producer.stop()
    host, _, port = kafka.bootstrap.rpartition(":")
    late = await create_conn(host, int(port))
    producer.client._conns["late"] = late
    assert not late.connected()
