"""Publishing one record, and knowing that it is durable: the way of every webhook into Kafka.

`publish()` is called by the ingress for each request; a task of its own keeps a producer connected, notices outages
and missing topics, and replaces the producer object when it is spoilt. Nothing here ends the process.

While Kafka is away `publish()` waits until its deadline instead of failing at once. What it has queued by then is
delivered when Kafka is back, although its caller was told that nobody knows: fewer events are lost, and how many can
wait is bounded (two batches per partition). The caller's own limit on requests in flight bounds the rest.
"""

import asyncio
from collections.abc import Callable, Iterable

from bridge.events.records import Record
from bridge.kafka.producer_batch import Pending
from bridge.kafka.producer_counts import PublisherCounts
from bridge.kafka.producer_deadline import Deadlines
from bridge.kafka.producer_errors import NotAcknowledged, Refused
from bridge.kafka.producer_health import PublisherState
from bridge.kafka.producer_session import SessionOptions
from bridge.kafka.producer_watch import ProducerWatch

__all__ = ["NotAcknowledged", "Publisher", "PublisherState", "Refused"]


class Publisher:
    """Publishes records with acks=all, each within one deadline, per key in the order in which the calls began.

    `options` is called for each new connection, so that changed credentials are taken up; `topics` are all that may be
    published to; `deadline` is in seconds, and the same for each record.
    """

    def __init__(self, options: Callable[[], SessionOptions], topics: Iterable[str], *, deadline: float) -> None:
        names = tuple(topics)
        self.counts = PublisherCounts(acknowledged=dict.fromkeys(names, 0))
        self._watch = ProducerWatch(options, names, self.counts)
        self._topics = self._watch.topics
        self._limit = deadline
        # Kept, since asking for the running one is a system call, which would be the dearest line of a publish.
        self._loop: asyncio.AbstractEventLoop | None = None
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

    @property
    def missing(self) -> frozenset[str]:
        """The topics that were not there at the last look; what is published to the others is not disturbed."""
        return self._watch.missing

    async def start(self) -> None:
        """Begin to connect, and return at once; tries for ever."""
        self._loop = asyncio.get_running_loop()
        self._deadlines = Deadlines(self._limit, self._loop)
        self._watch.start()

    async def stop(self, within: float) -> None:
        """Deliver what can be delivered and close, in the given seconds at most. Never raises.

        Publishes that begin after this are not acknowledged, nor are those that cannot be in time.
        """
        self._stopping = True
        waiting = () if self._deadlines is None else self._deadlines
        await self._watch.stop(within, [pending.waiter for pending in waiting])
        for pending in waiting:
            pending.fail(NotAcknowledged("stopping"))

    async def publish(self, record: Record) -> None:
        """Return when all in-sync replicas have the record.

        NotAcknowledged: nobody knows, at the deadline at the latest. Refused: not stored.
        """
        lanes = self._topics.get(record.topic)
        if lanes is None or not record.key:
            raise self._counted(Refused("unknown_topic" if lanes is None else "no_key"))
        if self._stopping:
            raise self._counted(NotAcknowledged("stopping"))
        if self._loop is None or self._deadlines is None:
            raise RuntimeError("the publisher is not started")
        pending = Pending(record, self._loop.create_future())
        deadline = self._deadlines.begin(pending)
        in_line = False
        try:
            in_line = not lanes.add(pending)
            await pending.waiter
        except (NotAcknowledged, Refused) as failure:
            if failure.reason == "deadline":
                self._watch.missed(record.topic, deadline - self._limit)
            self._counted(failure)
            raise
        finally:
            self._deadlines.end(pending)
            if in_line:
                lanes.prune()
            # Its batch may wait for Kafka for long; what nobody would send again need not.
            del pending.record

    def _counted(self, failure: NotAcknowledged | Refused) -> NotAcknowledged | Refused:
        self.counts.failed[failure.reason] += 1
        return failure
