"""The journal as pure state: epochs, one open transaction per shard, and what read_committed readers see.

For models that try every interleaving: a `Ledger` is frozen and hashable, each step gives the next one, and a step that
the brokers would refuse raises `Refused`. Time is an argument: the brokers' clock, in epoch milliseconds.

A worker's append is three steps, and it may die, or others may step, between any two of them: `write` (begins the
transaction), `commit` (by the brokers), and learning of it, which is no step of the ledger. What differs from Kafka:
publications have the order of their commits, and nobody waits behind another shard's open transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.events.records import Record
from bridge.kafka.journal_records import JournalRecord, StoredRecord


class Refused(Exception):
    """The brokers refuse the step: its epoch is not the shard's latest, or its transaction is not open any more."""


@dataclass(frozen=True)
class Published:
    """A publication as a reader sees it; `headers` as a tuple, so that it can be hashed."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Written:
    """What a transaction holds; it is visible to nobody before its commit."""

    records: tuple[tuple[JournalRecord, int], ...] = ()
    publications: tuple[Published, ...] = ()


@dataclass(frozen=True)
class Shard:
    """One shard: the latest epoch, its open transaction, and the latest value and append time by key."""

    epoch: int = 0
    transaction: Written | None = None
    stored: tuple[tuple[bytes, StoredRecord], ...] = ()


@dataclass(frozen=True)
class Ledger:
    """All shards and all other topics of an installation."""

    shards: tuple[Shard, ...] = (Shard(),)
    published: tuple[Published, ...] = ()

    def open(self, shard: int) -> tuple["Ledger", int]:
        """Take a shard over: the next epoch begins, and a transaction of the last one is aborted."""
        at = self.shards[shard]
        return self._with(shard, replace(at, epoch=at.epoch + 1, transaction=None)), at.epoch + 1

    def snapshot(self, shard: int) -> Mapping[bytes, StoredRecord]:
        """Give what a read_committed reader finds in a shard."""
        return dict(self.shards[shard].stored)

    def write(
        self, shard: int, epoch: int, now_ms: int, records: Sequence[JournalRecord], publications: Sequence[Record] = ()
    ) -> "Ledger":
        """Add to the shard's transaction, and begin it where none is open; Refused for an old epoch."""
        at = self._led(shard, epoch)
        before = at.transaction or Written()
        added = Written(
            (*before.records, *((record, now_ms) for record in records)),
            (*before.publications, *(Published(*each[:3], tuple(each.headers)) for each in publications)),
        )
        return self._with(shard, replace(at, transaction=added))

    def commit(self, shard: int, epoch: int) -> "Ledger":
        """Make all of the open transaction visible; Refused for an old epoch, or when none is open."""
        at = self._led(shard, epoch)
        if at.transaction is None:
            raise Refused
        stored = dict(at.stored)
        for (key, value), appended_ms in at.transaction.records:
            # A compacted log keeps a key at the place of its latest record.
            stored.pop(key, None)
            if value is not None:
                stored[key] = StoredRecord(value, appended_ms)
        ledger = self._with(shard, replace(at, transaction=None, stored=tuple(stored.items())))
        return replace(ledger, published=(*self.published, *at.transaction.publications))

    def abort(self, shard: int, epoch: int) -> "Ledger":
        """End the open transaction, by its owner or since it took too long; nothing of it is ever seen."""
        return self._with(shard, replace(self._led(shard, epoch), transaction=None))

    def _led(self, shard: int, epoch: int) -> Shard:
        at = self.shards[shard]
        if at.epoch != epoch:
            raise Refused
        return at

    def _with(self, shard: int, changed: Shard) -> "Ledger":
        return replace(self, shards=(*self.shards[:shard], changed, *self.shards[shard + 1 :]))
