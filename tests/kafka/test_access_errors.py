"""The sentences about access that no real broker of ours gives, and which of several failures is told."""

import asyncio
import ssl

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, SaslAuthenticationFailed

from bridge.kafka.access_errors import Failure, Spoken, denial, is_mute, same_cause, worst
from bridge.kafka.access_probe import find_denial
from bridge.kafka.client_options import ClientOptions, SecurityProtocol

NOW_MS = 1_795_435_200_000
DOWN = Failure("a:1", ConnectionRefusedError(111, "Connect call failed"))
REFUSING = Failure("b:1", SaslAuthenticationFailed("Authentication failed"))
USER = ClientOptions("a:1,b:1", security_protocol="SASL_PLAINTEXT", sasl_username="me", sasl_password="the-password")
TLS = ClientOptions("a:1", security_protocol="SSL")


def alert(reason: str) -> Failure:
    """Give what is left of a connection that the broker has ended by a word of TLS, after the handshake."""
    said = ssl.SSLError(1, f"[SSL: {reason}]")
    said.reason = reason
    error = KafkaConnectionError("Connection at a:1 closed")
    error.__cause__ = said
    return Failure("a:1", error)


def test_a_refusal_counts_for_more_than_a_server_that_is_down() -> None:
    """Of several bootstrap servers the one that has answered knows the cause."""
    assert worst([DOWN, REFUSING]) is REFUSING
    assert worst([DOWN, Failure("c:1", TimeoutError())]) is DOWN
    mute = Failure("d:1", ConnectionResetError(), Spoken(tls=True))
    assert worst([DOWN, mute]) is mute


def test_no_sentence_holds_the_password() -> None:
    """Whatever has failed, what is said of it names the user at most."""
    failures = [DOWN, REFUSING, alert("SSLV3_ALERT_CERTIFICATE_UNKNOWN"), Failure("a:1", KafkaError("?"))]
    for failure in failures:
        assert "the-password" not in denial(failure, USER, NOW_MS)


def test_a_broker_that_is_advertised_where_nobody_listens() -> None:
    """Bootstrap servers that answer are not to blame; what they name is."""
    failure = Failure("kafka-0.internal:9092", OSError("Name or service not known"), advertised=True)
    assert denial(failure, ClientOptions("a:1"), NOW_MS) == (
        "Kafka at a:1 answers, but names a broker at kafka-0.internal:9092, which cannot be reached: "
        "see its advertised.listeners (Name or service not known)"
    )


@pytest.mark.parametrize("reason", ["TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE"])
def test_the_same_word_means_another_thing_with_a_certificate(reason: str) -> None:
    """A broker that has got a certificate does not demand one, it refuses the one that it has got."""
    assert "demands a client certificate" in denial(alert(reason), TLS, NOW_MS)
    shown = ClientOptions("a:1", security_protocol="SSL", certificate_expires_ms=NOW_MS + 1)
    assert "see that its brokers trust the authority" in denial(alert(reason), shown, NOW_MS)
    assert "which expired at 2026-11-23 12:00 UTC" in denial(alert(reason), shown, NOW_MS + 1)


def test_a_token_that_is_refused_or_not_to_be_had_is_told_in_its_own_words() -> None:
    """Without a user's name it is no password that was wrong."""
    options = ClientOptions("a:1", security_protocol="SASL_SSL", sasl_mechanism="OAUTHBEARER")
    failure = Failure("a:1", KafkaError("the token endpoint answered 401"))
    assert denial(failure, options, NOW_MS) == "No login to Kafka at a:1: the token endpoint answered 401"


@pytest.mark.parametrize("ended", [KafkaConnectionError("Connection at a:1 closed"), ConnectionResetError("reset")])
def test_an_end_without_a_word_is_like_no_answer(ended: Exception) -> None:
    """No cause is made up: a broker that goes down ends its connections so, and whatever is no Kafka."""
    told = denial(Failure("a:1", ended), ClientOptions("a:1"), NOW_MS)
    assert told == (
        f"Kafka at a:1 cannot be reached: see that it runs and that kafka.bootstrap_servers names it ({ended.args[0]})"
    )
    assert same_cause(told, denial(DOWN, ClientOptions("a:1"), NOW_MS))


def test_another_cause_is_another_sentence() -> None:
    """The words of the system in brackets do not count, everything else does."""
    refused = denial(REFUSING, USER, NOW_MS)
    assert not same_cause(refused, denial(DOWN, USER, NOW_MS))
    assert not same_cause(refused, None)
    assert not same_cause(None, refused)
    assert same_cause(None, None)


def test_an_error_that_nobody_knows_is_told_in_its_own_words() -> None:
    """It is Kafka's own, so its log has more of it."""
    failure = Failure("a:1", KafkaError("something new"))
    assert denial(failure, USER, NOW_MS) == "Kafka at a:1 cannot be used: see its log (something new)"


@pytest.mark.asyncio
@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
async def test_a_server_that_is_no_kafka_is_told_without_a_crash(protocol: SecurityProtocol) -> None:
    """Whatever somebody else's port answers, there is a sentence; the port's own is not made up."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        context = ssl.create_default_context() if protocol == "SSL" else None
        options = ClientOptions(f"127.0.0.1:{port}", security_protocol=protocol, ssl_context=context)
        sentence = await find_denial(options, NOW_MS)
    assert sentence is not None
    assert sentence.startswith(f"Kafka at 127.0.0.1:{port} cannot be reached: see that it runs")


def test_only_an_end_without_a_word_is_looked_into() -> None:
    """A refusal has its reason; a connection that was just cut may be one of another protocol."""
    assert is_mute(ConnectionResetError())
    assert is_mute(KafkaConnectionError("closed"))
    assert not is_mute(REFUSING.error)
    assert not is_mute(DOWN.error)
    assert not is_mute(alert("SSLV3_ALERT_CERTIFICATE_UNKNOWN").error)
