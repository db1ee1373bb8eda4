"""The journal's port: what a shard's owner remembers beyond its own death, and what it may rely on.

A shard is a part of the connections; its journal is a map from keys to values (`journal_format` gives them meaning), of
which one owner at a time appends. The real one is `bridge.kafka.shard_journal`; a twin in memory stands beside the
tests, and one contract suite runs against both.

**Opening is taking over.** `open` ends whatever transaction a predecessor has under way and fences it: none of its
appends can succeed any more. Only then is the snapshot read, so it holds everything that any predecessor has stored.
`open` itself writes nothing: who cannot read the snapshot (`journal_format.UnknownFormat`) closes the shard and leaves
no trace. The first append should carry the take-over marker, key `owner`: its append time is "now" by the brokers'
clock, the only clock on which a predecessor's records and one's own can be compared. Whether the shard is ours to take
at all (architecture: step 0, an offset commit that the group checks) is asked before `open`, by whoever owns the
membership.

**An append is all or nothing**: its records and its publications become visible together, to read_committed readers
alone, or never. Appends that wait at the same time share a transaction, and so one fate, but no more than that: they
are stored in the order in which they were asked for, and each caller learns its own outcome.

**A caller acts on what it asked to store only after `append` has returned.** Then it is stored, and whoever opens the
shard from its commit on finds it; that may have happened before the caller hears of it. When it raises ShardLost,
whatever the cause, nobody in this process knows whether the append is stored: "fenced" does not mean that it is not,
since a commit can be done and its answer lost. The caller drops all memory of the shard, calls nobody for what was in
the append, and takes the shard over again from step 0 if it is still its own: the next snapshot tells. The same holds
for an append whose caller was cancelled while it waited.
"""

from collections.abc import Sequence
from typing import Protocol

from bridge.events.records import Record
from bridge.kafka.journal_records import (
    JournalAway,
    JournalRecord,
    LossCause,
    RecordTooLarge,
    ShardLost,
    Snapshot,
    StoredRecord,
)

__all__ = [
    "Journal",
    "JournalAway",
    "JournalRecord",
    "LossCause",
    "Opened",
    "RecordTooLarge",
    "ShardLost",
    "ShardWriter",
    "Snapshot",
    "StoredRecord",
]


class ShardWriter(Protocol):
    """An open shard. It belongs to the event loop that opened it."""

    @property
    def shard(self) -> int:
        """The shard's number, from 0."""
        ...

    @property
    def epoch(self) -> str:
        """Names this open and no other one of the journal; for the take-over marker and logs, without an order."""
        ...

    async def append(self, records: Sequence[JournalRecord], publications: Sequence[Record] = ()) -> int:
        """Store records and publications as one; return when they were appended, in epoch ms by the brokers' clock.

        At least one record is needed. Of two values for one key the later one stays. ShardLost: see the module, and so
        does every later append. RecordTooLarge, ValueError: nothing of this append is stored, the shard is still ours.
        """
        ...

    async def close(self) -> None:
        """Finish the appends that wait, then let go, within some seconds; never raises. May be called again.

        Later appends raise ShardLost. A successor need not wait for this: its `open` fences us all the same.
        """
        ...


Opened = tuple[ShardWriter, Snapshot]
"""A shard taken over: the way to append, and all that was stored when it was opened."""


class Journal(Protocol):
    """All shards of an installation."""

    async def open(self, shard: int) -> Opened:
        """Take a shard over. JournalAway: it could not be opened within some seconds; try again from step 0."""
        ...
