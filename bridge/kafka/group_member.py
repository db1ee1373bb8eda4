"""A worker's membership in the group whose partitions are the shards: who is assigned a partition owns its shard.

One task keeps a consumer in the group for as long as the process runs, and replaces it when it fails. The group's word
is not a lock: a process that was frozen still sees its old assignment, so whoever takes a shard over asks `confirm`
first, and writes under the journal's fence afterwards.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping

import structlog
from aiokafka.errors import KafkaError
from typing_extensions import override

from bridge.kafka.client_options import ClientOptions
from bridge.kafka.group_assignment import (
    Assignment,
    Confirmed,
    Deliver,
    FetchedRecord,
    GroupAway,
    NotOurs,
    Ownership,
)
from bridge.kafka.group_consumer import GroupConsumer, Rebalances
from bridge.kafka.reader import TopicUnknown

__all__ = ["Confirmed", "Deliver", "FetchedRecord", "GroupAway", "GroupMember", "NotOurs", "Ownership"]

log = structlog.get_logger(__name__)

AGAIN_AFTER_S = (0.1, 0.2, 0.5, 1.0)
# Before each further consumer; the last one repeats. A refused connection is cheap, and a second is soon enough.
LEAVE_WITHIN_S = 24.0
# For the end of a consumer: 18 s to hand back, and what is left of it to leave. In the midst of a rebalance the
# brokers answer only once all others have come.
STOP_WITHIN_S = LEAVE_WITHIN_S + 2.0
# The two seconds are those for a consumer that does not end.
LOOK_EVERY_S = 2.0
LOOK_WITHIN_S = 5.0
# As long as any question to the coordinator may take.
SILENT_AFTER_S = 10.0
# Longer than a session and a look: by now the brokers, if there are any, have given the partitions to another.
REBALANCED_WITHIN_S = 60.0
# Twice what a rebalance may take, and some: by then it is no ordinary one.
REPLACED_AFTER_S = 45.0
# A broker's restart is sat out by the same consumer; but the library never asks the bootstrap servers twice, nor for
# other credentials. Longer than a rebalance (22 s), a dead leader within it (6 s), and two looks.


class CoordinatorSilent(Exception):
    """No broker answered for the group."""


class GroupMember(Rebalances):
    """A member of `group` on all partitions of `topic`; `options` is asked for each new consumer.

    `ownership` hears of each assignment, an empty one included (a stand-by), and of its end, if it was not empty.
    """

    def __init__(self, options: Callable[[], ClientOptions], *, topic: str, group: str, ownership: Ownership) -> None:
        self._options = options
        self._topic = topic
        self._group = group
        self._ownership = ownership
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._consumer: GroupConsumer | None = None
        self._current: Assignment | None = None
        self._attempts = 0
        self._failure: str | None = None
        self._problem: str | None = "not started"
        self._heard = 0.0
        self._taken = 0.0

    @property
    def assignment(self) -> frozenset[int]:
        """What the group has given to this process, as far as it knows; empty while it is handed back."""
        return frozenset() if self._current is None else self._current.held

    def problem(self) -> str | None:
        """Say why this is no member of its group right now, for readiness; a rebalance alone is no reason."""
        if self._problem is not None:
            return self._problem
        now = asyncio.get_running_loop().time()
        if now - self._heard > SILENT_AFTER_S:
            return f"Kafka has not answered for the group for {now - self._heard:.0f} s"
        if self._current is None and now - self._taken > REBALANCED_WITHIN_S:
            return f"its group has been sharing out its partitions for {now - self._taken:.0f} s"
        return None

    def start(self) -> None:
        """Begin to join, for ever; returns at once."""
        self._problem = "has not joined its group yet"
        self._task = asyncio.create_task(self._run(), name="group member")

    async def stop(self) -> None:
        """Hand back what is assigned, then leave the group; within 26 s, never raises. May be called again."""
        if self._task is None:
            return
        if not self._stopping:
            self._stopping = True
            self._task.cancel()
        await asyncio.wait({self._task}, timeout=STOP_WITHIN_S)
        self._problem = "stopped"

    async def confirm(self, partition: int) -> Confirmed:
        """Ask the brokers whether the partition is this process's, by a commit; NotOurs, GroupAway.

        A moment later it may be another's: what is done for the shard needs a fence of its own.
        """
        if self._current is None:
            raise NotOurs(f"partition {partition} is not assigned")
        return await self._current.confirm(partition)

    async def commit(self, offsets: Mapping[int, int]) -> bool:
        """Store, by partition, the offset of the first record that is not finished; also from within `revoked`.

        False: not stored (a rebalance, Kafka away, a partition not assigned), so it will be delivered again.
        """
        return self._current is not None and await self._current.commit(offsets)

    def resume(self, partition: int, offset: int, deliver: Deliver) -> None:
        """Deliver records from an offset on, until the partition is revoked; NotOurs when it is not assigned."""
        if self._current is None:
            raise NotOurs(f"partition {partition} is not assigned")
        self._current.resume(partition, offset, deliver)

    def pause(self, partition: int) -> None:
        """Deliver no more for now, and keep the place; nothing happens if it was never resumed.

        Called from within a delivery, another partition's records of the same fetch may still come: 500 at most.
        """
        if self._current is not None:
            self._current.pause(partition)

    def proceed(self, partition: int) -> None:
        """Go on where it was paused; nothing happens if it was never resumed."""
        if self._current is not None:
            self._current.proceed(partition)

    @override
    def given(self, partitions: frozenset[int]) -> None:
        assert self._consumer is not None
        self._current = Assignment(self._consumer, partitions)
        self._heard = asyncio.get_running_loop().time()
        log.info("partitions are assigned", group=self._group, partitions=sorted(partitions))
        if self._failure is not None:
            log.info("is a member of the group again", group=self._group)
        self._attempts, self._failure, self._problem = 0, None, None
        self._ownership.assigned(partitions)

    @override
    async def taken(self) -> None:
        current = self._current
        if current is None:
            return
        await current.hand_back(self._ownership)
        if self._current is current:
            self._current = None
            self._taken = asyncio.get_running_loop().time()
            log.info("partitions are handed back", group=self._group, partitions=sorted(current.partitions))

    async def _run(self) -> None:
        while True:
            try:
                await self._be_member()
            except (KafkaError, OSError, ValueError, TopicUnknown, CoordinatorSilent) as error:
                self._failed(error)
            except Exception as error:  # the member must outlive whatever goes wrong here
                log.exception("the group member's task failed", group=self._group)
                self._failed(error)
            await asyncio.sleep(AGAIN_AFTER_S[min(self._attempts, len(AGAIN_AFTER_S) - 1)])
            self._attempts += 1

    def _failed(self, error: Exception) -> None:
        kind = type(error).__name__
        self._problem = f"{kind}: {error}"
        if kind != self._failure:
            self._failure = kind
            log.warning("is no member of the group", group=self._group, error=self._problem)

    async def _be_member(self) -> None:
        """Join and serve until something fails, which is raised, or until cancelled; hands back and leaves then."""
        consumer = self._consumer = await GroupConsumer.open(self._options(), self._topic, self._group)
        tasks: set[asyncio.Task[None]] = set()
        try:
            consumer.join(self)
            tasks = {asyncio.create_task(self._fetch(consumer)), asyncio.create_task(self._watch(consumer))}
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            # Whoever stops this while it leaves waits for the whole of it.
            leaving = asyncio.create_task(self._leave(consumer, tasks))
            try:
                await asyncio.shield(leaving)
            except asyncio.CancelledError:
                await asyncio.wait({leaving})
                raise

    async def _leave(self, consumer: GroupConsumer, tasks: Collection[asyncio.Task[None]]) -> None:
        now = asyncio.get_running_loop().time
        deadline = now() + LEAVE_WITHIN_S
        consumer.leave()
        await self.taken()
        await consumer.close(deadline - now())
        for task in tasks:
            # A fetch may wait for an assignment that nobody makes any more.
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._failure is None:
            log.info("has left the group", group=self._group)

    async def _fetch(self, consumer: GroupConsumer) -> None:
        while True:
            fetched = await consumer.fetch()
            if self._current is not None:
                self._current.deliver(fetched)
            # As long as there are records a fetch does not wait, so others would never have their turn.
            await asyncio.sleep(0)

    async def _watch(self, consumer: GroupConsumer) -> None:
        now = asyncio.get_running_loop().time
        self._heard = now()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if await consumer.answers(LOOK_WITHIN_S):
                self._heard = now()
            elif now() - self._heard > REPLACED_AFTER_S:
                raise CoordinatorSilent(f"no answer for {REPLACED_AFTER_S:.0f} s")
