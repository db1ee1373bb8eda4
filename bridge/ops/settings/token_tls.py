"""The TLS context for the token endpoint, made of `sasl_oauth_ca_file`."""

import ssl

from bridge.ops.settings.cluster import KafkaSettings
from bridge.ops.settings.tls import TlsFileError


def token_tls_context(kafka: KafkaSettings) -> ssl.SSLContext:
    """Return a context that trusts the file's certificate authorities, else the system's; raise TlsFileError."""
    file = kafka.sasl_oauth_ca_file
    if file is None:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(file)
    except FileNotFoundError:
        predicate = "does not exist"
    except ssl.SSLError:
        predicate = "holds no certificates in PEM"
    except OSError as error:
        predicate = f"cannot be read ({error.strerror})"
    else:
        return context
    raise TlsFileError(predicate, key="sasl_oauth_ca_file", path=file)
