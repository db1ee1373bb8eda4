"""A record of the command topic as it came, before anybody knows what is in it. Pure."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple, Self

LARGEST_HEADERS_BYTES = 65_536
# As much as a value may have. A record can be all headers, and copies of it must fit a record with room to spare.
_HEADER_OVERHEAD_BYTES = 100
# What a header takes beside its own bytes, generously: with empty ones alone a record holds hundreds of thousands.


class CommandRecord(NamedTuple):
    """Where a record stands, when it was appended (epoch milliseconds by the brokers' clock), and its bytes.

    A header's null value is empty here, as nothing tells the two apart. `value` is None for a tombstone.
    """

    topic: str
    partition: int
    offset: int
    appended_ms: int
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None

    @classmethod
    def received(
        cls,
        topic: str,
        partition: int,
        offset: int,
        appended_ms: int,
        headers: Iterable[tuple[str, bytes | None]],
        value: bytes | None,
    ) -> Self:
        """Make one of what a client library gives."""
        return cls(topic, partition, offset, appended_ms, tuple((name, sent or b"") for name, sent in headers), value)


def fitting_headers(headers: Sequence[tuple[str, bytes]]) -> int:
    """Return how many of the first headers fit `LARGEST_HEADERS_BYTES`."""
    sizes = accumulate(len(name.encode()) + len(content) + _HEADER_OVERHEAD_BYTES for name, content in headers)
    return sum(size <= LARGEST_HEADERS_BYTES for size in sizes)
