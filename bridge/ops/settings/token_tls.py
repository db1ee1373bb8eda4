"""The TLS context for the token endpoint, made of `sasl_oauth_ca_file`."""

import ssl

from bridge.ops.settings.cluster import KafkaSettings
from bridge.ops.settings.tls import trusting


def token_tls_context(kafka: KafkaSettings) -> ssl.SSLContext:
    """Return a context that trusts the file's certificate authorities, else the system's; raise TlsFileError."""
    file = kafka.sasl_oauth_ca_file
    return ssl.create_default_context() if file is None else trusting("sasl_oauth_ca_file", file)
