"""The eight lists that can be polled, and which of their rows a query means. Pure."""

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol, assert_never, get_args

from bridge.simulator.books import Books
from bridge.simulator.directory import AudioPrompt, Contact, Directory, Group, VoicemailBox, VoipEndpoint
from bridge.simulator.queries import DATES, Query
from bridge.simulator.rows import CallRow, LostCaller, RecordingRow, Row, VoicemailRow

ListName = Literal[
    "audio_prompts",
    "call_history",
    "call_records",
    "contacts",
    "groups",
    "voicemail_boxes",
    "voicemails",
    "voip_endpoints",
]

LISTS: tuple[ListName, ...] = get_args(ListName)

# The name under which a list's own id is asked for; `initial_` in front of it asks for what is newer.
ID_NAMES: dict[ListName, str] = {
    "audio_prompts": "prompt_id",
    "call_history": "call_id",
    "call_records": "record_id",
    "contacts": "contact_id",
    "groups": "group_id",
    "voicemail_boxes": "box_id",
    "voicemails": "voicemail_id",
    "voip_endpoints": "endpoint_id",
}

_NONE: frozenset[str] = frozenset()
_CALLS = frozenset({"destination", "source", "direction", "contact_id"}) | DATES

FILTERS: dict[ListName, frozenset[str]] = {
    "audio_prompts": _NONE,
    "call_history": _CALLS,
    "call_records": _CALLS,
    "contacts": _NONE,
    "groups": frozenset({"contact_id"}),
    "voicemail_boxes": _NONE,
    "voicemails": frozenset({"source", "contact_id", "box_id"}) | DATES,
    "voip_endpoints": _NONE,
}

LOST_CALL_FILTERS = frozenset({"destination"}) | DATES


class Rows(Protocol):
    """A shelf of whatever rows."""

    def newest_first(self, after: int = -1) -> Iterator[Row]: ...

    def get(self, row_id: int) -> Row | None: ...

    def take(self, row_id: int) -> Row | None: ...


def rows_of(name: ListName, books: Books, directory: Directory) -> Rows:
    shelves: dict[ListName, Rows] = {
        "audio_prompts": directory.prompts,
        "call_history": books.calls,
        "call_records": books.recordings,
        "contacts": directory.contacts,
        "groups": directory.groups,
        "voicemail_boxes": directory.boxes,
        "voicemails": books.voicemails,
        "voip_endpoints": directory.endpoints,
    }
    return shelves[name]


def select(rows: Iterable[Row], query: Query) -> Iterator[Row]:
    """Yield the rows of the page that the query asks for, in the order given."""
    skipped = shown = 0
    for row in rows:
        if not _wanted(row, query):
            continue
        if skipped < query.offset:
            skipped += 1
            continue
        yield row
        shown += 1
        if shown == query.limit:
            return


def id_of(row: Row) -> int:  # noqa: PLR0911 - one line per kind of row
    """Return the id that the row is listed by; a lost caller has none, so it is 0."""
    match row:
        case CallRow():
            return row.call_id
        case RecordingRow():
            return row.recording_id
        case VoicemailRow():
            return row.voicemail_id
        case Contact():
            return row.contact_id
        case Group():
            return row.group_id
        case VoicemailBox():
            return row.box_id
        case AudioPrompt():
            return row.prompt_id
        case VoipEndpoint():
            return row.endpoint_id
        case LostCaller():
            return 0
        case _:
            assert_never(row)


def _wanted(row: Row, query: Query) -> bool:
    if query.date_from is not None or query.date_to is not None:
        moment = _moment(row)
        if query.date_from is not None and moment < query.date_from:
            return False
        if query.date_to is not None and moment > query.date_to:
            return False
    if query.row_id is not None and id_of(row) != query.row_id:
        return False
    return not query.equal or query.equal.items() <= _values(row).items() or _is_member(row, query)


def _moment(row: Row) -> int:
    """Return what a date range means: the start of a call, the last contact of a lost caller."""
    match row:
        case CallRow() | VoicemailRow():
            return row.started
        case RecordingRow():
            return row.call.started
        case LostCaller():
            return row.last_contact
        case _:
            return 0


def _values(row: Row) -> dict[str, str | int]:
    match row:
        case CallRow():
            return {
                "destination": row.destination,
                "source": row.caller,
                "direction": row.direction,
                "contact_id": row.contact_id,
            }
        case RecordingRow():
            return _values(row.call)
        case VoicemailRow():
            return {"source": row.sender, "contact_id": row.contact_id, "box_id": row.box_id}
        case LostCaller():
            return {"destination": row.destination}
        case _:
            return {}


def _is_member(row: Row, query: Query) -> bool:
    return isinstance(row, Group) and query.equal.get("contact_id") in row.members
