"""Whether the vendor accepts a connection's key, and which methods the key was not given. By requests that only read.

Each costs a slot of the quota like any other call. What would change something is not asked for.
"""

from typing import Final, Literal, NamedTuple, assert_never

from bridge.calls.asking import ask
from bridge.calls.conclusions import NoSlot
from bridge.calls.lanes import Lane
from bridge.calls.means import Means, Wanted
from bridge.pbx.requests import Collection, GetItem, ListItems, ListLostCalls, Request
from bridge.pbx.responses import Done, Item, Lost, NotSent, Outcome, Refused, Registered, Rows, Unusable

NOT_PROBED: Final = ("POST /dial", "POST /webhooks/{Event}", "DELETE /webhooks/{webhook_id}")
LOST_CALLS: Final = "GET /lost_calls"
_NOBODY: Final = 0
# No item has this id; a key that may ask for it is answered 404, another one 403.


class ProbedKey(NamedTuple):
    """What the vendor said. `lacking` are methods that it refused to the key; `detail` says why there was no answer."""

    key: Literal["accepted", "refused", "no_answer"]
    lacking: tuple[str, ...] = ()
    detail: str | None = None


def trigger(collection: Collection) -> str:
    """Name the method that lists a collection."""
    return f"GET /trigger/{collection}"


def probes() -> tuple[tuple[str, Request], ...]:
    """Give the requests of a probe, by the vendor's methods."""
    return (
        (LOST_CALLS, ListLostCalls(limit=1)),
        *((trigger(collection), ListItems(collection, limit=1)) for collection in Collection),
        *((f"GET /{collection}/{{id}}", GetItem(collection, _NOBODY)) for collection in Collection),
    )


async def probe_key(connection: str, means: Means, deadline: float) -> ProbedKey:
    """Ask for each method once, until `deadline`, a moment of the monotonic clock. ShardLost and Handover pass through.

    It ends at the first answer that says nothing about methods.
    """
    lacking = list[str]()
    for method, request in probes():
        asked = await ask(Wanted(connection, Lane.QUERY, deadline), request, means)
        if isinstance(asked, NoSlot):
            return ProbedKey("no_answer", tuple(lacking), "the quota had no room for it in time")
        await means.writer.append(asked.beside)
        outcome = asked.exchange.outcome
        if isinstance(outcome, Refused) and outcome.status == 401:
            return ProbedKey("refused", tuple(lacking), "HTTP 401")
        if (detail := _says_nothing(outcome)) is not None:
            return ProbedKey("no_answer", tuple(lacking), detail)
        if isinstance(outcome, Refused) and outcome.status == 403:
            lacking.append(method)
    return ProbedKey("accepted", tuple(lacking))


def _says_nothing(outcome: Outcome) -> str | None:
    """Give why an outcome says nothing about the method; None where it does, be it that the item does not exist."""
    match outcome:
        case Refused(status=429):
            return "HTTP 429: the quota is used up"
        case Unusable(status=status, reason=unusable):
            return f"{unusable.value} (HTTP {status})"
        case Lost(reason=lost):
            return lost.value
        case NotSent(reason=not_sent):
            return not_sent.value
        case Refused() | Done() | Item() | Rows() | Registered():
            return None
        case _:
            assert_never(outcome)
