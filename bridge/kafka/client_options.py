"""How every Kafka client of the bridge reaches the brokers: one frozen value, turned into aiokafka's arguments.

Used by the producer, the topic admin and the consumers. Reads the TLS files, opens no connection.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypedDict

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True)
class ClientOptions:
    """Where the brokers are, and who we are to them.

    `ssl_ca_file` None means the system's bundle; `ssl_cert_file` with `ssl_key_file` is our own certificate.
    `sasl_username` and `sasl_password` are required with the SASL protocols, and only there.
    """

    bootstrap_servers: str
    client_id: str = "bridge"
    security_protocol: SecurityProtocol = "PLAINTEXT"
    ssl_ca_file: Path | None = None
    ssl_cert_file: Path | None = None
    ssl_key_file: Path | None = None
    ssl_key_password: str | None = field(default=None, repr=False)
    ssl_check_hostname: bool = True
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)


class ClientArguments(TypedDict, total=False):
    """The keyword arguments that aiokafka's producer, consumer and admin client have in common."""

    bootstrap_servers: str
    client_id: str
    security_protocol: str
    ssl_context: ssl.SSLContext
    sasl_mechanism: str
    sasl_plain_username: str
    sasl_plain_password: str


def client_arguments(options: ClientOptions) -> ClientArguments:
    """Give aiokafka's connection arguments.

    ValueError says which option is missing; OSError and ssl.SSLError come from the TLS files as they are.
    """
    arguments = ClientArguments(
        bootstrap_servers=options.bootstrap_servers,
        client_id=options.client_id,
        security_protocol=options.security_protocol,
    )
    if options.security_protocol in {"SSL", "SASL_SSL"}:
        arguments["ssl_context"] = tls_context(options)
    if options.security_protocol in {"SASL_PLAINTEXT", "SASL_SSL"}:
        if options.sasl_username is None or options.sasl_password is None:
            raise ValueError(f"{options.security_protocol} needs sasl_username and sasl_password")
        arguments["sasl_mechanism"] = options.sasl_mechanism
        arguments["sasl_plain_username"] = options.sasl_username
        arguments["sasl_plain_password"] = options.sasl_password
    return arguments


def tls_context(options: ClientOptions) -> ssl.SSLContext:
    """Make the TLS context: the brokers' certificates are always verified, their host names unless told otherwise."""
    if options.ssl_key_file is not None and options.ssl_cert_file is None:
        raise ValueError("ssl_key_file needs ssl_cert_file")
    ca_file = None if options.ssl_ca_file is None else str(options.ssl_ca_file)
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca_file)
    context.check_hostname = options.ssl_check_hostname
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.ssl_cert_file is not None:
        # An empty password instead of none: OpenSSL would otherwise ask on the terminal for an encrypted key's.
        context.load_cert_chain(options.ssl_cert_file, options.ssl_key_file, options.ssl_key_password or "")
    return context
