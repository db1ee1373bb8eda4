"""The vendor's lists that tell what webhooks should have told, and their rows as far as a comparison needs them. Pure.

A row's moment is when its event happened, as the vendor says it. A call without an end may still go on, and a row
without a moment could be from before the connection's first start: neither is compared.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from bridge.events.catalogue import EventName
from bridge.events.sent_values import read_id, read_number
from bridge.events.times import parse_moment
from bridge.pbx.item_events import Page
from bridge.pbx.requests import Collection
from bridge.reconcile.published_facts import Pair, Try

LOST_CALLS = "lost_calls"
"""The list of lost callers, by its path: it has no ids, and is none of the eight collections."""


class Unfit(StrEnum):
    """Why a row is not compared."""

    UNREADABLE = "unreadable"
    NO_MOMENT = "no_moment"


class ItemRow(NamedTuple):
    """A row with an id; `happened_ms` is its moment, epoch milliseconds by the vendor's clock."""

    id: int
    happened_ms: int
    page: Page
    number: int


class LostRow(NamedTuple):
    """A lost caller."""

    pair: Pair
    told: Try
    page: Page
    number: int


class UnfitRow(NamedTuple):
    """A row that cannot be compared."""

    why: Unfit
    page: Page
    number: int


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list of items with ids: the event that each of its rows stands for, its id's name, and its moment."""

    collection: Collection
    event: EventName
    id_name: str
    moment_s: Callable[[Mapping[str, object]], int | None]

    def key(self, row: object) -> Hashable:
        """Give what tells a row apart from the others of its list."""
        id_ = read_id(row.get(self.id_name)) if isinstance(row, dict) else None
        return repr(row) if id_ is None else id_

    def rows(self, page: Page, numbers: list[int]) -> Iterator[ItemRow | UnfitRow]:
        """Read rows of a page."""
        for number in numbers:
            row = page.rows.rows[number]
            id_ = read_id(row.get(self.id_name)) if isinstance(row, dict) else None
            if not isinstance(row, dict) or id_ is None:
                yield UnfitRow(Unfit.UNREADABLE, page, number)
                continue
            moment_s = self.moment_s(row)
            if moment_s is None:
                yield UnfitRow(Unfit.NO_MOMENT, page, number)
            else:
                yield ItemRow(id_, moment_s * 1000, page, number)


def lost_key(row: object) -> Hashable:
    """Give what tells a lost caller apart from the others."""
    return (isinstance(row, dict) and _pair(row)) or repr(row)


def lost_rows(page: Page, numbers: list[int]) -> Iterator[LostRow | UnfitRow]:
    """Read rows of a page of lost callers."""
    for number in numbers:
        row = page.rows.rows[number]
        pair = _pair(row) if isinstance(row, dict) else None
        if not isinstance(row, dict) or pair is None:
            yield UnfitRow(Unfit.UNREADABLE, page, number)
            continue
        attempts = row.get("attempts")
        yield LostRow(
            pair, Try(attempts if type(attempts) is int else None, _time_s(row, "last_contact")), page, number
        )


def _pair(row: Mapping[str, object]) -> Pair | None:
    caller, destination = (_number(row, name) for name in ("callerid", "destination"))
    return None if caller is None or destination is None else (caller, destination)


def _number(row: Mapping[str, object], name: str) -> str | None:
    sent = row.get(name)
    return None if sent is None or sent == "" else read_number(sent)


def _time_s(row: Mapping[str, object], name: str) -> int | None:
    sent = row.get(name)
    moment = parse_moment(sent) if isinstance(sent, str) else None
    return None if moment is None else moment.epoch_s


def _end_s(row: Mapping[str, object]) -> int | None:
    return _time_s(row, "callEnded")


def _recorded_s(row: Mapping[str, object]) -> int | None:
    # A recording is there once its call is over; where no end is said, its beginning is near enough.
    ended_s = _time_s(row, "callEnded")
    return _time_s(row, "callStarted") if ended_s is None else ended_s


def _left_s(row: Mapping[str, object]) -> int | None:
    begun_s, length_s = _time_s(row, "callStarted"), row.get("length")
    if begun_s is None:
        return None
    return begun_s + length_s if type(length_s) is int and length_s >= 0 else begun_s


_ITEM_LISTS = (
    ItemList(Collection.CALL_HISTORY, EventName.CALL_COMPLETED, "callID", _end_s),
    ItemList(Collection.CALL_RECORDS, EventName.CALL_RECORDED, "recordingID", _recorded_s),
    ItemList(Collection.VOICEMAILS, EventName.VOICEMAIL_CREATED, "voicemailID", _left_s),
)

ITEM_LISTS: Mapping[Collection, ItemList] = MappingProxyType({each.collection: each for each in _ITEM_LISTS})
"""The lists of items that webhooks tell of."""
