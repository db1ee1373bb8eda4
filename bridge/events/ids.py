"""Deterministic event ids and subjects: the same fact has the same id however it came.

The formula is the contract's, section 4: the first 32 hex digits of SHA-256 over the UTF-8 bytes of the compact
JSON array `[connection, event, key fields…]`.
"""

from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import quote

import orjson

from bridge.events.catalogue import EventName

KeyField = int | str | None

ID_HEX_DIGITS = 32
# 128 bits: no two of a company's facts collide, and a log line stays readable.


def event_id(connection: str, event: EventName | str, key_fields: Sequence[KeyField]) -> str:
    """Return the id of a fact; `key_fields` are ids as integers, times as epoch seconds, numbers as sent, or None."""
    array = orjson.dumps([connection, event, *key_fields])
    return sha256(array).hexdigest()[:ID_HEX_DIGITS]


def subject(prefix: str, parts: Sequence[int | str]) -> str:
    """Join a subject such as `lost-caller/%2B37060000000/23332222`.

    In each part all but RFC 3986's unreserved characters is percent-encoded, so a part never holds a slash.
    """
    return "/".join((prefix, *(str(part) if isinstance(part, int) else quote(part, safe="") for part in parts)))
