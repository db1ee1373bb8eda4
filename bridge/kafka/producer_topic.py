"""The way of one topic's records to the producer, and of the answers back to those who wait."""

from asyncio import Future
from collections import deque
from functools import partial
from typing import Protocol

from aiokafka.errors import KafkaError
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from bridge.kafka.partitioning import partition_of
from bridge.kafka.producer_batch import Batch, Pending
from bridge.kafka.producer_errors import NotAcknowledged, Refused, judge_acknowledgement
from bridge.kafka.producer_lane import Lane

size_of = DefaultRecordBatchBuilder.estimate_size_in_bytes
# The library's own upper bound of a record's size, key and headers included.


class Sends(Protocol):
    """A connected producer; `producer_session.Session` is the real one."""

    @property
    def max_record_bytes(self) -> int: ...

    def partitions(self, topic: str) -> int: ...

    def hand_over(self, batch: Batch, topic: str, partition: int) -> "Future[object] | None": ...


class Hears(Protocol):
    """Whoever keeps the producer."""

    def acknowledged(self, topic: str, records: int) -> None: ...

    def spoilt(self, session: Sends, topic: str, error: BaseException, *, rest: bool) -> None: ...


class TopicLanes:
    """One lane per partition of a topic. While it is shut, records wait in line before them."""

    def __init__(self, topic: str, keeper: Hears) -> None:
        self._topic = topic
        self._keeper = keeper
        self._session: Sends | None = None
        self._partitions = 0
        self._lanes: list[Lane] = []
        self._in_line: deque[Pending] = deque()

    @property
    def in_line(self) -> int:
        """How many wait outside of any batch: for the topic, or for room."""
        return len(self._in_line) + sum(lane.in_line for lane in self._lanes)

    def add(self, pending: Pending) -> bool:
        """Have the record sent; false when it waits in line: `prune` is due when its waiter has ended."""
        session = self._session
        if session is None:
            self._in_line.append(pending)
            return False
        return self._enter(session, pending)

    def open(self, session: Sends) -> None:
        """Let records pass to this producer; to be repeated, since the number of partitions may change."""
        self._session = session
        # A lane beyond the number stays: what is in it cannot be sent, and ends at its deadline.
        self._partitions = session.partitions(self._topic)
        self._lanes.extend(map(Lane, range(len(self._lanes), self._partitions)))
        for lane in self._lanes:
            self._send(lane)
        while self._in_line:
            pending = self._in_line.popleft()
            if not pending.waiter.done():
                self._enter(session, pending)

    def shut(self) -> None:
        """Let nothing pass from now on. What is under way is not disturbed."""
        self._session = None

    def prune(self) -> None:
        """Forget who has given up while in line."""
        while self._in_line and self._in_line[0].waiter.done():
            self._in_line.popleft()
        for lane in self._lanes:
            lane.prune()

    def _enter(self, session: Sends, pending: Pending) -> bool:
        _, key, value, headers = pending.record
        if size_of(key, value, headers) > session.max_record_bytes:
            pending.fail(Refused("too_large"))
            return True
        lane = self._lanes[partition_of(key, self._partitions)]
        if not lane.add(pending):
            return False
        if lane.under_way is None:
            self._send(lane)
        return True

    def _send(self, lane: Lane) -> None:
        session = self._session
        if session is None or (batch := lane.take()) is None:
            return
        try:
            acknowledgement = session.hand_over(batch, self._topic, lane.partition)
        except KafkaError as error:
            # Closed, or its sender task is dead: whatever it is, it is about the producer.
            lane.put_back()
            self._keeper.spoilt(session, self._topic, error, rest=False)
            return
        if acknowledgement is None:
            lane.put_back()
            return
        acknowledgement.add_done_callback(partial(self._ended, session, lane, batch))

    def _ended(self, session: Sends, lane: Lane, batch: Batch, acknowledgement: "Future[object]") -> None:
        error = acknowledgement.exception()
        if error is None:
            lane.ended()
            self._keeper.acknowledged(self._topic, batch.acknowledge())
        else:
            self._failed(session, lane, batch, error)
        self._send(lane)

    def _failed(self, session: Sends, lane: Lane, batch: Batch, error: BaseException) -> None:
        verdict = judge_acknowledgement(error)
        lane.ended(again=verdict.outcome == "again")
        for pending in batch.pendings:
            failure: NotAcknowledged | Refused
            if verdict.outcome == "refused":
                failure = Refused("refused", type(error).__name__)
            elif verdict.outcome == "unknown":
                failure = NotAcknowledged("connection")
            else:
                continue
            failure.__cause__ = error
            pending.fail(failure)
        self._keeper.spoilt(session, self._topic, error, rest=verdict.rest)
