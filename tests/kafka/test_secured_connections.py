"""Every listener of the secured broker lets in whom it should, by a client as the bridge makes it."""

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.abc import AbstractTokenProvider
from typing_extensions import override

from bridge.app import KafkaAccess
from bridge.kafka.access_probe import find_denial
from bridge.kafka.client_options import client_arguments
from bridge.ops.clock import epoch_ms
from bridge.ops.settings import KafkaSettings
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
async def test_the_name_in_a_certificate_counts_unless_told_otherwise(secured_kafka: SecuredKafka) -> None:
    """With `ssl_check_hostname: false` a broker may have a certificate of another name, of the right authority."""
    section = secured_kafka.section("TLS_OTHER_NAME")
    for check in (True, False):
        options = KafkaAccess(KafkaSettings.model_validate({**section, "ssl_check_hostname": check})).options()
        denial = await find_denial(options, epoch_ms())
        assert (denial is None) is not check


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
