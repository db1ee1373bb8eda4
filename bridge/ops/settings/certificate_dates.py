"""When a certificate expires, read from its PEM file. Pure; Python's own library tells it of peers alone."""

import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.ASCII | re.DOTALL)
_VERSION: Final = 0xA0
# The tag of the field that certificates of the first version lack.
_UTC_TIME: Final = 0x17
# Two digits for the year: 50 and more mean the last century. The other kind of time has four.
_LONG: Final = 0x80
# A length of this or more is the number of bytes that hold the length.


class _Element(NamedTuple):
    tag: int
    content: bytes


def expiry_ms(pem: str) -> int | None:
    """Give the end of the first certificate's validity, epoch milliseconds; None where there is none to be read."""
    found = _CERTIFICATE.search(pem)
    if found is None:
        return None
    try:
        (certificate,) = _elements(b64decode(found[1]))
        signed = next(_elements(certificate.content))
        fields = [field for field in _elements(signed.content) if field.tag != _VERSION]
        # Serial number, algorithm, issuer; then the validity: not before, not after.
        _, _, _, validity, *_ = fields
        _, end = _elements(validity.content)
        return int(_time(end).timestamp() * 1000)
    except (ValueError, IndexError, StopIteration):
        return None


def _elements(der: bytes) -> Iterator[_Element]:
    at = 0
    while at < len(der):
        tag, length, start = der[at], der[at + 1], at + 2
        if length >= _LONG:
            start += length - _LONG
            length = int.from_bytes(der[at + 2 : start], "big")
        at = start + length
        yield _Element(tag, der[start:at])


def _time(element: _Element) -> datetime:
    written = element.content.decode("ascii")
    if element.tag == _UTC_TIME:
        written = f"{'19' if int(written[:2]) >= 50 else '20'}{written}"
    return datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
