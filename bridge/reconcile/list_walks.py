"""Walking the vendor's lists in an owned shard, page by page; each page is a step that a hand-over lets finish."""

from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from typing import NamedTuple

from bridge.calls.asking import ask
from bridge.calls.conclusions import NoSlot
from bridge.calls.lanes import Lane
from bridge.calls.means import Wanted
from bridge.calls.shard_owner import OwnedShard
from bridge.pbx.paging import Page, PageWalk
from bridge.pbx.requests import Filters, ListItems, ListLostCalls
from bridge.pbx.responses import Refused, Rows
from bridge.reconcile.compared_lists import ItemList, lost_key
from bridge.reconcile.pauses import Walked
from bridge.reconcile.stretches import Stretch

MOST_PAGES = 200
# 100,000 rows of six hours are no company's: the list does not end, and is given up.

AskFor = Callable[[Page], ListItems | ListLostCalls]


class ListPage(NamedTuple):
    """A page that was walked: its rows, when they came (epoch ms by the brokers' clock), and which are new."""

    rows: Rows
    received_ms: int
    new: list[int]


class Walk(NamedTuple):
    """A whole walk: when it began, by the brokers' clock, and its pages."""

    began_ms: int
    pages: list[ListPage]


async def walk_items(owned: OwnedShard, connection: str, of: ItemList, stretch: Stretch, since: float) -> Walk | Walked:
    """Walk a list of items; `since` is when that was last done, monotonic."""
    filters = Filters(date_from=_time(stretch.from_ms), date_to=None if stretch.to_ms is None else _time(stretch.to_ms))

    def request(page: Page) -> ListItems:
        return ListItems(of.collection, 0, page.limit, page.offset or None, filters)

    return await _walk(owned, Wanted(connection, Lane.POLL, since=since), request, of.key)


async def walk_lost_callers(owned: OwnedShard, connection: str, since: float) -> Walk | Walked:
    """Walk the lost callers."""

    def request(page: Page) -> ListLostCalls:
        return ListLostCalls(limit=page.limit, offset=page.offset or None)

    return await _walk(owned, Wanted(connection, Lane.POLL, since=since), request, lost_key)


async def _walk(owned: OwnedShard, wanted: Wanted, request: AskFor, key: Callable[[object], Hashable]) -> Walk | Walked:
    walk, pages = PageWalk(), list[ListPage]()
    began_ms = _now_ms(owned)
    while (page := walk.next) is not None:
        if walk.pages == MOST_PAGES:
            return Walked.UNANSWERED
        answer = await owned.tasks.perform(_ask(owned, wanted, request(page)))
        if isinstance(answer, Walked):
            return answer
        pages.append(ListPage(answer, _now_ms(owned), walk.take([key(row) for row in answer.rows])))
    return Walk(began_ms, pages)


async def _ask(owned: OwnedShard, wanted: Wanted, request: ListItems | ListLostCalls) -> Rows | Walked:
    asked = await ask(wanted, request, owned.means)
    if isinstance(asked, NoSlot):
        return Walked.NO_SLOT
    await owned.means.writer.append(asked.beside)
    outcome = asked.exchange.outcome
    if isinstance(outcome, Rows):
        return outcome
    return Walked.REFUSED if isinstance(outcome, Refused) and not asked.exchange.throttled else Walked.UNANSWERED


def _now_ms(owned: OwnedShard) -> int:
    return owned.clock.epoch_ms(owned.clock.now())


def _time(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(max(0, epoch_ms) // 1000, UTC)
