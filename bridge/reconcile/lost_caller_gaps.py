"""The vendor's list of lost callers: walked, compared with what was published, and the differences published."""

import orjson

from bridge.events.catalogue import EventName
from bridge.pbx.item_events import Page
from bridge.pbx.responses import Rows
from bridge.reconcile.closing import Closing, Due
from bridge.reconcile.compared_lists import LOST_CALLS, LostRow, UnfitRow, lost_rows
from bridge.reconcile.list_walks import Walk, walk_lost_callers
from bridge.reconcile.missing_lost_callers import Difference, MissingLostCallers
from bridge.reconcile.pauses import Pauses, Walked
from bridge.reconcile.published_facts import Pair

LOST_FOR_MS = 48 * 3_600_000
# The vendor keeps a lost caller for the day; so far back it is read who was announced.


class LostCallerGaps:
    """One connection's, from a take-over on."""

    collection = LOST_CALLS

    def __init__(self, closing: Closing) -> None:
        self.pauses = Pauses(closing.owned.clock.now())
        self._closing = closing
        self._missing = MissingLostCallers(closing.options.grace_ms)

    async def compare(self) -> Walked:
        """Compare the list, and publish what is missing."""
        closing = self._closing
        walk = await walk_lost_callers(closing.owned, closing.connection, self.pauses.ran)
        if isinstance(walk, Walk):
            # Only now: what was published while the list was walked is not missing.
            if await closing.is_told_all():
                await self._close(walk)
                return Walked.COMPLETE
            walk = Walked.BEHIND
        self._missing.forget()
        return walk

    async def _close(self, walk: Walk) -> None:
        closing = self._closing
        rows: list[LostRow] = []
        unreadable: list[UnfitRow] = []
        for answer, received_ms, new in walk.pages:
            for row in lost_rows(closing.page(EventName.LOST_CALLER_ADDED, LOST_CALLS, answer, received_ms), new):
                if isinstance(row, LostRow):
                    rows.append(row)
                else:
                    unreadable.append(row)
        now_ms = closing.now_ms()
        differences = self._missing.compare(
            rows,
            closing.facts.lost_callers,
            now_ms,
            floor_ms=max(closing.floor_ms(), now_ms - LOST_FOR_MS),
            complete=not unreadable,
        )
        due = [
            self._due(difference, row) for difference, row in differences if difference.event in closing.options.events
        ]
        due += [Due(row.page.text(row.number), row.page, row.number) for row in unreadable]
        for batch in closing.batches(due):
            await closing.publish(LOST_CALLS, batch)

    def _due(self, difference: Difference, row: LostRow | None) -> Due:
        name = orjson.dumps(difference.pair)
        if row is None:
            return Due(name, self._gone(difference.pair), 0)
        page = row.page
        return Due(name, self._closing.page(difference.event, LOST_CALLS, page.rows, page.received_ms), row.number)

    def _gone(self, pair: Pair) -> Page:
        """Give a list of one row, as the vendor's webhook would name who is gone."""
        row: dict[str, object] = {"destination": pair[1], "callerid": pair[0]}
        rows = Rows((row,), orjson.dumps({"data": [row]}))
        return self._closing.page(EventName.LOST_CALLER_REMOVED, LOST_CALLS, rows, self._closing.now_ms())
