"""One list of one connection, polled in an owned shard: the effects of a poll, and of the looks for late rows.

Two loops share a `ListMemory`. Whatever is noted there goes into the journal with the very next append, in the order in
which it was noted; if that append fails, the shard is given up and the memory with it. Between taking from the memory
and asking for the append nothing is awaited.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from bridge.calls.asking import Asked, ask
from bridge.calls.conclusions import NoSlot
from bridge.calls.journal import JournalRecord
from bridge.calls.lanes import Lane
from bridge.calls.means import Wanted
from bridge.calls.shard_owner import OwnedShard
from bridge.events.envelope import Origin
from bridge.pbx.item_events import ItemEvents
from bridge.pbx.requests import ListItems
from bridge.pbx.responses import Outcome, Refused, Rows, Unusable, UnusableReason
from bridge.polling.batches import Batch, batches
from bridge.polling.list_memory import ListMemory
from bridge.polling.options import PollerOptions, Stretch, narrowed
from bridge.polling.poll_watch import PollWatch
from bridge.polling.rescans import Rescans
from bridge.polling.rows import LISTED, ListedRow, listed_rows
from bridge.polling.schedule import PollOutcome, Schedule
from bridge.polling.stretches import EARLIEST_S, Stretches
from bridge.polling.walk import MOST_GATHERED, PAGE_ROWS, TooMany, Unsettled, Walk, Whole

Choose = Callable[[Sequence[ListedRow], int], Iterable[ListedRow]]
"""Picks what is to be published from the rows of a whole walk, at a time by the brokers' clock in epoch ms."""


class _Ended(NamedTuple):
    """What came of a walk, or of several; `answer` is the vendor's last one, where it gave no rows."""

    outcome: PollOutcome
    answer: Outcome | None = None


class _Plan(NamedTuple):
    """What a walk asks for, what is published of it, and how urgent it is: `since` as in `Wanted`.

    `most` and `first_page` are those of `Walk`; `late`: it is a look for late rows.
    """

    after: int
    choose: Choose
    since: float
    most: int | None
    stretch: Stretch | None = None
    first_page: bool = False
    late: bool = False


class Poller:
    """Polls from its first loop's beginning to that loop's end."""

    def __init__(
        self,
        owned: OwnedShard,
        connection: str,
        options: PollerOptions,
        memory: ListMemory,
        item_events: ItemEvents,
        watch: PollWatch,
    ) -> None:
        self.labels = (connection, options.collection.value)
        self._owned = owned
        self._connection = connection
        self._options = options
        self._memory = memory
        self._item_events = item_events
        self._watch = watch
        self._limit = PAGE_ROWS
        self._longest_page = 0
        self._called = inf
        self._complete = owned.clock.now()
        self._caught_up = asyncio.Event()

    @property
    def age_s(self) -> float:
        """Seconds since the last complete poll began, or since the take-over."""
        return self._owned.clock.now() - self._complete

    async def poll(self) -> None:
        """Poll for ever."""
        now, jitter = self._owned.clock.now, self._owned.means.jitter
        schedule = Schedule.begin(self._options.interval_s, now(), jitter())
        self._watch.begun(self)
        try:
            while True:
                await asyncio.sleep(max(0.0, schedule.due - now()))
                self._called = inf
                outcome, answer = await self._poll(schedule.since)
                began = min(self._called, now())
                if outcome is PollOutcome.COMPLETE:
                    self._complete = began
                    self._caught_up.set()
                self._watch.polled(self.labels, outcome, answer)
                schedule = schedule.after(outcome, began, now(), jitter())
        finally:
            self._watch.ended(self)

    async def look_for_late_rows(self) -> None:
        """Look for ever; for a list with dates."""
        assert self._options.rescan_s is not None
        now, jitter = self._owned.clock.now, self._owned.means.jitter
        rescans = Rescans.begin(self._options.rescan_s, now(), jitter())
        while True:
            await asyncio.sleep(max(0.0, rescans.due - now()))
            # What is above the cursor is the polls' own, and after a long absence that may be much.
            await self._caught_up.wait()
            began = now()
            outcome, answer = await self._rescan(rescans.back_s(began))
            self._watch.polled(self.labels, outcome, answer)
            rescans = rescans.after(began, now(), jitter(), done=outcome is PollOutcome.COMPLETE)

    async def _poll(self, since: float) -> _Ended:
        memory = self._memory
        if memory.learns:
            return await self._learn(since)
        dated = self._options.rescan_s is not None
        ended = await self._walk(_Plan(memory.after, memory.fresh, since, MOST_GATHERED if dated else None))
        if isinstance(ended, TooMany):
            return await self._fill_in()
        return ended

    async def _fill_in(self) -> _Ended:
        """Publish a long list by date: ids mostly rise with the dates, so the cursor may follow."""
        after, published = self._memory.after, set[int]()

        def choose(rows: Sequence[ListedRow], now_ms: int) -> Iterable[ListedRow]:
            nonlocal published
            # What lies on the edge of two stretches is in both.
            chosen = self._memory.fresh_after(after, rows, now_ms, but=published)
            published = {row.mark for row in rows}
            return chosen

        # A page is enough to see that a stretch is too long.
        return await self._walk_stretches(_Plan(after, choose, self._owned.clock.now(), PAGE_ROWS), EARLIEST_S)

    async def _learn(self, since: float) -> _Ended:
        ended = await self._walk(_Plan(0, self._memory.learn, since, None, first_page=True))
        assert not isinstance(ended, TooMany)
        if ended.outcome is PollOutcome.COMPLETE:
            self._watch.learnt(self.labels, self._memory.after)
        return ended

    async def _rescan(self, back_s: float) -> _Ended:
        plan = _Plan(0, self._memory.late, self._owned.clock.now(), MOST_GATHERED, late=True)
        return await self._walk_stretches(plan, int(self._now_ms() / 1000 - back_s))

    async def _walk_stretches(self, plan: _Plan, from_s: int) -> _Ended:
        """Walk a list with dates from a moment on, the earliest stretch first."""
        stretches = Stretches.since(from_s)
        while stretches.ahead:
            now = plan._replace(stretch=stretches.ahead[0])
            ended = await self._walk(now)
            if isinstance(ended, TooMany):
                halved = stretches.halved(ended.newest_s)
                if halved is not None:
                    stretches = halved
                    continue
                # More of one second than is gathered at most, or rows without times.
                ended = await self._walk(now._replace(most=None))
                assert not isinstance(ended, TooMany)
            if ended.outcome is not PollOutcome.COMPLETE:
                return ended
            stretches = stretches.passed()
            # What is long is not urgent: the other lists' polls go first.
            plan = plan._replace(since=self._owned.clock.now())
        return _Ended(PollOutcome.COMPLETE)

    async def _walk(self, plan: _Plan) -> _Ended | TooMany:
        """Walk a list, and publish what is to be published of it."""
        filters = narrowed(self._options.filters, plan.stretch)
        if filters is None:
            return _Ended(PollOutcome.COMPLETE)
        walk = self._begin(plan)
        while True:
            request = ListItems(self._options.collection, plan.after, walk.limit, walk.offset or None, filters)
            step = await self._owned.tasks.perform(self._step(plan, walk, request))
            if isinstance(step, Walk):
                walk = step
            elif isinstance(step, _Ended | TooMany):
                return step
            else:
                for batch in step:
                    await self._owned.tasks.perform(self._publish(plan, batch))
                return _Ended(PollOutcome.COMPLETE)

    def _begin(self, plan: _Plan) -> Walk:
        return Walk(self._limit, self._longest_page, plan.most, plan.first_page)

    async def _step(self, plan: _Plan, walk: Walk, request: ListItems) -> Walk | TooMany | _Ended | Iterator[Batch]:
        """Ask for a page, and go on with the walk; at its end publish the first batch, and give the others."""
        means = self._owned.means
        asked = await ask(Wanted(self._connection, Lane.POLL, since=plan.since), request, means)
        if isinstance(asked, NoSlot):
            return _Ended(PollOutcome.NO_SLOT)
        if not plan.late:
            self._called = min(self._called, asked.exchange.started_at)
        rows = asked.exchange.outcome
        if not isinstance(rows, Rows):
            await means.writer.append(asked.beside)
            return self._without_rows(plan, asked)
        collection, now_ms = self._options.collection, self._now_ms()
        page = self._item_events.page(LISTED[collection], collection, Origin.POLL, rows, now_ms)
        walked = walk.take(listed_rows(collection, page))
        self._longest_page = max(self._longest_page, len(rows.rows))
        if isinstance(walked, Whole):
            rest = batches(plan.choose(walked.rows, now_ms))
            await self._publish(plan, next(rest), asked.beside)
            return rest
        await means.writer.append(asked.beside)
        return _Ended(PollOutcome.UNSETTLED) if isinstance(walked, Unsettled) else walked

    def _without_rows(self, plan: _Plan, asked: Asked) -> Walk | _Ended:
        answer = asked.exchange.outcome
        if asked.exchange.throttled:
            return _Ended(PollOutcome.THROTTLED, answer)
        if isinstance(answer, Refused):
            return _Ended(PollOutcome.REFUSED, answer)
        if isinstance(answer, Unusable) and answer.reason is UnusableReason.TOO_LARGE and self._limit > 1:
            # Contacts repeat their groups with all members.
            self._limit //= 2
            return self._begin(plan)
        return _Ended(PollOutcome.UNANSWERED, answer)

    async def _publish(self, plan: _Plan, batch: Batch, beside: Sequence[JournalRecord] = ()) -> None:
        """Store and publish a batch, with whatever else the journal has to be told."""
        records = (*beside, *self._memory.take(batch.rows, self._now_ms()))
        if records:
            await self._owned.means.writer.append(records, batch.publications)
            self._watch.published(self.labels, batch.read, late=plan.late)

    def _now_ms(self) -> int:
        clock = self._owned.clock
        return clock.epoch_ms(clock.now())
