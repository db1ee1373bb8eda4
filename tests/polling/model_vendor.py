"""The vendor's lists as a model in virtual time: rows come, late ones too, and go; every request is noted."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import NamedTuple

import orjson

from bridge.pbx.requests import Collection, ListItems, Request
from bridge.pbx.responses import Exchange, Outcome, Refused, Rows, Unusable

BASE_S = 1_700_000_000
# What the brokers' clock and the vendor's say at the beginning of virtual time.


class Row(NamedTuple):
    """A row: what is sent of it, from when to when it is listed, and the moment that a date range means."""

    id: int
    sent: object
    appears: float = -inf
    vanishes: float = inf
    began: float = 0.0


class Noted(NamedTuple):
    """A request that has arrived."""

    at: float
    connection: str
    request: ListItems


def stamp(moment: float) -> str:
    """Write a moment of virtual time as the vendor does."""
    return datetime.fromtimestamp(BASE_S + int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def call(id_: int, began: float = 0.0, ended: float | None = None, appears: float = -inf, **more: object) -> Row:
    """Give a call of the history; it is listed from its end on, unless something else is said."""
    sent = {"callID": id_, "contactID": 1, "callStarted": stamp(began), **more}
    if ended is not None:
        sent["callEnded"] = stamp(ended)
        appears = max(appears, ended)
    return Row(id_, sent, appears, began=began)


def contact(id_: int, appears: float = -inf, **more: object) -> Row:
    """Give a contact."""
    return Row(id_, {"contactID": id_, **more}, appears)


@dataclass
class ModelVendor:
    """One account. `page` is how many rows it gives at most; `failing` answers in place of the lists, if it wants."""

    now: Callable[[], float]
    lists: dict[Collection, list[Row]] = field(default_factory=dict)
    page: int = 500
    latency: Callable[[], float] = lambda: 0.25
    failing: Callable[[Noted], Outcome | None] = lambda _: None
    arrived: Callable[[Noted], None] = lambda _: None
    noted: list[Noted] = field(default_factory=list)

    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        """Answer after a while, with what is listed in the middle of it."""
        assert isinstance(request, ListItems)
        began, latency = self.now(), self.latency()
        await asyncio.sleep(latency / 2)
        noted = Noted(self.now(), connection, request)
        self.noted.append(noted)
        self.arrived(noted)
        outcome = self.failing(noted) or self.rows(request)
        await asyncio.sleep(latency / 2)
        status = outcome.status if isinstance(outcome, Refused | Unusable) else 200
        return Exchange(outcome, began, self.now(), began, self.now(), status)

    def rows(self, request: ListItems) -> Rows:
        """Give the page that is asked for."""
        at, filters = self.now(), request.filters
        listed = [
            row
            for row in sorted(self.lists.get(request.collection, ()), key=lambda row: -row.id)
            if row.appears <= at < row.vanishes
            and row.id > request.after
            and (filters.date_from is None or BASE_S + row.began >= filters.date_from.timestamp())
            and (filters.date_to is None or BASE_S + row.began <= filters.date_to.timestamp())
        ]
        offset = request.offset or 0
        shown = listed[offset : offset + min(self.page, request.limit or self.page)]
        return rows_of([row.sent for row in shown])

    def requests(self, collection: Collection) -> list[ListItems]:
        """Give what was asked of a list."""
        return [noted.request for noted in self.noted if noted.request.collection is collection]

    def remove(self, collection: Collection, id_: int, at: float | None = None) -> None:
        """Take a row off a list."""
        vanishes = self.now() if at is None else at
        self.lists[collection] = [
            row._replace(vanishes=vanishes) if row.id == id_ else row for row in self.lists[collection]
        ]


def rows_of(sent: Sequence[object]) -> Rows:
    """Give rows as an answer holds them; none as the vendor's 404 does."""
    if not sent:
        return Rows((), b"")
    raw = orjson.dumps({"data": sent})
    return Rows(tuple(orjson.loads(raw)["data"]), raw)
