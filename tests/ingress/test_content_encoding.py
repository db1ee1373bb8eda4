"""Undoing content codings within a limit."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ingress.content_encoding import (
    BodyTooLarge,
    UndecodableBody,
    UnsupportedEncoding,
    decode_body,
    supported_encoding,
)

BODY = b'{"eventType": "CallStarted"}'


def raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", "identity"),
        ("identity", "identity"),
        ("gzip", "gzip"),
        (" GZip ", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate", "deflate"),
    ],
)
def test_known_codings_are_known_in_any_case(header: str, encoding: str) -> None:
    """Header values are not case-sensitive here."""
    assert supported_encoding(header) == encoding


@pytest.mark.parametrize("header", ["br", "zstd", "compress", "gzip, gzip", "gzip;q=1", "\x00"])
def test_other_codings_are_refused(header: str) -> None:
    """What nobody sends is not worth the code that reads it."""
    with pytest.raises(UnsupportedEncoding):
        supported_encoding(header)


@given(st.binary(max_size=2000))
def test_a_coded_body_comes_out_as_it_went_in(body: bytes) -> None:
    """gzip, gzip of several members, and both forms of deflate."""
    assert decode_body(body, "identity", 2000) == body
    assert decode_body(gzip.compress(body), "gzip", 2000) == body
    assert decode_body(gzip.compress(body) + gzip.compress(body), "gzip", 4000) == body + body
    assert decode_body(zlib.compress(body), "deflate", 2000) == body
    assert decode_body(raw_deflate(body), "deflate", 2000) == body


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_is_not_whole_is_refused(encoding: str) -> None:
    """Cut short, broken, followed by something else, or not coded at all."""
    coded = gzip.compress(BODY) if encoding == "gzip" else zlib.compress(BODY)
    for broken in (b"", coded[:-1], coded[:10], coded[:-4] + b"\x00\x00\x00\x00", coded + b"more", BODY):
        with pytest.raises(UndecodableBody):
            decode_body(broken, encoding, 1000)


def test_a_bomb_stops_at_the_limit() -> None:
    """Ten megabytes of zeros in ten kilobytes."""
    bomb = gzip.compress(bytes(10_000_000))
    with pytest.raises(BodyTooLarge):
        decode_body(bomb, "gzip", 262_144)
    with pytest.raises(BodyTooLarge):
        decode_body(gzip.compress(bytes(1000)) * 3, "gzip", 2999)


def test_the_limit_itself_is_allowed() -> None:
    """One byte more is not."""
    assert len(decode_body(gzip.compress(bytes(1000)), "gzip", 1000)) == 1000
    with pytest.raises(BodyTooLarge):
        decode_body(gzip.compress(bytes(1001)), "gzip", 1000)


def test_a_body_of_countless_members_is_refused() -> None:
    """Each costs a copy of what follows it."""
    with pytest.raises(UndecodableBody):
        decode_body(gzip.compress(b"") * 5000, "gzip", 262_144)
