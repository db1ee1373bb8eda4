"""Keeps a producer connected, for as long as the process runs.

One task: connect, look at the cluster every second, open the lanes of the topics that are there, and replace the
producer object when it is reported spoilt. It logs the edges of an outage, not its course.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from itertools import chain, repeat

import structlog
from aiokafka.errors import KafkaError

from bridge.kafka.producer_counts import PublisherCounts
from bridge.kafka.producer_health import Health, Look, PublisherState, judge
from bridge.kafka.producer_refusals import Refusals
from bridge.kafka.producer_session import Session, SessionOptions
from bridge.kafka.producer_topic import Sends, TopicLanes

log = structlog.get_logger(__name__)

CONNECT_WITHIN = 15.0
# Seconds: above the client's own request time-out, so that its error is seen and not ours.
CONNECT_AGAIN = (0.1, 0.2, 0.5, 1.0)
# Seconds before each further try; the last one repeats. A refused connection is cheap, and a second is soon enough.
CHECK_EVERY = 1.0
# Seconds between two looks at the cluster while all is well: an outage without traffic is seen as soon.
CHECK_EVERY_AWAY = 0.25
# Seconds while Kafka is away or a topic is missing.
CHECK_WITHIN = 2.0
# Seconds until a broker that does not answer counts as away.
DOUBT_AFTER = 5.0
# Seconds of absence after which a new connection is tried from the start: the brokers may have new addresses or take
# new credentials only, and the client library never asks the bootstrap servers a second time.
AFRESH_WITHIN = 3.0
# Seconds for that try.
RETIRE_WITHIN = 1.0
# Seconds for a spoilt producer to deliver what it still can. Publishes wait meanwhile, so it is below their deadline.
TASK_SHARE = 0.1
# Of the time for stopping: the task only has to notice that it is cancelled.
DRAIN_SHARE = 0.5
# Of the time for stopping, for what waits behind a batch under way; the rest is for the producer's own end.
FAULT_PAUSE = 1.0
# Seconds after an error of our own in the task.


class ProducerWatch:
    """The task, and what the publishes tell it. All methods but `stop` return at once."""

    def __init__(self, options: Callable[[], SessionOptions], topics: Iterable[str], counts: PublisherCounts) -> None:
        self.topics = {topic: TopicLanes(topic, self) for topic in topics}
        self._options = options
        self._counts = counts
        self._health = Health()
        self._refusals = dict.fromkeys(self.topics, Refusals())
        self._session: Session | None = None
        self._last_acknowledged = 0.0
        self._stalled_since: float | None = None
        self._replace = False
        self._stopping = False
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._now: Callable[[], float] = lambda: 0.0

    @property
    def state(self) -> PublisherState:
        """What the last look showed."""
        return PublisherState.STOPPED if self._stopping else self._health.state

    @property
    def missing(self) -> frozenset[str]:
        """The topics that were not there at the last look."""
        return self._health.missing

    def start(self) -> None:
        """Start the task."""
        self._now = asyncio.get_running_loop().time
        self._task = asyncio.create_task(self._run(), name="kafka producer")

    async def stop(self, within: float, waiters: Collection[asyncio.Future[None]]) -> None:
        """End the task and its producer, once all waiters have their answer or half of the time is over."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=within * TASK_SHARE)
        if self._session is not None:
            if waiters and not self._replace:
                await asyncio.wait(waiters, timeout=within * DRAIN_SHARE)
            self._shut()
            await self._session.close(within * (1 - TASK_SHARE - DRAIN_SHARE))

    def acknowledged(self, topic: str, records: int) -> None:
        """Note that Kafka acknowledges, and how many records of those that somebody waited for."""
        self._last_acknowledged = self._now()
        self._counts.acknowledged[topic] += records

    def missed(self, topic: str, began: float) -> None:
        """Note that a record has waited in vain since `began`."""
        session = self._session
        if session is None or self._last_acknowledged > began:
            return
        # A partition without a leader is no outage, as long as other topics are whole.
        if session.led(topic) or not any(map(session.led, self.topics)):
            self._stalled_since = began
        self._woken.set()

    def spoilt(self, session: Sends, topic: str, error: BaseException, *, rest: bool) -> None:
        """Have the producer replaced; with `rest` the topic waits longer each time."""
        if session is not self._session or self._replace or self._stopping:
            return
        self._replace = True
        self._shut()
        self._woken.set()
        self._counts.replaced += 1
        if rest:
            self._refusals[topic] = self._refusals[topic].another(self._now())
        log.warning("the Kafka producer is replaced", topic=topic, error=type(error).__name__)

    def _shut(self) -> None:
        for lanes in self.topics.values():
            lanes.shut()

    async def _run(self) -> None:
        while True:
            try:
                session = self._session = await self._connect()
                await self._serve(session)
                self._shut()
                await session.close(RETIRE_WITHIN)
                self._session = None
            except Exception:  # the publisher must outlive whatever goes wrong here
                log.exception("the Kafka producer's task failed")
                self._shut()
                if self._session is not None:
                    await self._session.close(RETIRE_WITHIN)
                await asyncio.sleep(FAULT_PAUSE)

    async def _connect(self) -> Session:
        for pause in chain(CONNECT_AGAIN, repeat(CONNECT_AGAIN[-1])):
            try:
                async with asyncio.timeout(CONNECT_WITHIN):
                    return await Session.open(self._options())
            except (KafkaError, OSError, ValueError) as error:  # TimeoutError and ssl.SSLError are OSErrors
                self._see(Look(self._now(), cause=type(error).__name__))
            await asyncio.sleep(pause)
        raise AssertionError  # an endless loop, which the type checker cannot know

    async def _serve(self, session: Session) -> None:
        self._replace = False
        self._stalled_since = None
        while not self._replace:
            self._woken.clear()
            well = await self._look(session)
            try:
                async with asyncio.timeout(CHECK_EVERY if well else CHECK_EVERY_AWAY):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _look(self, session: Session) -> bool:
        reachable = await session.refresh(self.topics, CHECK_WITHIN)
        missing = self._open_lanes(session)
        cause = None
        if not reachable:
            cause = "no answer"
            await self._doubt(session)
        elif await self._stalled(session):
            cause = "no acknowledgement"
        self._see(Look(self._now(), cause, missing))
        return cause is None and not missing

    def _open_lanes(self, session: Session) -> frozenset[str]:
        # A topic that was just created is known before its partitions have leaders: not ready for a first webhook yet.
        is_there = session.knows if self._health.complete else session.led
        missing = frozenset(topic for topic in self.topics if not is_there(topic))
        now = self._now()
        for topic, lanes in self.topics.items():
            if self._replace or self._stopping:
                break
            if topic in missing:
                lanes.shut()
            elif self._refusals[topic].rest_until() <= now:
                lanes.open(session)
        return missing

    async def _stalled(self, session: Session) -> bool:
        """Whether acknowledgements have stopped although brokers answer: too few replicas in sync, for instance.

        What its caller gave up is still queued, so it shows the end of it even when nobody publishes any more.
        """
        if self._stalled_since is None:
            return False
        if self._last_acknowledged > self._stalled_since or await session.idle(CHECK_EVERY_AWAY):
            self._stalled_since = None
            return False
        return True

    async def _doubt(self, session: Session) -> None:
        away_since = self._health.away_since
        if away_since is None or self._now() - away_since < DOUBT_AFTER:
            return
        try:
            async with asyncio.timeout(AFRESH_WITHIN):
                fresh = await Session.open(self._options())
        except (KafkaError, OSError, ValueError):
            return
        await fresh.close(RETIRE_WITHIN)
        if not await session.refresh(self.topics, CHECK_WITHIN):
            self._replace = True
            self._counts.replaced += 1
            log.warning("the Kafka producer is replaced", error="brokers answer new connections alone")

    def _see(self, look: Look) -> None:
        before = self._health
        self._health, notices = judge(before, look)
        if self._health.away_since is not None and before.away_since is None:
            self._counts.outages += 1
        for notice in notices:
            level = log.warning if notice.trouble else log.info
            level(notice.event, **notice.fields)
