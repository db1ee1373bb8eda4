"""How the connection's options become the client library's arguments."""

import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.kafka.client_options import ClientOptions, SaslMechanism, SecurityProtocol, client_arguments
from bridge.kafka.oauth_file import file_tokens

PLAIN = ClientOptions("kafka-1:9092,kafka-2:9092", client_id="bridge-ingress")
CONTEXT = ssl.create_default_context()
SASL = replace(PLAIN, sasl_mechanism="PLAIN", sasl_username="bridge", sasl_password="not-to-be-shown")


def test_a_plain_connection_has_neither_tls_nor_sasl() -> None:
    """Nothing is passed that the protocol does not use."""
    assert client_arguments(replace(SASL, security_protocol="PLAINTEXT")) == {
        "bootstrap_servers": "kafka-1:9092,kafka-2:9092",
        "client_id": "bridge-ingress",
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_sasl_passes_mechanism_user_and_password(protocol: SecurityProtocol, mechanism: SaslMechanism) -> None:
    """Both SASL protocols take the same three."""
    arguments: Mapping[str, object] = client_arguments(
        replace(SASL, security_protocol=protocol, sasl_mechanism=mechanism, ssl_context=CONTEXT)
    )
    assert arguments["sasl_mechanism"] == mechanism
    assert arguments["sasl_plain_username"] == "bridge"
    assert arguments["sasl_plain_password"] == "not-to-be-shown"
    assert ("ssl_context" in arguments) == (protocol == "SASL_SSL")


def test_tokens_take_the_place_of_user_and_password() -> None:
    """With OAUTHBEARER the library is given who it gets a token from, and nothing else of a login."""
    tokens = file_tokens(Path("/token"), lambda: 0.0)
    options = replace(PLAIN, security_protocol="SASL_PLAINTEXT", sasl_mechanism="OAUTHBEARER", sasl_tokens=tokens)
    assert client_arguments(options) == {
        "bootstrap_servers": "kafka-1:9092,kafka-2:9092",
        "client_id": "bridge-ingress",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "OAUTHBEARER",
        "sasl_oauth_token_provider": tokens,
    }
    with pytest.raises(ValueError, match="OAUTHBEARER needs sasl_tokens"):
        client_arguments(replace(options, sasl_tokens=None))


@pytest.mark.parametrize("options", [replace(SASL, sasl_username=None), replace(SASL, sasl_password=None)])
def test_sasl_without_credentials_is_refused(options: ClientOptions) -> None:
    """The client library would go on without, and fail at the broker."""
    with pytest.raises(ValueError, match="needs sasl_username and sasl_password"):
        client_arguments(replace(options, security_protocol="SASL_SSL", ssl_context=CONTEXT))


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_tls_without_a_context_is_refused(protocol: SecurityProtocol) -> None:
    """The client library would make one that verifies nothing of ours."""
    with pytest.raises(ValueError, match=f"{protocol} needs ssl_context"):
        client_arguments(replace(SASL, security_protocol=protocol))


def test_secrets_do_not_show() -> None:
    """Options may end up in a log line or a traceback."""
    assert "not-to-be-shown" not in repr(SASL)
