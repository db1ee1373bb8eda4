"""Everything that the bridge asks of the vendor, as values, and each as the HTTP request that leaves. Pure.

A request knows what kind of answer makes sense to it, and whether asking twice does harm. Telephone numbers and the
addresses of our hooks (which hold a key) stay out of every `repr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import assert_never
from urllib.parse import quote, urlencode

import orjson


class Collection(StrEnum):
    """The vendor's eight collections; the value stands in the path."""

    AUDIO_PROMPTS = "audio_prompts"
    CALL_HISTORY = "call_history"
    CALL_RECORDS = "call_records"
    CONTACTS = "contacts"
    GROUPS = "groups"
    VOICEMAIL_BOXES = "voicemail_boxes"
    VOICEMAILS = "voicemails"
    VOIP_ENDPOINTS = "voip_endpoints"


_INITIAL_ID: Mapping[Collection, str] = MappingProxyType(
    {
        Collection.AUDIO_PROMPTS: "initial_prompt_id",
        Collection.CALL_HISTORY: "initial_call_id",
        Collection.CALL_RECORDS: "initial_record_id",
        Collection.CONTACTS: "initial_contact_id",
        Collection.GROUPS: "initial_group_id",
        Collection.VOICEMAIL_BOXES: "initial_box_id",
        Collection.VOICEMAILS: "initial_voicemail_id",
        Collection.VOIP_ENDPOINTS: "initial_endpoint_id",
    }
)

_CALL_FILTERS = frozenset({"source", "destination", "direction", "contact_id", "date_from", "date_to"})
FILTERS: Mapping[Collection, frozenset[str]] = MappingProxyType(
    {
        Collection.AUDIO_PROMPTS: frozenset(),
        Collection.CALL_HISTORY: _CALL_FILTERS,
        Collection.CALL_RECORDS: _CALL_FILTERS,
        Collection.CONTACTS: frozenset(),
        Collection.GROUPS: frozenset({"contact_id"}),
        Collection.VOICEMAIL_BOXES: frozenset(),
        Collection.VOICEMAILS: frozenset({"source", "contact_id", "box_id", "date_from", "date_to"}),
        Collection.VOIP_ENDPOINTS: frozenset(),
    }
)
"""The filters that the vendor's contract gives each list, by their names there and in `Filters`."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list shall be narrowed to; None = not by this. Times have an offset, and count in whole seconds."""

    source: str | None = field(default=None, repr=False)
    destination: str | None = field(default=None, repr=False)
    direction: str | None = None
    contact_id: int | None = None
    box_id: int | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class Dial:
    """Let the device of a contact call a number."""

    contact_id: int
    destination: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GetItem:
    collection: Collection
    item_id: int


@dataclass(frozen=True, slots=True)
class ListItems:
    """The items newer than the id `after`, newest first. Raises ValueError for a filter that the list does not have."""

    collection: Collection
    after: int = 0
    limit: int | None = None
    offset: int | None = None
    filters: Filters = NO_FILTERS

    def __post_init__(self) -> None:
        if unknown := sorted(_parameters(self.filters).keys() - FILTERS[self.collection]):
            raise ValueError(f"{self.collection} has no filter {', '.join(unknown)}")


@dataclass(frozen=True, slots=True)
class ListLostCalls:
    destination: str | None = field(default=None, repr=False)
    date_from: datetime | None = None
    date_to: datetime | None = None
    limit: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class RegisterWebhook:
    """Send the events of a type, in the vendor's spelling, to the endpoint."""

    event: str
    endpoint: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RemoveWebhook:
    webhook_id: int


Request = Dial | GetItem | ListItems | ListLostCalls | RegisterWebhook | RemoveWebhook


class Expected(Enum):
    """What the `data` of a success must be."""

    ANYTHING = auto()
    ITEM = auto()
    ROWS = auto()
    WEBHOOK_ID = auto()


_MOST_ROWS_BYTES = 8 * 1024 * 1024
# 500 calls are about 150 KB; contacts repeat their groups with all members, which grows with the square of a company.
_MOST_OTHER_BYTES = 1024 * 1024
# One item: a contact in many large groups at most.


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What leaves, and what may come back.

    `target` begins with a slash and is appended to the connection's base URL as it is. `repeatable` tells whether a
    second request after a first without an answer does no harm. `most_bytes` bounds the answer's body.
    """

    method: str
    target: str = field(repr=False)
    body: bytes | None = field(repr=False)
    expected: Expected
    repeatable: bool
    most_bytes: int


def http_request(request: Request) -> HttpRequest:
    """Return the request as it leaves. Raises ValueError for a time without an offset."""
    match request:
        case Dial():
            # The order of the vendor's contract.
            return _post("/dial", {"destination": request.destination, "contactID": request.contact_id})
        case GetItem():
            return _get(f"/{request.collection}/{request.item_id}", {}, Expected.ITEM)
        case ListItems():
            return _get(
                f"/trigger/{request.collection}",
                {_INITIAL_ID[request.collection]: request.after}
                | _page(request.limit, request.offset)
                | _parameters(request.filters),
                Expected.ROWS,
            )
        case ListLostCalls():
            filters = Filters(destination=request.destination, date_from=request.date_from, date_to=request.date_to)
            return _get("/lost_calls", _page(request.limit, request.offset) | _parameters(filters), Expected.ROWS)
        case RegisterWebhook():
            path = f"/webhooks/{quote(request.event, safe='')}"
            return _post(path, {"endpoint": request.endpoint}, Expected.WEBHOOK_ID)
        case RemoveWebhook():
            # A webhook that is already gone is answered 404, so removing it twice does no harm.
            target = f"/webhooks/{request.webhook_id}"
            return HttpRequest("DELETE", target, None, Expected.ANYTHING, repeatable=True, most_bytes=_MOST_OTHER_BYTES)
        case _:
            assert_never(request)


def _get(path: str, parameters: Mapping[str, str | int], expected: Expected) -> HttpRequest:
    query = urlencode(parameters, quote_via=quote, safe="")
    most_bytes = _MOST_ROWS_BYTES if expected is Expected.ROWS else _MOST_OTHER_BYTES
    return HttpRequest(
        "GET", f"{path}?{query}" if query else path, None, expected, repeatable=True, most_bytes=most_bytes
    )


def _post(path: str, fields: Mapping[str, str | int], expected: Expected = Expected.ANYTHING) -> HttpRequest:
    body = orjson.dumps(fields)
    return HttpRequest("POST", path, body, expected, repeatable=False, most_bytes=_MOST_OTHER_BYTES)


def _page(limit: int | None, offset: int | None) -> dict[str, str | int]:
    return {name: number for name, number in (("limit", limit), ("offset", offset)) if number is not None}


def _parameters(filters: Filters) -> dict[str, str | int]:
    given = (
        ("source", filters.source),
        ("destination", filters.destination),
        ("direction", filters.direction),
        ("contact_id", filters.contact_id),
        ("box_id", filters.box_id),
        ("date_from", _date_time(filters.date_from)),
        ("date_to", _date_time(filters.date_to)),
    )
    return {name: value for name, value in given if value is not None}


def _date_time(moment: datetime | None) -> str | None:
    """Write a time as RFC 3339 in UTC: the format `date-time` of the vendor's contract."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("a time without an offset could mean any zone")
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z"
