"""Why Kafka does not let us in: a real broker's refusals, each in one sentence that says what to do."""

import ssl
from collections.abc import Callable
from dataclasses import replace

import pytest

from bridge.kafka.access_errors import security_protocol
from bridge.kafka.access_probe import find_denial
from bridge.kafka.client_options import ClientOptions
from bridge.ops.clock import epoch_ms
from bridge.ops.settings.certificate_dates import expiry_ms
from tests.kafka.secured_certificates import Authority, Certificate
from tests.kafka.secured_kafka import SecuredKafka

Change = Callable[[SecuredKafka], ClientOptions]


def without_tls(options: ClientOptions) -> ClientOptions:
    protocol = security_protocol(tls=False, sasl=options.sasl_username is not None)
    return replace(options, security_protocol=protocol, ssl_context=None)


def showing(kafka: SecuredKafka, certificate: Certificate | None) -> ClientOptions:
    """Give a client of the listener for client certificates, with this one."""
    context = ssl.create_default_context(cafile=str(kafka.authority.cert))
    expires_ms = None
    if certificate is not None:
        context.load_cert_chain(certificate.cert, certificate.key)
        expires_ms = expiry_ms(certificate.cert.read_text())
    return replace(kafka.client("TLS_CLIENT"), ssl_context=context, certificate_expires_ms=expires_ms)


def trusting(kafka: SecuredKafka, name: str) -> ClientOptions:
    """Give a client that trusts an authority of this name alone."""
    other = Authority.make(kafka.folder, name)
    return replace(kafka.client("TLS"), ssl_context=ssl.create_default_context(cafile=str(other.cert)))


CASES: dict[str, tuple[str, Change, str]] = {
    "wrong password": (
        "SASL_TLS",
        lambda kafka: replace(kafka.client("SASL_TLS"), sasl_password="wrong"),
        (
            "refuses the user super or the password: see that kafka.sasl_username and kafka.sasl_password_file are "
            "right, and that the user exists there for SCRAM-SHA-512"
        ),
    ),
    "wrong password, PLAIN": (
        "SASL",
        lambda kafka: replace(kafka.client("SASL", mechanism="PLAIN"), sasl_password="wrong"),
        (
            "refuses the user super or the password: see that kafka.sasl_username and kafka.sasl_password_file are "
            "right, and that the user exists there for PLAIN"
        ),
    ),
    "unknown user": (
        "SASL",
        lambda kafka: replace(kafka.client("SASL", mechanism="SCRAM-SHA-256"), sasl_username="stranger"),
        (
            "refuses the user stranger or the password: see that kafka.sasl_username and kafka.sasl_password_file are "
            "right, and that the user exists there for SCRAM-SHA-256"
        ),
    ),
    "mechanism not offered": (
        "PLAIN_ONLY",
        lambda kafka: kafka.client("PLAIN_ONLY"),
        "does not offer the mechanism SCRAM-SHA-512: set kafka.sasl_mechanism to PLAIN",
    ),
    "expired certificate of the broker": (
        "TLS_EXPIRED",
        lambda kafka: kafka.client("TLS_EXPIRED"),
        "shows a certificate that has expired: renew it there",
    ),
    "certificate of another host": (
        "TLS_OTHER_NAME",
        lambda kafka: kafka.client("TLS_OTHER_NAME"),
        (
            "shows a certificate of another name: give the name that stands in it, or have this one added to the "
            "certificate"
        ),
    ),
    "untrusted authority": (
        "TLS",
        lambda kafka: trusting(kafka, "somebody"),
        (
            "shows a certificate of an authority that we do not trust: put that authority's certificate into "
            "kafka.ssl_ca_file (unable to get local issuer certificate)"
        ),
    ),
    "no client certificate": (
        "TLS_CLIENT",
        lambda kafka: showing(kafka, None),
        "demands a client certificate: give kafka.ssl_cert_file and kafka.ssl_key_file",
    ),
    "client certificate of an unknown authority": (
        "TLS_CLIENT",
        lambda kafka: showing(kafka, Authority.make(kafka.folder, "foreign").issue("foreigner", subject="super")),
        "refuses our client certificate: see that its brokers trust the authority that issued kafka.ssl_cert_file",
    ),
    "plaintext on a TLS port": (
        "TLS",
        lambda kafka: without_tls(kafka.client("TLS")),
        "speaks TLS on this port: set kafka.security_protocol to SSL, or give its port without TLS",
    ),
    "plaintext on a port for client certificates": (
        "TLS_CLIENT",
        lambda kafka: without_tls(kafka.client("TLS_CLIENT")),
        "speaks TLS on this port: set kafka.security_protocol to SSL, or give its port without TLS",
    ),
    "SASL without TLS on a port with both": (
        "SASL_TLS",
        lambda kafka: without_tls(kafka.client("SASL_TLS")),
        "speaks TLS on this port: set kafka.security_protocol to SASL_SSL, or give its port without TLS",
    ),
    "TLS on a plaintext port": (
        "SASL",
        lambda kafka: replace(kafka.client("SASL_TLS"), bootstrap_servers=kafka.at("SASL")),
        "speaks no TLS on this port: give its port for TLS, or set kafka.security_protocol to SASL_PLAINTEXT",
    ),
    "no user on a port for users": (
        "SASL",
        lambda kafka: ClientOptions(kafka.at("SASL")),
        (
            "wants to know who we are: set kafka.security_protocol to SASL_PLAINTEXT, and kafka.sasl_mechanism to "
            "OAUTHBEARER or PLAIN or SCRAM-SHA-256 or SCRAM-SHA-512"
        ),
    ),
    "a user on a port without users": (
        "TLS",
        lambda kafka: replace(kafka.client("SASL_TLS"), bootstrap_servers=kafka.at("TLS")),
        "does not ask who we are on this port: give its port for SASL, or set kafka.security_protocol to SSL",
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.asyncio
async def test_a_refusal_has_a_sentence_that_says_what_to_do(secured_kafka: SecuredKafka, case: str) -> None:
    """Whatever is wrong with a client, it is told apart from everything else, and no password is shown."""
    listener, change, sentence = CASES[case]
    assert await find_denial(change(secured_kafka), epoch_ms()) == f"Kafka at {secured_kafka.at(listener)} {sentence}"


@pytest.mark.asyncio
async def test_an_expired_client_certificate_is_told_by_its_date(secured_kafka: SecuredKafka) -> None:
    """The broker says no more than that it does not want the certificate; that it has expired we see ourselves."""
    options = showing(secured_kafka, secured_kafka.certificates["expired"])
    denial = await find_denial(options, epoch_ms())
    assert denial is not None
    assert denial.startswith(f"Kafka at {secured_kafka.at('TLS_CLIENT')} refuses our client certificate, which expired")
    assert denial.endswith(" UTC: renew kafka.ssl_cert_file")


@pytest.mark.parametrize("listener", ["TLS", "TLS_CLIENT", "SASL", "SASL_TLS"])
@pytest.mark.asyncio
async def test_nothing_is_said_where_all_is_well(secured_kafka: SecuredKafka, listener: str) -> None:
    """A client that the broker lets in is denied by nobody."""
    assert await find_denial(secured_kafka.client(listener), epoch_ms()) is None
