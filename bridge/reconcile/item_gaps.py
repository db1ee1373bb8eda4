"""One of the vendor's lists of items with ids: walked, compared with what was published, and the gaps closed."""

from functools import partial
from typing import NamedTuple

from bridge.reconcile.closing import Closing, Due
from bridge.reconcile.compared_lists import ItemList, ItemRow, Unfit, UnfitRow
from bridge.reconcile.list_walks import Walk, walk_items
from bridge.reconcile.missing_items import MissingItems
from bridge.reconcile.pauses import Pauses, Walked
from bridge.reconcile.stretches import LongWalk, Progress, Stretch


class _Reading(NamedTuple):
    rows: list[ItemRow]
    unreadable: list[UnfitRow]


class ItemGaps:
    """One list of one connection, from a take-over on."""

    def __init__(self, of: ItemList, closing: Closing) -> None:
        self.collection = of.collection.value
        self.progress = Progress(closing.stored_ms)
        self.pauses = Pauses(closing.owned.clock.now())
        self._of = of
        self._closing = closing
        now_ms = closing.now_ms()
        self.long_walk = LongWalk.begin(now_ms, min(closing.stored_ms, now_ms), closing.owned.means.jitter())
        self._missing = MissingItems(partial(closing.facts.knows, of.event), closing.options.grace_ms)

    async def compare(self) -> Walked:
        """Compare the list up to now, in as many stretches as that takes, and publish what is missing."""
        outcome = await self._compare()
        self._missing.watched(well=outcome is Walked.COMPLETE)
        return await self._look_for_long_calls() if outcome is Walked.COMPLETE else outcome

    async def _compare(self) -> Walked:
        closing, options = self._closing, self._closing.options
        while True:
            # What is older than the floor is not published, so it need not be looked at.
            self.progress = self.progress.raised(closing.floor_ms())
            stretch = self.progress.next(closing.now_ms(), options.rescan_ms, options.grace_ms)
            walk = await walk_items(closing.owned, closing.connection, self._of, stretch, self.pauses.ran)
            if isinstance(walk, Walked):
                return walk
            # Only now: what was published while the list was walked is not missing.
            if not await closing.is_told_all():
                return Walked.BEHIND
            await self._close(stretch, walk)
            if stretch.to_ms is None:
                return Walked.COMPLETE

    async def _look_for_long_calls(self) -> Walked:
        """Go one stretch on in the look for calls that no other walk shows, if there is one."""
        closing = self._closing
        self.long_walk = self.long_walk.planned(closing.now_ms(), closing.options.rescan_ms)
        if not self.long_walk.ahead:
            return Walked.COMPLETE
        stretch = self.long_walk.ahead[0]
        walk = await walk_items(closing.owned, closing.connection, self._of, stretch, self.pauses.ran)
        if isinstance(walk, Walked):
            return walk
        if not await closing.is_told_all():
            return Walked.BEHIND
        floor_ms = max(closing.floor_ms(), self.long_walk.ended_since_ms)
        due = self._missing.compare_long(self._read(walk).rows, closing.now_ms(), floor_ms=floor_ms)
        for batch in closing.batches(Due(str(row.id).encode(), row.page, row.number) for row in due):
            await closing.publish(self.collection, batch)
        self.long_walk = self.long_walk.passed(closing.options.grace_ms)
        return Walked.COMPLETE

    async def _close(self, stretch: Stretch, walk: Walk) -> None:
        closing = self._closing
        reading = self._read(walk)
        missing = self._missing.compare(
            reading.rows, closing.now_ms(), floor_ms=closing.floor_ms(), whole=stretch.whole
        )
        due = [Due(str(row.id).encode(), row.page, row.number) for row in missing.due]
        due += [Due(row.page.text(row.number), row.page, row.number) for row in reading.unreadable]
        batches = list(closing.batches(due))
        for batch in batches[:-1]:
            await closing.publish(self.collection, batch)
        # With the last batch, not before: else what is missing in it would be forgotten by a crash.
        self.progress = self.progress.after(
            stretch, walk.began_ms, closing.options.grace_ms, missing.waiting_ms, len(walk.pages)
        )
        for batch in batches[-1:]:
            await closing.publish(self.collection, batch)

    def _read(self, walk: Walk) -> _Reading:
        closing, of = self._closing, self._of
        rows: list[ItemRow] = []
        unreadable: list[UnfitRow] = []
        left_out = 0
        for answer, received_ms, new in walk.pages:
            page = closing.page(of.event, self.collection, answer, received_ms)
            for row in of.rows(page, new):
                if isinstance(row, ItemRow):
                    rows.append(row)
                elif row.why is Unfit.UNREADABLE:
                    unreadable.append(row)
                else:
                    left_out += 1
        if left_out:
            closing.watch.left_out(closing.connection, self.collection, left_out)
        return _Reading(rows, unreadable)
