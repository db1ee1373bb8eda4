"""The patient way through a fetch: the same as the library's, and past what stops that."""

import gzip

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from bridge.kafka.raw_batches import RawBatches, RawRecord
from tests.commands.raw_produce import raw_batch, raw_record, snappy, varint

HEADERS = st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=300)), max_size=4)
RECORDS = st.lists(
    st.tuples(st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=300), HEADERS), min_size=1, max_size=6
)


def read(data: bytes) -> list[RawRecord]:
    batches = RawBatches(data)
    records: list[RawRecord] = []
    while batches.has_next():
        batch = batches.next_batch()
        assert batch.validate_crc()
        records += batch
    return records


def built(
    records: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]], codec: int, first_ms: int
) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1_000_000)
    for offset, (key, value, headers) in enumerate(records):
        builder.append(offset, first_ms + offset * 700, key, value, headers)
    return bytes(builder.build())


@given(st.lists(RECORDS, max_size=3), st.sampled_from([0, 1]), st.integers(0, 2**41))
def test_ordinary_batches_are_read_as_the_library_reads_them(
    batches: list[list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]]], codec: int, first_ms: int
) -> None:
    """Offsets, times, keys, values and headers, packed or not."""
    data = b"".join(built(records, codec, first_ms) for records in batches)
    library, expected = MemoryRecords(data), []
    while library.has_next():
        expected += [
            (record.offset, record.timestamp, record.timestamp_type, record.key, record.value, tuple(record.headers))
            for record in library.next_batch()
        ]
    assert [record[:6] for record in read(data)] == expected
    assert len(expected) == sum(map(len, batches))


def test_a_batch_that_was_cut_off_is_left_out() -> None:
    """A fetch ends where it is full."""
    whole = raw_batch(raw_record(b"a", []))
    for length in range(len(whole)):
        assert [record.value for record in read(whole + whole[:length])] == [b"a"]


def test_a_name_that_is_no_utf_8_is_read_with_replacements() -> None:
    """It is none of ours, and the record may be a command all the same."""
    (record,) = read(raw_batch(raw_record(b"a", [(b"ce_id", b"c-1"), (b"\xffx", None)])))
    assert (record.headers, record.problem) == ((("ce_id", b"c-1"), ("\ufffdx", None)), None)


def test_attributes_are_one_byte() -> None:
    """The library takes them for a number of as many bytes as it says, and reads all behind it wrongly."""
    (record,) = read(raw_batch(raw_record(b"a", [(b"x", b"y")], attributes=0x80)))
    assert (record.value, record.headers) == (b"a", (("x", b"y"),))


def test_a_batch_packed_with_what_is_not_installed_is_one_record_that_says_so() -> None:
    """Its bytes are kept for people."""
    inner = raw_record(b"a", []) + raw_record(b"b", [], index=1)
    data = raw_batch(raw_record(b"", []), raw_record(b"", []), codec=2, packed=snappy(inner))
    (record,) = read(data)
    assert (record.offset, record.value, record.headers) == (0, data, ())
    assert record.problem == "compressed with snappy, which is not installed here"


def test_a_batch_that_cannot_be_unpacked_is_one_record_that_says_so() -> None:
    """The broker unpacks with another library, so it may take what ours does not."""
    (record,) = read(raw_batch(raw_record(b"", []), codec=1, packed=b"\x1f\x8bnot gzip"))
    assert record.problem == "compressed with gzip, and cannot be unpacked"
    (record,) = read(raw_batch(raw_record(b"a", []), codec=1, packed=gzip.compress(raw_record(b"a", []))))
    assert (record.value, record.problem) == (b"a", None)


@pytest.mark.parametrize(
    "broken",
    [b"", b"\x04", varint(3) + b"\0\0\0", b"\xff" * 11, raw_record(b"b", [], index=1)[:-1], varint(90) + b"\0" * 20],
)
def test_what_is_no_record_ends_its_batch(broken: bytes) -> None:
    """Those before it are read, and the next batch is."""
    good, last = raw_record(b"a", []), raw_batch(raw_record(b"z", []))
    first, second, third = read(raw_batch(good, b"", packed=good + broken) + last)
    assert (first.value, first.problem, third.value) == (b"a", None, b"z")
    assert second.offset == 1
    assert second.problem is not None


@given(st.binary(max_size=120))
def test_nothing_raises(body: bytes) -> None:
    """Whatever is between a batch's head and its end."""
    read(raw_batch(b"", b"", b"", packed=body))
