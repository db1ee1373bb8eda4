"""What passes through the journal's port: records in bytes, and what can become of them. Pure.

These are the types of `bridge.calls.journal`, where the port and its contract are. They lie here because imports point
down: whatever implements the port names them.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from typing_extensions import override

from bridge.events.records import Record

RECORD_OVERHEAD_BYTES = 100
# A record's own fields in a batch, generously: lengths, deltas, the number of headers.

LossCause = Literal["fenced", "refused", "away", "unknown", "closed"]
"""Why a shard was lost; for logs and metrics alone, since what a caller does is the same for all.

`fenced`: another open of this shard came later, or the brokers ended a transaction that took too long. `refused`: the
brokers refused a record. `away`: no answer in time, before the commit was asked for. `unknown`: the commit was asked
for and its answer is not known. `closed`: this process has closed the shard itself.
"""


class JournalRecord(NamedTuple):
    """A new value of a key, or its end (`value` None: a tombstone). `key` is never empty."""

    key: bytes
    value: bytes | None


class StoredRecord(NamedTuple):
    """A key's latest value, and when it was appended by the brokers' clock, in epoch milliseconds."""

    value: bytes
    appended_ms: int


class Append(NamedTuple):
    """What one caller wants stored as a whole: records of the shard, and records for other topics."""

    records: Sequence[JournalRecord]
    publications: Sequence[Record] = ()


Snapshot = Mapping[bytes, StoredRecord]
"""All keys of a shard that have a value."""


class ShardLost(Exception):
    """The shard is not this process's any more. It says nothing about whether the append is stored."""

    def __init__(self, cause: LossCause, error: str = "") -> None:
        super().__init__(cause, error)
        self.cause: LossCause = cause
        self.error = error

    @override
    def __str__(self) -> str:
        return f"{self.cause}: {self.error}" if self.error else self.cause


class RecordTooLarge(Exception):
    """One record of this append is over the limit. Nothing of the append is stored; the shard is still ours."""


class JournalAway(Exception):
    """The shard could not be opened; the text says why. A predecessor may have been fenced all the same."""


def size(append: Append) -> int:
    """Give an upper bound of the bytes that an append takes in its batches, headers included."""
    of_records = sum(len(key) + len(value or b"") + RECORD_OVERHEAD_BYTES for key, value in append.records)
    return of_records + sum(map(_publication_size, append.publications))


def check(append: Append, max_record_bytes: int) -> None:
    """Raise RecordTooLarge, or ValueError for what no caller may ask: no journal record at all, or an empty key."""
    if not append.records:
        raise ValueError("an append needs a journal record: a publication alone would be repeated after a crash")
    if not all((*(record.key for record in append.records), *(record.key for record in append.publications))):
        raise ValueError("a compacted topic refuses a record without a key, and order per subject rests on it")
    for key, value in append.records:
        if len(key) + len(value or b"") + RECORD_OVERHEAD_BYTES > max_record_bytes:
            raise RecordTooLarge(key.decode(errors="replace"))
    for publication in append.publications:
        if _publication_size(publication) > max_record_bytes:
            raise RecordTooLarge(publication.topic)


def _publication_size(record: Record) -> int:
    headers = sum(len(name.encode()) + len(value) + RECORD_OVERHEAD_BYTES for name, value in record.headers)
    return len(record.key) + len(record.value) + headers + RECORD_OVERHEAD_BYTES
