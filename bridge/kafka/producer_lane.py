"""The order of the records of one partition: those who come first are stored first.

One batch is under way, and the next one fills meanwhile: that alone makes batches as large as the load wants them. As
no batch leaves before the one ahead of it has ended, one that has to be sent again keeps its place.
"""

from collections import deque

from bridge.kafka.producer_batch import Batch, Pending


class Lane:
    """One partition's records. Neither sends nor waits; whoever sends asks `take`, and says how it went.

    At most two batches are here at a time (a batch that is sent again may be one in addition); who finds no room
    waits in line, oldest first.
    """

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.under_way: Batch | None = None
        self._queued: deque[Batch] = deque()
        self._in_line: deque[Pending] = deque()

    @property
    def in_line(self) -> int:
        """How many wait for room."""
        return len(self._in_line)

    def add(self, pending: Pending) -> bool:
        """Put the record into a batch, or in line for the next; false when it is in line."""
        # While others are in line, the youngest batch has refused one of them, and takes nobody any more.
        if self._place(pending):
            return True
        self._in_line.append(pending)
        return False

    def take(self) -> Batch | None:
        """Give the batch to send now, if there is one and none is under way; room is made by that."""
        if self.under_way is not None or not self._queued:
            return None
        batch = self.under_way = self._queued.popleft()
        while self._in_line and (self._in_line[0].waiter.done() or self._place(self._in_line[0])):
            self._in_line.popleft()
        return batch

    def put_back(self) -> None:
        """Take back what was to be sent and was not, to be sent as it is."""
        if self.under_way is not None:
            self._queued.appendleft(self.under_way)
            self.under_way = None

    def ended(self, *, again: bool = False) -> None:
        """Let the next batch go; with `again` what was under way goes once more before it."""
        if again and self.under_way is not None:
            self._queued.extendleft(reversed(self.under_way.again()))
        self.under_way = None

    def prune(self) -> None:
        """Forget who has given up. The oldest does so first, so those who still wait are all that is left in line."""
        while self._in_line and self._in_line[0].waiter.done():
            self._in_line.popleft()

    def _place(self, pending: Pending) -> bool:
        youngest = self._queued[-1] if self._queued else self.under_way
        if youngest is not None and youngest.add(pending):
            return True
        if self._queued:
            return False
        batch = Batch()
        batch.add(pending)
        self._queued.append(batch)
        return True
