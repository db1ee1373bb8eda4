"""Connections whose login counts for a while only: they end before it does, and never with a request under way."""

import asyncio
from collections import Counter

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.conn import CloseReason
from aiokafka.errors import SaslAuthenticationFailed
from aiokafka.protocol.admin import ApiVersionRequest

from bridge.kafka.client_options import client_arguments
from bridge.kafka.sasl_connection import SaslConnection
from tests.kafka.conftest import Topics
from tests.kafka.secured_kafka import PLAIN_SESSION_MS, SecuredKafka

TURNS_TO_CLOSE = 3
# Of the event loop: through the socket, TLS, and the library's protocol. No answer of a broker is as quick.


@pytest.mark.asyncio
async def test_the_end_of_a_session_goes_unnoticed_with_a_password_too(
    secured_kafka: SecuredKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `connections.max.reauth.ms` set for PLAIN, a producer at work gets a new connection each time."""
    closed: Counter[CloseReason | None] = Counter()
    close = SaslConnection.close

    def noted(self: SaslConnection, reason: CloseReason | None = None, exc: Exception | None = None) -> object:
        closed[reason] += self._reader is not None
        return close(self, reason, exc)

    topic = await Topics(secured_kafka.bootstrap).create("sessions")
    monkeypatch.setattr(SaslConnection, "close", noted)
    producer = AIOKafkaProducer(**client_arguments(secured_kafka.client("PLAIN_ONLY", mechanism="PLAIN")), acks="all")
    await producer.start()
    try:
        until = asyncio.get_running_loop().time() + 2.5 * PLAIN_SESSION_MS / 1000
        while asyncio.get_running_loop().time() < until:
            await producer.send_and_wait(topic, b"value")
            await asyncio.sleep(0.01)
    finally:
        await producer.stop()
    assert closed[CloseReason.CONNECTION_BROKEN] == 0
    assert closed[CloseReason.IDLE_DROP] >= 2


@pytest.mark.asyncio
async def test_a_connection_ends_when_its_time_has_come_and_nothing_is_under_way(secured_kafka: SecuredKafka) -> None:
    """Not before most of the session is over, and not while an answer is awaited."""
    options = secured_kafka.client("PLAIN_ONLY", mechanism="PLAIN")
    host, _, port = options.bootstrap_servers.rpartition(":")
    connection = SaslConnection(
        host,
        int(port),
        security_protocol=options.security_protocol,
        sasl_mechanism="PLAIN",
        sasl_plain_username=options.sasl_username,
        sasl_plain_password=options.sasl_password,
    )
    now = asyncio.get_running_loop().time
    before = now()
    await connection.connect()
    try:
        assert connection._renew_at is not None
        assert before < connection._renew_at <= now() + 0.9 * PLAIN_SESSION_MS / 1000
        assert connection.connected()
        connection._renew_at = now()
        answer = connection.send(ApiVersionRequest())
        assert connection.connected()
        await answer
        assert not connection.connected()
    finally:
        await connection.close()


@pytest.mark.asyncio
async def test_a_refused_connection_is_over_at_once(secured_kafka: SecuredKafka) -> None:
    """The broker's farewell over TLS is not waited for: a command that ends by then would leave its socket open."""
    options = secured_kafka.client("SASL_TLS", mechanism="PLAIN")
    host, _, port = options.bootstrap_servers.rpartition(":")
    connection = SaslConnection(
        host,
        int(port),
        security_protocol=options.security_protocol,
        ssl_context=options.ssl_context,
        sasl_mechanism="PLAIN",
        sasl_plain_username=options.sasl_username,
        sasl_plain_password="not the password",
    )
    with pytest.raises(SaslAuthenticationFailed):
        await connection.connect()
    for _ in range(TURNS_TO_CLOSE):
        await asyncio.sleep(0)
    assert connection._closed_fut.done()
