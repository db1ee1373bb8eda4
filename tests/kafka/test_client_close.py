"""How a client of the bridge ends."""

import time
import uuid

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bridge.kafka.client_options import client_arguments
from bridge.kafka.client_start import start_client
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
