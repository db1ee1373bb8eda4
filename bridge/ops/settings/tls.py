"""The TLS context for Kafka, made of the `ssl_…` keys; never asks a terminal for a password."""

import ssl
from pathlib import Path

from bridge.ops.settings.cluster import KafkaSettings


class TlsFileError(ValueError):
    """A certificate or key that cannot be used; `key` is its key in section `kafka`, the text a predicate."""

    def __init__(self, predicate: str, *, key: str, path: Path) -> None:
        super().__init__(predicate)
        self.key = key
        self.path = path


def tls_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """Return the context for the protocols SSL and SASL_SSL, None for the others; raise TlsFileError, SecretFileError.

    Without `ssl_ca_file` the system's certificate authorities count. Brokers must always show a certificate.
    """
    if not kafka.uses_tls:
        return None
    context = ssl.create_default_context() if kafka.ssl_ca_file is None else trusting("ssl_ca_file", kafka.ssl_ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = kafka.ssl_check_hostname
    if kafka.ssl_cert_file is not None:
        _load_certificate(context, kafka, kafka.ssl_cert_file)
    return context


def trusting(key: str, authorities: Path) -> ssl.SSLContext:
    """Return a context that trusts this file's authorities alone; `key` names the file for a TlsFileError."""
    # The system's authorities are not read first: they take 40 ms, for which the event loop would stand still.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _check_readable(key, authorities)
    try:
        context.load_verify_locations(authorities)
    except ssl.SSLError:
        raise TlsFileError("holds no certificates in PEM", key=key, path=authorities) from None
    return context


def _load_certificate(context: ssl.SSLContext, kafka: KafkaSettings, certificate: Path) -> None:
    _check_readable("ssl_cert_file", certificate)
    if kafka.ssl_key_file is not None:
        _check_readable("ssl_key_file", kafka.ssl_key_file)
    # A password must be given in any case: without one, OpenSSL asks for it on the terminal and waits.
    password = kafka.open_ssl_key_password().current() or b""
    try:
        context.load_cert_chain(certificate, kafka.ssl_key_file, password=lambda: password)
    except (ssl.SSLError, ValueError):  # a password of more than 1024 bytes is a ValueError
        raise TlsFileError(
            "is no certificate in PEM with a private key that belongs to it and opens with the password given",
            key="ssl_cert_file",
            path=certificate,
        ) from None


def _check_readable(key: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise TlsFileError("does not exist", key=key, path=path) from None
    except OSError as error:
        raise TlsFileError(f"cannot be read ({error.strerror})", key=key, path=path) from None
