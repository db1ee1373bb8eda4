"""Every listener of the secured broker lets in whom it should, by a client as the bridge makes it."""

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.abc import AbstractTokenProvider
from typing_extensions import override

from bridge.kafka.client_options import client_arguments
from tests.kafka.secured_kafka import SecuredKafka

PASSWORD_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class _Token(AbstractTokenProvider):  # type: ignore[misc]  # the library has no types
    def __init__(self, token: str) -> None:
        self._token = token

    @override
    async def token(self) -> str:
        return self._token


@pytest.mark.parametrize(
    ("listener", "mechanism"),
    [
        ("TLS", ""),
        ("TLS_CLIENT", ""),
        *((listener, one) for listener in ("SASL", "SASL_TLS") for one in PASSWORD_MECHANISMS),
    ],
)
@pytest.mark.asyncio
async def test_a_listener_lets_in_whom_it_knows(secured_kafka: SecuredKafka, listener: str, mechanism: str) -> None:
    """A producer of the bridge's options connects."""
    producer = AIOKafkaProducer(**client_arguments(secured_kafka.client(listener, mechanism=mechanism)))
    await producer.start()
    await producer.stop()


@pytest.mark.asyncio
async def test_a_listener_lets_in_a_signed_token(secured_kafka: SecuredKafka) -> None:
    """OAUTHBEARER works on the broker's side: the token is checked against the issuer's public key."""
    producer = AIOKafkaProducer(
        bootstrap_servers=secured_kafka.at("SASL"),
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="OAUTHBEARER",
        sasl_oauth_token_provider=_Token(secured_kafka.token("super")),
    )
    await producer.start()
    await producer.stop()
