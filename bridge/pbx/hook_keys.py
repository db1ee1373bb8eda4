"""The URLs that the vendor calls, and the keys in them, which any replica checks without state. Pure.

A key reads `<EventName>.<generation>.<mac>`; the mac is HMAC-SHA-256 (RFC 2104) under the connection's webhook secret
over a label, the connection, the event and the generation. The vendor signs nothing, so the key is all that tells a
webhook from a forgery: it is compared in constant time, and an unknown connection costs what a known one costs.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest, digest
from typing import NamedTuple

from bridge.events.catalogue import WEBHOOK_EVENTS

_LABEL = b"bridge hook v1"
# Keeps these macs apart from any other use of the same secret.
_GENERATION = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
# A rotation a second for thirty years.
_DIGEST_HEX_DIGITS = 32
# 128 bits, as in the ids of events: no two URLs of an installation collide.


class HookName(NamedTuple):
    """What a key is for: the vendor's name of the event, and how many keys the event had before (0: made by hand)."""

    event: str
    generation: int

    @property
    def text(self) -> str:
        """The form that stands in the key and in the extension `hook` of the event."""
        return f"{self.event}.{self.generation}"


def parse_hook(text: str) -> HookName | None:
    """Read `<EventName>.<generation>`; None when it is none, or of no event that there is."""
    event, _, generation = text.rpartition(".")
    if event not in WEBHOOK_EVENTS or _GENERATION.fullmatch(generation) is None:
        return None
    return HookName(event, int(generation))


def hook_key(secret: bytes, connection: str, hook: HookName) -> str:
    """Return the key that goes into a webhook's URL."""
    return f"{hook.text}.{_mac(secret, connection.encode(), hook.text.encode()).decode()}"


def hook_url(public_url: str, connection: str, key: str) -> str:
    """Return the whole URL that the vendor calls."""
    return f"{public_url}/hooks/{connection}/{key}"


def url_digest(url: str) -> str:
    """Return what tells two URLs apart without holding the key."""
    return sha256(url.encode()).hexdigest()[:_DIGEST_HEX_DIGITS]


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


def _mac(secret: bytes, connection: bytes, hook: bytes) -> bytes:
    return urlsafe_b64encode(digest(secret, b"\n".join((_LABEL, connection, hook)), "sha256")).rstrip(b"=")
