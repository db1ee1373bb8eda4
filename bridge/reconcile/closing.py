"""What comparing and publishing need in an owned shard, for all lists of a connection alike."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from bridge.calls.journal_format import put
from bridge.calls.journal_keys import ComparedKey
from bridge.calls.journal_values import Moment
from bridge.calls.shard_owner import OwnedShard
from bridge.events.catalogue import EventName
from bridge.events.envelope import Origin
from bridge.pbx.item_events import ItemEvent, ItemEvents, NoEvent, Page
from bridge.pbx.responses import Rows
from bridge.reconcile.options import ReconcileOptions
from bridge.reconcile.published_facts import PublishedFacts
from bridge.reconcile.published_reader import PublishedReader
from bridge.reconcile.reconcile_watch import ReconcileWatch

MOST_ITEMS = 500
MOST_BYTES = 1024 * 1024
# Of one transaction: a dial of the same shard waits behind it.
EXPIRING_MS = 600_000
# What is nearly as old as the topics keep records may be gone from them already.


class Due(NamedTuple):
    """A row to be published; `name` tells it apart from all others of its list."""

    name: bytes
    page: Page
    number: int


class Closing:
    """One connection's. `facts` is what the reader knows of it, `compared_ms` gives up to when all is compared."""

    def __init__(
        self,
        owned: OwnedShard,
        connection: str,
        options: ReconcileOptions,
        *,
        since_ms: int,
        stored_ms: int,
        facts: PublishedFacts,
        reader: PublishedReader,
        item_events: ItemEvents,
        watch: ReconcileWatch,
    ) -> None:
        self.owned = owned
        self.connection = connection
        self.options = options
        self.stored_ms = stored_ms
        self.facts = facts
        self.watch = watch
        self._since_ms = since_ms
        self._reader = reader
        self._item_events = item_events
        self._given_up: set[bytes] = set()
        self.compared_ms: Callable[[], int] = lambda: stored_ms

    def now_ms(self) -> int:
        """Give the present moment by the brokers' clock."""
        return self.owned.clock.epoch_ms(self.owned.clock.now())

    def floor_ms(self) -> int:
        """Give the moment before which nothing is published: the first start, or as far back as the topics go."""
        retention_ms = self.options.retention_ms
        # The vendor's times are cut to seconds: what it dates to the second of the first start may have come after it.
        return max(self._since_ms - 999, self.now_ms() - retention_ms + min(EXPIRING_MS, retention_ms // 10))

    async def is_told_all(self) -> bool:
        """Wait until all is known that was published by now; false when that takes too long."""
        return await self._reader.has_read_all(self.connection, self.now_ms())

    def page(self, event: EventName, collection: str, rows: Rows, received_ms: int) -> Page:
        """Take rows for events of a name."""
        return self._item_events.page(event, collection, Origin.RECONCILE, rows, received_ms)

    def batches(self, due: Iterable[Due]) -> Iterator[list[ItemEvent | NoEvent]]:
        """Read what is due, in batches of one transaction each; what cannot be read is given once, and no more."""
        batch: list[ItemEvent | NoEvent] = []
        size = 0
        for name, page, number in due:
            digest = sha256(b"/".join((page.collection.encode(), page.event.encode(), name))).digest()
            if digest in self._given_up:
                continue
            read = page.read(number)
            if isinstance(read, NoEvent):
                self._given_up.add(digest)
            batch.append(read)
            size += len(read.record.value)
            if len(batch) == MOST_ITEMS or size >= MOST_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    async def publish(self, collection: str, batch: Sequence[ItemEvent | NoEvent]) -> None:
        """Publish a batch, and store up to when all is compared, as one. ShardLost passes through."""
        await self.owned.tasks.perform(self._append(collection, batch))

    async def _append(self, collection: str, batch: Sequence[ItemEvent | NoEvent]) -> None:
        compared_ms = max(self.stored_ms, self.compared_ms())
        record = put(ComparedKey(self.connection), Moment(compared_ms))
        await self.owned.means.writer.append((record,), [one.record for one in batch])
        self.stored_ms = compared_ms
        self.watch.published(self.connection, collection, batch)
