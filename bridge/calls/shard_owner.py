"""One shard in the hands of this process: taken over, served, given up or handed over. The order of the steps.

    confirm (step 0) -> take over (steps 1 to 3) -> serve -> lost: drop all memory, begin again with step 0
                                                          -> handed over: finish what is in flight, commit, let go

Nothing that was known before a loss is used after it, except that the group may still count the shard as ours.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from bridge.calls.admission import Admission
from bridge.calls.anchored_journal import AnchoredJournal
from bridge.calls.brokers_clock import BrokersClock
from bridge.calls.connection_options import ConnectionOptions
from bridge.calls.dial_states import Publisher
from bridge.calls.dialing import take_over
from bridge.calls.journal import Journal, JournalAway, ShardLost
from bridge.calls.journal_format import Remembered, UnknownFormat
from bridge.calls.journal_values import Verdict
from bridge.calls.means import Means, Vendor
from bridge.calls.restoring import restore_admissions
from bridge.calls.shard_tasks import ShardTasks
from bridge.calls.slots import ShardSlots, SlotWatch, Waiter
from bridge.kafka.group_member import Confirmed, Deliver, FetchedRecord, GroupAway, NotOurs

log = structlog.get_logger(__name__)

IN_FLIGHT_WITHIN_S = 15.0
# Of a hand-over: what the longest call takes.
HAND_OVER_WITHIN_S = 17.0
# With the offset and the journal's end. The group's member waits 18 s before it goes on without us.
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
# Between two tries to take a shard over: a coordinator that moves is back within seconds.
STEADY_AFTER_S = 30.0
# Who has served a shard for so long has not lost it in a row of losses.
NEWER_PAUSE_S = 10.0
# A shard that a newer release works on is looked at again, since that release may be rolled back.


class NewerRelease(Exception):
    """A newer release of the bridge has written what this one does not understand."""


class Membership(Protocol):
    """This process's place in the group whose partitions are the shards (`kafka.group_member`)."""

    async def confirm(self, partition: int) -> Confirmed:
        """Ask the group whether a shard is ours. NotOurs, GroupAway."""
        ...

    def resume(self, partition: int, offset: int, deliver: Deliver) -> None:
        """Begin to deliver the shard's work."""
        ...

    def pause(self, partition: int) -> None:
        """Deliver nothing more for a while, or at all."""
        ...

    def proceed(self, partition: int) -> None:
        """Deliver again, from where it was paused."""
        ...

    async def commit(self, offsets: Mapping[int, int]) -> bool:
        """Store how far the work is finished."""
        ...


@dataclass(frozen=True, slots=True)
class OwnedShard:
    """A shard that is ours, for whatever runs in it. It is over when its tasks are cancelled.

    `hold` lets no more work be delivered until `proceed`.
    """

    shard: int
    confirmed: Confirmed
    means: Means
    clock: BrokersClock
    slots: ShardSlots
    tasks: ShardTasks
    connections: Mapping[str, ConnectionOptions]
    hold: Callable[[], None]
    proceed: Callable[[], None]


class Tenant(Protocol):
    """What serves an owned shard."""

    @property
    def committable(self) -> int:
        """The offset before which all work is finished."""
        ...

    def deliver(self, records: Sequence[FetchedRecord]) -> None:
        """Take records of the shard's work, in order; returns at once."""
        ...

    def committed(self, offset: int) -> None:
        """Learn that an offset was stored."""
        ...

    def end(self) -> None:
        """Let go of everything that outlives the shard's tasks."""
        ...


Settle = Callable[[OwnedShard, Remembered, Mapping[str, Verdict]], Tenant]
"""Begins to serve a shard. What its journal remembers, and its commands, are given only here: they may be large."""


class OwnershipWatch(SlotWatch, Protocol):
    """Who is told what happens to shards."""

    def taken_over(self, seconds: float) -> None:
        """Note a take-over and how long it took."""
        ...

    def lost(self, cause: str) -> None:
        """Note a shard that was given up."""
        ...

    def appended(self, seconds: float) -> None:
        """Note an append to a journal."""
        ...


@dataclass(frozen=True, slots=True)
class Premises:
    """What a process takes shards over with. `connections_of` gives the configured ones of a shard."""

    journal: Journal
    vendor: Vendor
    publisher: Publisher
    settle: Settle
    connections_of: Callable[[int], Mapping[str, ConnectionOptions]]
    worker: str
    monotonic: Callable[[], float]
    jitter: Callable[[], float]
    watch: OwnershipWatch


class ShardOwner:
    """One shard from its assignment to its revocation. Made by `Ownership`, in the running loop.

    `opening` lets some few take-overs go on at once: each reads a whole journal.
    """

    def __init__(
        self, shard: int, membership: Membership, premises: Premises, opening: AbstractAsyncContextManager[None]
    ) -> None:
        self.shard = shard
        self.tenant: Tenant | None = None
        self.slots: ShardSlots | None = None
        self.problem: str | None = "not taken over yet"
        self._membership = membership
        self._premises = premises
        self._opening = opening
        self._handover = asyncio.Event()
        self._serving = False
        self._task = asyncio.create_task(self._own())

    async def hand_over(self) -> None:
        """Finish what is in flight and let go. Never raises, and takes `HAND_OVER_WITHIN_S` at the longest."""
        self._handover.set()
        if not self._serving:
            self._task.cancel()
        await asyncio.wait({self._task})

    async def _own(self) -> None:
        pause = FIRST_PAUSE_S
        now = self._premises.monotonic
        began = now()
        while not self._handover.is_set():
            try:
                confirmed = await self._membership.confirm(self.shard)
                owned, tenant = await self._take_over(confirmed)
            except NotOurs:
                # The group goes on without us: a revocation and another assignment will follow.
                self.problem = "the group has given it to another member"
                await self._handover.wait()
                return
            except UnknownFormat as error:
                await self._leave(f"{error.key}: {error.found}")
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, a shard that nobody tries to take is served by nobody
                self._tell_delay(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
                continue
            taken = now()
            self._premises.watch.taken_over(taken - began)
            log.info(
                "a shard was taken over",
                shard=self.shard,
                epoch=owned.means.writer.epoch,
                seconds=round(taken - began, 3),
                connections=len(owned.connections),
                offset=confirmed.offset,
            )
            self._serving = True
            failure = await self._serve(owned, tenant)
            self._serving = False
            # They would live beside their successors, with all that the journal remembers.
            del owned, tenant
            if isinstance(failure, NewerRelease):
                await self._leave(str(failure))
            if now() - taken > STEADY_AFTER_S:
                pause = FIRST_PAUSE_S
            began = now()
            # A loss that comes again at once would else be a loop of take-overs, and of calls that count twice.
            if not self._handover.is_set():
                await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _take_over(self, confirmed: Confirmed) -> tuple[OwnedShard, Tenant]:
        """Take the shard over and begin to serve it. What the journal remembers is dropped with the end of this."""
        premises, shard = self._premises, self.shard
        clock = BrokersClock(premises.monotonic)
        journal = AnchoredJournal(premises.journal, clock, premises.watch.appended)
        async with self._opening:
            taken = await take_over(journal, shard, premises.worker, premises.publisher, clock)
        tasks = ShardTasks()
        try:
            connections = premises.connections_of(shard)
            admissions: dict[str, Admission[Waiter]] = restore_admissions(connections, taken.marker, taken.remembered)
            slots = ShardSlots(admissions, premises.monotonic, premises.watch)
            means = Means(taken.writer, slots, premises.vendor, clock, premises.publisher, premises.jitter)
            hold, proceed = partial(self._membership.pause, shard), partial(self._membership.proceed, shard)
            owned = OwnedShard(shard, confirmed, means, clock, slots, tasks, connections, hold, proceed)
            return owned, premises.settle(owned, taken.remembered, taken.commands)
        except Exception:
            await tasks.cancel()
            await taken.writer.close()
            raise

    async def _serve(self, owned: OwnedShard, tenant: Tenant) -> BaseException | None:
        """Serve until the shard is handed over, or lost: give the reason then."""
        tasks = owned.tasks
        deadline = None
        try:
            self.tenant, self.slots, self.problem = tenant, owned.slots, None
            try:
                self._membership.resume(self.shard, owned.confirmed.offset, self._deliver)
            except NotOurs as error:
                tasks.fail(error)
            handed = asyncio.create_task(self._handover.wait())
            await asyncio.wait((handed, tasks.failure), return_when=asyncio.FIRST_COMPLETED)
            handed.cancel()
            deadline = self._premises.monotonic() + HAND_OVER_WITHIN_S
            self._membership.pause(self.shard)
            # A newer release's command ends nothing that this one has begun.
            if not tasks.failure.done() or isinstance(tasks.failure.result(), NewerRelease):
                await self._finish(owned, tenant, deadline)
        finally:
            self.tenant, self.slots, self.problem = None, None, "given up, to be taken over again"
            owned.slots.close()
            await tasks.cancel()
            tenant.end()
            # The next owner need not wait for it: its own opening ends whatever this one has under way.
            closing = asyncio.create_task(owned.means.writer.close())
            await asyncio.wait({closing}, timeout=None if deadline is None else self._left(deadline))
        if not tasks.failure.done():
            log.info("a shard was handed over", shard=self.shard)
            return None
        self._tell_loss(tasks.failure.result())
        return tasks.failure.result()

    def _deliver(self, records: Sequence[FetchedRecord]) -> None:
        # The member keeps this until the next resume, and would keep the tenant with it.
        if self.tenant is not None:
            self.tenant.deliver(records)

    async def _finish(self, owned: OwnedShard, tenant: Tenant, deadline: float) -> None:
        owned.slots.close()
        if not await owned.tasks.finish(IN_FLIGHT_WITHIN_S):
            log.warning("calls in flight are cut off by a hand-over", shard=self.shard, count=len(owned.tasks))
        committing = asyncio.create_task(self._membership.commit({self.shard: tenant.committable}))
        await asyncio.wait({committing}, timeout=self._left(deadline))
        # An offset that is stored later would be another owner's, and is only a repeat's if it is not stored at all.
        committing.cancel()

    def _left(self, deadline: float) -> float:
        return max(0.0, deadline - self._premises.monotonic())

    def _tell_delay(self, error: Exception) -> None:
        found = f"{type(error).__name__}: {error}"
        problem = f"not taken over: {found}"
        # Said once for each cause: one such as a missing right stays until somebody mends it.
        if problem == self.problem:
            return
        self.problem = problem
        if isinstance(error, GroupAway | JournalAway | ShardLost):
            log.warning("a shard cannot be taken over yet", shard=self.shard, error=found)
        else:
            log.error("a shard cannot be taken over for a fault of the bridge", shard=self.shard, exc_info=error)

    async def _leave(self, found: str) -> None:
        log.error("a newer release works on a shard, so it is left alone", shard=self.shard, found=found)
        self.problem = "a newer release of the bridge works on it: end this process, or roll that release back"
        with suppress(TimeoutError):
            await asyncio.wait_for(self._handover.wait(), NEWER_PAUSE_S)

    def _tell_loss(self, error: BaseException) -> None:
        cause = error.cause if isinstance(error, ShardLost) else type(error).__name__
        self._premises.watch.lost(cause)
        if isinstance(error, ShardLost | NewerRelease):
            log.warning("a shard is given up", shard=self.shard, cause=cause)
        else:
            log.error("a shard is given up after a fault of the bridge", shard=self.shard, cause=cause, exc_info=error)
