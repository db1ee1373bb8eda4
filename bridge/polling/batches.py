"""Rows that are to be published, in batches that fit one transaction each. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bridge.events.records import Record
from bridge.pbx.item_events import ItemEvent, NoEvent
from bridge.polling.rows import ListedRow

MOST_ITEMS = 500
MOST_BYTES = 1024 * 1024
# A dial of the same shard waits behind a transaction: of so much, some 50 ms.


class Batch(NamedTuple):
    """Rows, in order, and what each of them is published as."""

    rows: tuple[ListedRow, ...] = ()
    read: tuple[ItemEvent | NoEvent, ...] = ()

    @property
    def publications(self) -> tuple[Record, ...]:
        return tuple(one.record for one in self.read)


def batches(rows: Iterable[ListedRow]) -> Iterator[Batch]:
    """Read rows as they are asked for, and give them in batches; at least one batch, if need be without any."""
    taken: list[ListedRow] = []
    reads: list[ItemEvent | NoEvent] = []
    size = 0
    for row in rows:
        read = row.page.read(row.number)
        added = len(read.record.value)
        if taken and (len(taken) >= MOST_ITEMS or size + added > MOST_BYTES):
            yield Batch(tuple(taken), tuple(reads))
            taken, reads, size = [], [], 0
        taken.append(row)
        reads.append(read)
        size += added
    yield Batch(tuple(taken), tuple(reads))
