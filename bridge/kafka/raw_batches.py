"""Reading what the client library cannot: a second, patient way through the bytes of a fetch. Pure.

A broker takes records that stop the library for good, and with it everybody behind them in the partition: header names
that are no UTF-8, a record whose (unused) attributes take more than seven bits, a batch that is compressed with what
is not installed here. Whoever may write commands could stop all others that way.

`RawBatches` stands in for the library's `MemoryRecords`. Names that are no UTF-8 come with U+FFFD in place of what is
none. What cannot be read at all comes as one record for its batch, which says why.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, cast

from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBatch

_LENGTH: Final = struct.Struct(">8xi")
# A batch begins with its first offset (8 bytes) and with how many bytes follow this number (4).
_BEFORE_LENGTH_ENDS: Final = 12
_STAMPS: Final = struct.Struct(">27xqq")
# The clients' first timestamp, and the last one or the brokers'.
_COUNT: Final = struct.Struct(">57xi")
# How many records are in a batch stands right before them.
_HEAD_BYTES: Final = 61
_LAST_GROUP: Final = 63
# A varint of 64 bits has no more than ten groups of seven.
_CODECS: Mapping[int, tuple[str, Callable[[], bool], Callable[[bytes], bytes]]] = MappingProxyType(
    {
        1: ("gzip", codec.has_gzip, codec.gzip_decode),
        2: ("snappy", codec.has_snappy, codec.snappy_decode),
        3: ("lz4", codec.has_lz4, codec.lz4_decode),
        4: ("zstd", codec.has_zstd, codec.zstd_decode),
    }
)


class _Unreadable(Exception):
    """What the broker has taken is not what the format says, or needs what is not installed."""


class RawRecord(NamedTuple):
    """A record in the library's terms. With a `problem` it stands for the rest of its batch, whose bytes it has."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    problem: str | None = None


class RawBatch:
    """One batch. What is in its head is the library's reading."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._head = DefaultRecordBatch(data)
        self.base_offset = cast("int", self._head.base_offset)
        self.next_offset = cast("int", self._head.next_offset)
        self.producer_id = cast("int", self._head.producer_id)
        self.is_control_batch = cast("bool", self._head.is_control_batch)
        self.is_transactional = cast("bool", self._head.is_transactional)

    def validate_crc(self) -> bool:
        """Tell whether the bytes are those that the broker has stored."""
        return cast("bool", self._head.validate_crc())

    def __next__(self) -> RawRecord:
        """Return the first record: that of a control batch says what it is."""
        return next(iter(self))

    def __iter__(self) -> Iterator[RawRecord]:
        index = 0
        try:
            reader = _Reader(self._unpacked())
            for index in range(_COUNT.unpack_from(self._data)[0]):  # noqa: B007 - says where reading ended
                yield self._record(reader)
        except _Unreadable as unreadable:
            # The rest of the batch, as nothing says where the next record begins.
            yield RawRecord(self.base_offset + index, *self._stamp(0), None, self._data, (), str(unreadable))

    def _unpacked(self) -> bytes:
        compression = cast("int", self._head.compression_type)
        body = self._data[_HEAD_BYTES:]
        if not compression:
            return body
        name, installed, unpack = _CODECS[compression]
        if not installed():
            raise _Unreadable(f"compressed with {name}, which is not installed here")
        try:
            return unpack(body)
        except Exception as error:
            # Each codec has errors of its own, and whichever it is, it is the same at the next try.
            raise _Unreadable(f"compressed with {name}, and cannot be unpacked") from error

    def _record(self, reader: "_Reader") -> RawRecord:
        end = reader.varint() + reader.position
        reader.take(1)  # the attributes, of which none has a meaning yet
        stamp = self._stamp(reader.varint())
        offset = self.base_offset + reader.varint()
        key, value = reader.field(), reader.field()
        headers = tuple(
            ((reader.field() or b"").decode(errors="replace"), reader.field()) for _ in range(reader.varint())
        )
        if reader.position != end:
            raise _Unreadable("a record is longer or shorter than it says")
        return RawRecord(offset, *stamp, key, value, headers)

    def _stamp(self, after_first_ms: int) -> tuple[int, int]:
        """Return epoch milliseconds, and 1 where the broker has stamped the batch."""
        by_broker = cast("int", self._head.timestamp_type)
        first_ms, last_ms = _STAMPS.unpack_from(self._data)
        return (last_ms if by_broker else first_ms + after_first_ms), by_broker


class RawBatches:
    """The batches of a fetch, in order; the last one may have been cut off, and is left out then."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def has_next(self) -> bool:
        """Tell whether there is one more whole batch."""
        return self._position + _BEFORE_LENGTH_ENDS <= len(self._data) and self._end() <= len(self._data)

    def next_batch(self) -> RawBatch:
        """Return the next batch."""
        start, self._position = self._position, self._end()
        return RawBatch(self._data[start : self._position])

    def _end(self) -> int:
        following: int = _LENGTH.unpack_from(self._data, self._position)[0]
        return self._position + _BEFORE_LENGTH_ENDS + following


class _Reader:
    """Kafka's varints and what is as long as they say."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def take(self, size: int) -> bytes:
        start, self.position = self.position, self.position + size
        if self.position > len(self._data):
            raise _Unreadable("a record ends too early")
        return self._data[start : self.position]

    def varint(self) -> int:
        number = 0
        for shift in range(0, _LAST_GROUP + 1, 7):
            (byte,) = self.take(1)
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (number >> 1) ^ -(number & 1)
        raise _Unreadable("a number is longer than 64 bits")

    def field(self) -> bytes | None:
        size = self.varint()
        return None if size < 0 else self.take(size)
