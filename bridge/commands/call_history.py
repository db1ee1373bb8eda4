"""The vendor's call history, asked about the calls that may explain dials in doubt."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from bridge.calls.asking import ask
from bridge.calls.conclusions import NoSlot
from bridge.calls.doubts import ObservedCall
from bridge.calls.lanes import Lane
from bridge.calls.means import Means, Wanted
from bridge.commands.observed_calls import calls_in_history
from bridge.commands.open_doubts import Ask
from bridge.pbx.requests import Collection, Filters, ListItems
from bridge.pbx.responses import Rows

_MOST_ROWS: Final = 500
# The vendor's largest page. What is asked for are some minutes of one company's calls, the newest first.


async def calls_of_history(wanted: Ask, deadline: float, means: Means) -> Sequence[ObservedCall] | None:
    """Ask once, in the lane of queries; None when there was no usable answer in time. ShardLost passes through."""
    asked_ms = means.clock.epoch_ms(means.clock.now())
    filters = Filters(date_from=_time(wanted.since_ms), date_to=_time(wanted.until_ms))
    request = ListItems(Collection.CALL_HISTORY, limit=_MOST_ROWS, filters=filters)
    asked = await ask(Wanted(wanted.connection, Lane.QUERY, deadline), request, means)
    if isinstance(asked, NoSlot):
        return None
    await means.writer.append(asked.beside)
    outcome = asked.exchange.outcome
    return calls_in_history(outcome, asked_ms) if isinstance(outcome, Rows) else None


def _time(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms // 1000, UTC)
