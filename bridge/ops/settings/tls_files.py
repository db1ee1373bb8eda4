"""The TLS context for Kafka, and the same anew when one of its files has changed.

Kubernetes renews the mounted files at once, other tools one after the other; in between a key may not belong to its
certificate. Whatever cannot be used leaves the last good context in force, and is logged once.
"""

import hashlib
import ssl
from pathlib import Path

import structlog

from bridge.ops.secret_files import FileIdentity, SecretFileError, file_identity
from bridge.ops.settings.certificate_dates import expiry_ms
from bridge.ops.settings.cluster import KafkaSettings
from bridge.ops.settings.tls import TlsFileError, tls_context

_log = structlog.get_logger(__name__)

_State = dict[Path, FileIdentity | None]


class TlsFiles:
    """The context as of the last usable state of the files; None for the protocols without TLS."""

    def __init__(self, kafka: KafkaSettings) -> None:
        """Make the context; raise TlsFileError, SecretFileError."""
        self._kafka = kafka
        named = (kafka.ssl_ca_file, kafka.ssl_cert_file, kafka.ssl_key_file, kafka.ssl_key_password_file)
        self._paths = [path for path in named if path is not None] if kafka.uses_tls else []
        self._failing = False
        # A file written twice within one tick of the file system's clock looks unchanged: each state is read twice.
        self._settled = False
        self._seen = self._look()
        self._digest = self._read()
        self._context, self._expires_ms = self._load()

    @property
    def context(self) -> ssl.SSLContext | None:
        return self._context

    @property
    def expires_ms(self) -> int | None:
        """When our own certificate expires, epoch milliseconds; None without one."""
        return self._expires_ms

    def refresh(self) -> bool:
        """Look at the files again; return whether the context is another one now. Files gone wrong do not raise."""
        seen = self._look()
        if seen == self._seen and self._settled:
            return False
        seen_twice = seen == self._seen
        self._settled, self._seen = seen_twice, seen
        try:
            digest = self._read()
            if digest == self._digest:
                self._usable()
                return False
            context, expires_ms = self._load()
        except (TlsFileError, SecretFileError, OSError) as error:
            self._settled = False
            # The first look may have fallen between two files of one change.
            if seen_twice and not self._failing:
                self._failing = True
                _log.warning("tls_files_unusable", reason=_reason(error), in_use="the last good ones")
            return False
        self._usable()
        self._digest, self._context, self._expires_ms = digest, context, expires_ms
        _log.info("tls_files_changed")
        return True

    def _usable(self) -> None:
        if self._failing:
            self._failing = False
            _log.info("tls_files_usable_again")

    def _look(self) -> _State:
        return {path: file_identity(path) for path in self._paths}

    def _read(self) -> bytes:
        # Not the content itself: there is a private key in it.
        return b"".join(hashlib.sha256(path.read_bytes()).digest() for path in self._paths if path.exists())

    def _load(self) -> tuple[ssl.SSLContext | None, int | None]:
        context, certificate = tls_context(self._kafka), self._kafka.ssl_cert_file
        if context is None or certificate is None:
            return context, None
        return context, expiry_ms(certificate.read_text(errors="replace"))


def _reason(error: Exception) -> str:
    if isinstance(error, TlsFileError):
        return f"kafka.{error.key} {error}"
    return f"a file of section kafka {error}"
