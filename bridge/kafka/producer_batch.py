"""Records that go to one partition in one piece, and those who wait for it.

The batches are our own, and not the client library's, for their price: one future and one callback per batch take the
place of a future, a result object and a lookup per record.
"""

import asyncio

from aiokafka.producer.message_accumulator import BatchBuilder
from typing_extensions import override

from bridge.events.records import Record
from bridge.kafka.producer_errors import NotAcknowledged, Refused

MAX_BATCH_BYTES = 262_144
# With smaller ones a thousand callers at once need a request for every few dozen of them. What waits while Kafka is
# away is bounded by this, too: a partition has two batches at most.
NO_COMPRESSION = 0
# The events are small and the brokers near; compressing costs more CPU than it saves bytes.


class Pending:
    """One record and its waiter, whose result says that the record is stored.

    The waiter may end at any time, by its deadline or by its caller; from then on nobody wants the record sent again.
    """

    __slots__ = ("record", "waiter")

    def __init__(self, record: Record, waiter: asyncio.Future[None]) -> None:
        self.record = record
        self.waiter = waiter

    def fail(self, failure: NotAcknowledged | Refused) -> None:
        """Answer the caller, unless it has gone."""
        if not self.waiter.done():
            self.waiter.set_exception(failure)


class Batch(BatchBuilder):  # type: ignore[misc]  # the library has no types
    """Takes records until it is full, or until the sender takes it."""

    def __init__(self) -> None:
        super().__init__(MAX_BATCH_BYTES, NO_COMPRESSION)
        self.pendings: list[Pending] = []

    def add(self, pending: Pending) -> bool:
        """Take the record, behind the others; false when it has to go into another batch.

        The first always fits. Once one has not, none does: a smaller one would overtake it.
        """
        record = pending.record
        if self.append(timestamp=None, key=record.key, value=record.value, headers=record.headers) is None:
            return False
        self.pendings.append(pending)
        return True

    @override
    def record_count(self) -> int:
        """Give the number of records, which is final from now on.

        The sender asks when it takes the batch, and reserves as many sequence numbers. It asks for the bytes only
        later: a record that came between would go out without a number, and the partition would be out of step.
        """
        self.close()
        count: int = super().record_count()
        return count

    def acknowledge(self) -> int:
        """Tell all who still wait that their records are stored; gives how many that were."""
        waiting = 0
        for pending in self.pendings:
            waiter = pending.waiter
            if not waiter.done():
                waiter.set_result(None)
                waiting += 1
        return waiting

    def again(self) -> "list[Batch]":
        """Give the records that somebody still waits for once more, in their order."""
        batches: list[Batch] = []
        for pending in self.pendings:
            if pending.waiter.done() or (batches and batches[-1].add(pending)):
                continue
            batches.append(Batch())
            batches[-1].add(pending)
        return batches
