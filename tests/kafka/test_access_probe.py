"""Which servers are asked why there is no connection, and whose answer counts."""

from collections.abc import Mapping

import pytest
from aiokafka.errors import SaslAuthenticationFailed

from bridge.kafka import access_probe
from bridge.kafka.access_errors import Failure
from bridge.kafka.access_probe import find_denial
from bridge.kafka.client_options import ClientOptions

OPTIONS = ClientOptions(
    "a:1, b:1", security_protocol="SASL_PLAINTEXT", sasl_username="me", sasl_password="the-password"
)
DOWN = ConnectionRefusedError(111, "Connect call failed")
REFUSED = SaslAuthenticationFailed("Authentication failed")
BROKERS = frozenset({"kafka-0:1", "kafka-1:1"})

Answers = Mapping[str, frozenset[str] | Exception]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"a:1": BROKERS, "kafka-0:1": BROKERS, "kafka-1:1": BROKERS}, None),
        ({"a:1": DOWN, "b:1": BROKERS, "kafka-0:1": BROKERS, "kafka-1:1": BROKERS}, None),
        ({"a:1": BROKERS, "kafka-0:1": BROKERS, "kafka-1:1": DOWN}, None),
        (
            {"a:1": BROKERS, "kafka-0:1": DOWN, "kafka-1:1": DOWN},
            "Kafka at a:1, b:1 answers, but names a broker at kafka-",
        ),
        ({"a:1": BROKERS, "kafka-0:1": BROKERS, "kafka-1:1": REFUSED}, "Kafka at kafka-1:1 refuses the user me"),
        ({"a:1": DOWN, "b:1": REFUSED}, "Kafka at b:1 refuses the user me"),
        ({"a:1": DOWN, "b:1": DOWN}, "Kafka at a:1, b:1 cannot be reached"),
    ],
    ids=[
        "all",
        "one bootstrap down",
        "one broker down",
        "all brokers down",
        "one refuses",
        "bootstrap refuses",
        "none",
    ],
)
@pytest.mark.asyncio
async def test_a_cluster_is_usable_while_one_of_its_servers_is_down(
    monkeypatch: pytest.MonkeyPatch, answers: Answers, said: str | None
) -> None:
    """A bootstrap server or broker that is down is for the others to replace; one that refuses will refuse a client."""

    async def look(_options: ClientOptions, server: str) -> frozenset[str] | Failure:
        answer = answers[server]
        return Failure(server, answer) if isinstance(answer, Exception) else answer

    monkeypatch.setattr(access_probe, "_look", look)
    denial = await find_denial(OPTIONS, 0)
    assert (denial or "").startswith(said or "")
    assert (denial is None) is (said is None)
