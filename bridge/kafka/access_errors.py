"""Why Kafka does not let us in, in one sentence that says what to do. Pure.

The client library tells no more than that it could not begin. The causes are those of one connection of our own
(`bridge.kafka.access_probe`): what it failed with, and what the port was found to speak. No sentence holds a password.
"""

import asyncio
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from typing_extensions import override

from bridge.kafka.client_options import ClientOptions, SecurityProtocol
from bridge.kafka.oauth_provider import TokenUnavailable

_HAS_EXPIRED = 10
_NOT_YET_VALID = 9
_WRONG_NAME = frozenset({62, 64})
# OpenSSL's numbers for what is wrong with a certificate; a name that does not fit, and an address. All others mean
# that it leads to no authority that we trust.
_NO_CERTIFICATE = frozenset({"TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE"})
# Words of a broker that has got no certificate: TLS 1.3 has one of its own, and Java says the other.
_UNWANTED_CERTIFICATE = frozenset(
    {
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "TLSV1_ALERT_UNKNOWN_CA",
        "TLSV1_ALERT_ACCESS_DENIED",
    }
)


class AccessDenied(KafkaConnectionError):  # type: ignore[misc]  # the library publishes no types
    """A client could not begin, and it is known why; `sentence` says what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    @override
    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Spoken:
    """What a port was found to speak: TLS or not, and the SASL mechanisms that it offers, none without SASL."""

    tls: bool
    mechanisms: Collection[str] = ()


@dataclass(frozen=True)
class Failure:
    """What became of a connection to `server` (`host:port`), and what it speaks, None where that is not known.

    An `advertised` server is one that the brokers have named themselves.
    """

    server: str
    error: Exception
    spoken: Spoken | None = None
    advertised: bool = False

    @property
    def telling(self) -> bool:
        """Whether somebody has answered: another server that is merely down says nothing about the cause."""
        return not _is_silence(self.error) or self.spoken is not None


def worst(failures: Collection[Failure]) -> Failure:
    """Give the one that says most about the cause, which is the same for all servers as a rule."""
    return next((one for one in failures if one.telling), next(iter(failures)))


def denial(failure: Failure, options: ClientOptions, now_ms: int) -> str:
    """Say in a sentence why a connection failed, and what to do about it."""
    kafka, error = f"Kafka at {failure.server}", failure.error
    return (
        _of_protocol(kafka, failure.spoken, options)
        or _of_certificate(kafka, _tls_error(error), options, now_ms)
        or _of_user(kafka, error, failure.spoken, options)
        or _of_silence(failure, options)
        or f"{kafka} cannot be used: see its log ({_words(error)})"
    )


def same_cause(one: str | None, other: str | None) -> bool:
    """Whether two sentences tell the same, maybe with other words of the system behind it, in brackets."""
    return one is other or (
        one is not None and other is not None and one.partition(" (")[0] == other.partition(" (")[0]
    )


def _of_protocol(kafka: str, spoken: Spoken | None, options: ClientOptions) -> str | None:
    if spoken is None:
        return None
    tls, sasl = options.security_protocol.endswith("SSL"), options.security_protocol.startswith("SASL")
    right = security_protocol(tls=spoken.tls, sasl=sasl or bool(spoken.mechanisms))
    if spoken.tls and not tls:
        return f"{kafka} speaks TLS on this port: set kafka.security_protocol to {right}, or give its port without TLS"
    if tls and not spoken.tls:
        return f"{kafka} speaks no TLS on this port: give its port for TLS, or set kafka.security_protocol to {right}"
    if spoken.mechanisms and not sasl:
        return (
            f"{kafka} wants to know who we are: set kafka.security_protocol to {right}, "
            f"and kafka.sasl_mechanism to {_one_of(spoken.mechanisms)}"
        )
    return None


def security_protocol(*, tls: bool, sasl: bool) -> SecurityProtocol:
    """Name the protocol as Kafka does."""
    if sasl:
        return "SASL_SSL" if tls else "SASL_PLAINTEXT"
    return "SSL" if tls else "PLAINTEXT"


def _of_certificate(kafka: str, error: ssl.SSLError | None, options: ClientOptions, now_ms: int) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_their_certificate(kafka, error)
    reason = None if error is None else error.reason
    expires_ms = options.certificate_expires_ms
    if reason in _NO_CERTIFICATE and expires_ms is None:
        return f"{kafka} demands a client certificate: give kafka.ssl_cert_file and kafka.ssl_key_file"
    if reason not in _NO_CERTIFICATE | _UNWANTED_CERTIFICATE:
        return None
    if expires_ms is not None and expires_ms <= now_ms:
        return (
            f"{kafka} refuses our client certificate, which expired at {_time(expires_ms)}: renew kafka.ssl_cert_file"
        )
    return (
        f"{kafka} refuses our client certificate: see that its brokers trust the authority that issued "
        "kafka.ssl_cert_file"
    )


def _of_their_certificate(kafka: str, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _HAS_EXPIRED:
        return f"{kafka} shows a certificate that has expired: renew it there"
    if error.verify_code == _NOT_YET_VALID:
        return f"{kafka} shows a certificate that is not valid yet: see that the clocks of both machines are right"
    if error.verify_code in _WRONG_NAME:
        return (
            f"{kafka} shows a certificate of another name: give the name that stands in it, "
            "or have this one added to the certificate"
        )
    return (
        f"{kafka} shows a certificate of an authority that we do not trust: "
        f"put that authority's certificate into kafka.ssl_ca_file ({error.verify_message})"
    )


def _of_user(kafka: str, error: Exception, spoken: Spoken | None, options: ClientOptions) -> str | None:
    mechanism, user = options.sasl_mechanism, options.sasl_username
    if isinstance(error, TokenUnavailable):
        return f"there is no token to log in to {kafka} with: {error}"
    if isinstance(error, UnsupportedSaslMechanismError):
        offered = "" if spoken is None else f": set kafka.sasl_mechanism to {_one_of(spoken.mechanisms)}"
        return f"{kafka} does not offer the mechanism {mechanism}{offered}"
    if isinstance(error, IllegalSaslStateError):
        right = security_protocol(tls=options.security_protocol.endswith("SSL"), sasl=False)
        return (
            f"{kafka} does not ask who we are on this port: give its port for SASL, "
            f"or set kafka.security_protocol to {right}"
        )
    if user is None and isinstance(error, KafkaError) and not isinstance(error, KafkaConnectionError):
        # Tokens are refused, or not to be had, with words of their own.
        return f"No login to {kafka}: {_words(error)}"
    if isinstance(error, SaslAuthenticationFailed):
        return (
            f"{kafka} refuses the user {user} or the password: see that kafka.sasl_username and "
            f"kafka.sasl_password_file are right, and that the user exists there for {mechanism}"
        )
    return None


def _of_silence(failure: Failure, options: ClientOptions) -> str | None:
    # A broker that is just going down ends connections without a word; as does whatever is no Kafka.
    if not _is_silence(failure.error) and not is_mute(failure.error):
        return None
    if failure.advertised:
        return (
            f"Kafka at {options.bootstrap_servers} answers, but names a broker at {failure.server}, which cannot be "
            f"reached: see its advertised.listeners ({_words(failure.error)})"
        )
    return (
        f"Kafka at {options.bootstrap_servers} cannot be reached: see that it runs and that "
        f"kafka.bootstrap_servers names it ({_words(failure.error)})"
    )


def _is_silence(error: Exception) -> bool:
    """Whether nothing of Kafka was heard: nobody listens there, no such name, no answer."""
    return isinstance(error, OSError) and not isinstance(error, ssl.SSLError | ConnectionResetError)


def is_mute(error: Exception) -> bool:
    """Whether the other side has ended the connection without a word about the reason: then look what it speaks."""
    if isinstance(error, ConnectionResetError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return True
    cause = error.__cause__
    if isinstance(error, ssl.SSLError):
        # What comes in place of a greeting; an alert has a reason of its own.
        return error.reason in {"WRONG_VERSION_NUMBER", "UNEXPECTED_EOF_WHILE_READING", "RECORD_LAYER_FAILURE"}
    return isinstance(error, KafkaConnectionError) and isinstance(
        cause, asyncio.IncompleteReadError | ConnectionError | None
    )


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Give what TLS has said: the library wraps it where it comes after the handshake, as TLS 1.3 has it."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__
    return error


def _one_of(mechanisms: Collection[str]) -> str:
    return " or ".join(sorted(mechanisms)) or "another one"


def _time(epoch_ms: int) -> str:
    return f"{datetime.fromtimestamp(epoch_ms // 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _words(error: Exception) -> str:
    if isinstance(error, KafkaError) and error.args:
        return str(error.args[0])
    return str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)
