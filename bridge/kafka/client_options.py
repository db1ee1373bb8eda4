"""How every Kafka client of the bridge reaches the brokers: one frozen value, turned into aiokafka's arguments.

Used by the producer, the topic admin and the consumers. Opens nothing.
"""

import ssl
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypedDict

from bridge.kafka.oauth_provider import TokenProvider
from bridge.kafka.sasl_connection import install

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


class ClientWatch(Protocol):
    """Who minds all clients of a process: they get what changes, and somebody finds out why one cannot connect."""

    def follow(self, client: object) -> None:
        """Have a client of the library take up each new password and certificate, for as long as it lives."""

    def doubt(self) -> None:
        """Hear that a client could not connect."""


@dataclass(frozen=True)
class ClientOptions:
    """Where the brokers are, and who we are to them.

    `ssl_context` is required with the SSL protocols, `sasl_username` and `sasl_password` with the SASL protocols,
    `sasl_tokens` in their place with OAUTHBEARER, and each only there. `certificate_expires_ms` is when the context's
    client certificate expires (epoch milliseconds), None without one.
    """

    bootstrap_servers: str
    client_id: str = "bridge"
    security_protocol: SecurityProtocol = "PLAINTEXT"
    ssl_context: ssl.SSLContext | None = None
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    sasl_tokens: TokenProvider | None = field(default=None, repr=False)
    certificate_expires_ms: int | None = None
    watch: ClientWatch | None = field(default=None, repr=False, compare=False)


class ClientArguments(TypedDict, total=False):
    """The keyword arguments that aiokafka's producer, consumer and admin client have in common."""

    bootstrap_servers: str
    client_id: str
    security_protocol: str
    ssl_context: ssl.SSLContext
    sasl_mechanism: str
    sasl_plain_username: str
    sasl_plain_password: str
    sasl_oauth_token_provider: TokenProvider


def client_arguments(options: ClientOptions) -> ClientArguments:
    """Give aiokafka's connection arguments; ValueError says which option is missing."""
    install()
    arguments = ClientArguments(
        bootstrap_servers=options.bootstrap_servers,
        client_id=options.client_id,
        security_protocol=options.security_protocol,
    )
    if options.security_protocol in {"SSL", "SASL_SSL"}:
        if options.ssl_context is None:
            raise ValueError(f"{options.security_protocol} needs ssl_context")
        arguments["ssl_context"] = options.ssl_context
    if options.security_protocol in {"SASL_PLAINTEXT", "SASL_SSL"}:
        arguments.update(_login(options))
    return arguments


def _login(options: ClientOptions) -> ClientArguments:
    if options.sasl_mechanism == "OAUTHBEARER":
        if options.sasl_tokens is None:
            raise ValueError("OAUTHBEARER needs sasl_tokens")
        return ClientArguments(sasl_mechanism="OAUTHBEARER", sasl_oauth_token_provider=options.sasl_tokens)
    if options.sasl_username is None or options.sasl_password is None:
        raise ValueError(f"{options.security_protocol} needs sasl_username and sasl_password")
    return ClientArguments(
        sasl_mechanism=options.sasl_mechanism,
        sasl_plain_username=options.sasl_username,
        sasl_plain_password=options.sasl_password,
    )
