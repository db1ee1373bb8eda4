"""What a usable secret is, and how one that may be given inline or as a file is opened."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from bridge.ops.secret_files import (
    FixedSecret,
    NoSecret,
    OptionalSecretFile,
    OptionalSecretSource,
    Secret,
    SecretFile,
    SecretFileError,
    SecretSource,
)

SHORTEST_WEBHOOK_SECRET: Final = 16
"""Bytes. It is the only proof that a webhook is authentic, so it must not be guessable."""


def api_key_fault(value: bytes) -> str | None:
    """Say what makes the value unusable in the header `Authorization: Bearer …`."""
    if any(not 0x21 <= byte <= 0x7E for byte in value):
        return "holds spaces or characters that no API key has (give the key alone, without the word Bearer)"
    return None


def webhook_secret_fault(value: bytes) -> str | None:
    """Say what makes the value too weak to sign hook keys with."""
    if len(value) < SHORTEST_WEBHOOK_SECRET:
        return f"is shorter than {SHORTEST_WEBHOOK_SECRET} bytes"
    return None


def password_fault(value: bytes) -> str | None:
    """Say what makes the value unusable as a password of Kafka: only what is no text."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return "is not UTF-8 text"
    return None


def open_required(inline: Secret | None, file: Path | None, fault: Callable[[bytes], str | None]) -> SecretSource:
    """Open a secret that must be there; raise SecretFileError where it is not, or not usable."""
    if file is not None:
        return SecretFile(file, fault)
    if inline is None:
        raise SecretFileError("is not configured")
    return _fixed(inline, fault)


def open_optional(
    inline: Secret | None, file: Path | None, fault: Callable[[bytes], str | None]
) -> OptionalSecretSource:
    """Open a secret that need not be there; raise SecretFileError where it is there and not usable."""
    if file is not None:
        return OptionalSecretFile(file, fault)
    return NoSecret() if inline is None else _fixed(inline, fault)


def _fixed(inline: Secret, fault: Callable[[bytes], str | None]) -> FixedSecret:
    if wrong := fault(inline.reveal()):
        raise SecretFileError(wrong)
    return FixedSecret(inline)
