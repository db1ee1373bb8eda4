"""The keys in webhook URLs: any replica checks one without state. Pure.

A key reads `<EventName>.<generation>.<mac>`; the mac is HMAC-SHA-256 (RFC 2104) under the connection's webhook secret
over a label, the connection, the event and the generation. The vendor signs nothing, so the key is all that tells a
webhook from a forgery: it is compared in constant time, and an unknown connection costs what a known one costs.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from hmac import compare_digest, digest
from typing import NamedTuple

_MOST_REMEMBERED = 256
# A connection has at most 20 registrations at the vendor; each rotation adds ten.
_LABEL = b"bridge hook v1"
# Keeps these macs apart from any other use of the same secret.


class HookName(NamedTuple):
    """What a key is for: the vendor's name of the event, and how many keys the event had before (0: made by hand)."""

    event: str
    generation: int

    @property
    def text(self) -> str:
        """The form that stands in the key and in the extension `hook` of the event."""
        return f"{self.event}.{self.generation}"


def hook_key(secret: bytes, connection: str, hook: HookName) -> str:
    """Return the key that goes into a webhook's URL."""
    return f"{hook.text}.{_mac(secret, connection.encode(), hook.text.encode()).decode()}"


def hook_url(public_url: str, connection: str, key: str) -> str:
    """Return the whole URL that the vendor calls."""
    return f"{public_url}/hooks/{connection}/{key}"


def verified_hook(key: str, connection: str, secrets: Sequence[bytes]) -> str | None:
    """Return what the key is for, as `<EventName>.<generation>`, or None when no secret made it.

    Each secret costs the same whether it matches or not; the caller passes as many for a connection that it does not
    know as for one that it knows.
    """
    name, _, mac = key.rpartition(".")
    sent, hook, at = mac.encode(errors="replace"), name.encode(errors="replace"), connection.encode(errors="replace")
    matches = False
    for secret in secrets:
        matches |= compare_digest(_mac(secret, at, hook), sent)
    return name if matches else None


class KeyRing:
    """Verifies the keys of one connection, and remembers those that were good.

    `secrets` answers the current secret and the previous one. It always answers two, whatever is set, so that refusing
    a key takes the same work for every connection, known or not. Only who holds a good key can learn that it is
    remembered.
    """

    def __init__(self, secrets: Callable[[], tuple[bytes, bytes]]) -> None:
        self._secrets = secrets
        self._remembered_for: tuple[bytes, bytes] | None = None
        self._remembered: dict[tuple[str, str], str] = {}

    def verify(self, key: str, connection: str) -> str | None:
        """Return what a key of the connection is for, as `<EventName>.<generation>`, or None."""
        secrets = self._secrets()
        if secrets != self._remembered_for:
            self._remembered_for = secrets
            self._remembered = {}
        hook = self._remembered.get((connection, key))
        if hook is None:
            hook = verified_hook(key, connection, secrets)
            if hook is not None and len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[connection, key] = hook
        return hook


def _mac(secret: bytes, connection: bytes, hook: bytes) -> bytes:
    return urlsafe_b64encode(digest(secret, b"\n".join((_LABEL, connection, hook)), "sha256")).rstrip(b"=")
