"""Publishing one record, and knowing that it is durable: the way of every webhook into Kafka.

`publish()` is called by the ingress for each request; a task of its own keeps a producer connected, notices outages
and missing topics, and replaces the producer object when it is spoilt. Nothing here ends the process.

While Kafka is away `publish()` waits until its deadline instead of failing at once. What it has queued by then is
delivered when Kafka is back, although its caller was told that nobody knows: fewer events are lost, and how many can
wait is bounded (one batch per partition). The caller's own limit on requests in flight bounds the rest.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from bridge.events.records import Record
from bridge.kafka.producer_counts import PublisherCounts
from bridge.kafka.producer_deadline import Deadlines
from bridge.kafka.producer_errors import (
    NotAcknowledged,
    RefusalReason,
    Refused,
    Verdict,
    judge_acknowledgement,
    judge_send,
)
from bridge.kafka.producer_health import PublisherState
from bridge.kafka.producer_lane import Lane
from bridge.kafka.producer_session import SessionOptions
from bridge.kafka.producer_watch import ProducerWatch

__all__ = ["NotAcknowledged", "Publisher", "PublisherState", "Refused"]


class Publisher:
    """Publishes records with acks=all, each within one deadline, per topic in the order in which the calls began.

    `options` is called for each new connection, so that changed credentials are taken up; `topics` are all that may be
    published to; `deadline` is in seconds, and the same for each record.
    """

    def __init__(self, options: Callable[[], SessionOptions], topics: Iterable[str], *, deadline: float) -> None:
        self._lanes: Mapping[str, Lane] = {topic: Lane() for topic in topics}
        self.counts = PublisherCounts(acknowledged=dict.fromkeys(self._lanes, 0))
        self._watch = ProducerWatch(options, self._lanes, self.counts)
        self._limit = deadline
        self._deadlines: Deadlines | None = None
        self._stopping = False

    @property
    def state(self) -> PublisherState:
        """Where the publisher stands."""
        return self._watch.state

    @property
    def ready(self) -> bool:
        """Whether Kafka is there, and was with all topics at least once."""
        return self._watch.state is PublisherState.READY

    async def start(self) -> None:
        """Begin to connect, and return at once; tries for ever."""
        self._deadlines = Deadlines(self._limit)
        self._watch.start()

    async def stop(self, within: float) -> None:
        """Deliver what can be delivered and close, in the given seconds at most. Never raises.

        Publishes that begin after this, or wait for their turn, are not acknowledged.
        """
        self._stopping = True
        await self._watch.stop(within)

    async def publish(self, record: Record) -> None:
        """Return when all in-sync replicas have the record.

        NotAcknowledged: nobody knows, at the deadline at the latest. Refused: not stored.
        """
        topic, key, value, headers = record
        lane = self._lanes.get(topic)
        task = asyncio.current_task()
        if lane is None or not key:
            raise self._refused("unknown_topic" if lane is None else "no_key")
        if task is None or self._deadlines is None:
            raise RuntimeError("the publisher is not started")
        age = self._deadlines.begin(task)
        try:
            while not self._stopping:
                if lane.idle:
                    lane.idle = False
                    producer = lane.producer
                    assert producer is not None
                else:
                    producer = await lane.turn(age)
                try:
                    acknowledgement = await producer.send(topic, value, key, headers=headers)
                except KafkaError as error:
                    self._raise_unless_again(judge_send(error), topic, producer, error)
                    # A producer that fails at once must not keep the loop from seeing to its successor.
                    await asyncio.sleep(0)
                    continue
                finally:
                    lane.pass_on()
                try:
                    await acknowledgement
                except KafkaError as error:
                    self._raise_unless_again(judge_acknowledgement(error), topic, producer, error)
                    continue
                self._watch.acknowledged()
                self.counts.acknowledged[topic] += 1
                return
            raise self._not_acknowledged("stopping")
        except asyncio.CancelledError:
            if not self._deadlines.passed(task):
                raise
            self._watch.missed(topic, age - self._limit)
            raise self._not_acknowledged("deadline") from None
        finally:
            self._deadlines.end(task)

    def _raise_unless_again(self, verdict: Verdict, topic: str, producer: AIOKafkaProducer, error: KafkaError) -> None:
        if verdict.replace:
            self._watch.spoilt(producer, topic, error, rest=verdict.rest)
        if verdict.outcome == "refused":
            too_large = isinstance(error, MessageSizeTooLargeError) and not verdict.replace
            raise self._refused("too_large" if too_large else "refused", type(error).__name__) from error
        if verdict.outcome == "unknown":
            raise self._not_acknowledged("connection") from error

    def _refused(self, reason: RefusalReason, error: str = "") -> Refused:
        self.counts.failed[reason] += 1
        return Refused(reason, error)

    def _not_acknowledged(self, reason: Literal["deadline", "connection", "stopping"]) -> NotAcknowledged:
        self.counts.failed[reason] += 1
        return NotAcknowledged(reason)
