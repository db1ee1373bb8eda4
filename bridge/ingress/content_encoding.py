"""Content codings of a request's body, undone within a limit. Pure.

The server's own inflation is switched off: it takes a body that was cut short for a whole one.
"""

import zlib

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_MOST_GZIP_MEMBERS = 16
# Each member costs a copy of what follows it; a body of thousands of empty ones would hold up everybody else.


class BodyRefused(Exception):
    """A body that is not taken; each kind has its row in the contract's table."""


class UnsupportedEncoding(BodyRefused):
    """The coding is none of gzip, deflate and identity."""


class UndecodableBody(BodyRefused):
    """The body is not what its coding says: broken, cut short, or followed by something else."""


class BodyTooLarge(BodyRefused):
    """The body is larger than the limit."""


def supported_encoding(header: str) -> str:
    """Return `identity`, `gzip` or `deflate` for a Content-Encoding header; raise UnsupportedEncoding for others.

    `header` is empty where there is none.
    """
    match header.strip().lower():
        case "" | "identity":
            return "identity"
        case "gzip" | "x-gzip":
            return "gzip"
        case "deflate":
            return "deflate"
        case _:
            raise UnsupportedEncoding


def decode_body(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Undo a supported coding; never holds more than one byte over `max_bytes`."""
    match encoding:
        case "identity":
            return body
        case "gzip":
            return _inflate_members(body, max_bytes)
        case _:
            # Both forms of "deflate" are seen in the wild: RFC 9110 means zlib's, some clients send the bare stream.
            is_zlib = len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
            content, rest = _inflate(body, _ZLIB if is_zlib else _RAW_DEFLATE, max_bytes)
            if rest:
                raise UndecodableBody
            return content


def _inflate_members(body: bytes, max_bytes: int) -> bytes:
    content, rest = b"", body
    for _ in range(_MOST_GZIP_MEMBERS):  # RFC 1952: a gzip file may have several members
        member, rest = _inflate(rest, _GZIP, max_bytes - len(content))
        content += member
        if not rest:
            return content
    raise UndecodableBody


def _inflate(body: bytes, window_bits: int, max_bytes: int) -> tuple[bytes, bytes]:
    stream = zlib.decompressobj(window_bits)
    try:
        content = stream.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise UndecodableBody from error
    if len(content) > max_bytes:
        raise BodyTooLarge
    if not stream.eof:
        raise UndecodableBody
    return content, stream.unused_data
