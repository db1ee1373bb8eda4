"""The rows of a list as polling looks at them: what tells one from another, and when it happened. Pure."""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple

from bridge.events.catalogue import EventName
from bridge.pbx.item_events import Page
from bridge.pbx.payload_fields import Payload
from bridge.pbx.payloads import PAYLOADS
from bridge.pbx.requests import Collection
from bridge.pbx.values import read_id, read_time

LISTED: Mapping[Collection, EventName] = MappingProxyType(
    {
        Collection.AUDIO_PROMPTS: EventName.AUDIO_PROMPT_LISTED,
        Collection.CALL_HISTORY: EventName.CALL_LISTED,
        Collection.CALL_RECORDS: EventName.RECORDING_LISTED,
        Collection.CONTACTS: EventName.CONTACT_LISTED,
        Collection.GROUPS: EventName.GROUP_LISTED,
        Collection.VOICEMAIL_BOXES: EventName.VOICEMAIL_BOX_LISTED,
        Collection.VOICEMAILS: EventName.VOICEMAIL_LISTED,
        Collection.VOIP_ENDPOINTS: EventName.VOIP_ENDPOINT_LISTED,
    }
)
"""Which event an item of a list is."""

_DIGEST_BYTES = 7
# A number of as many bits is a JSON integer for everybody; two of a list's broken rows will not share one.


class ListedRow(NamedTuple):
    """The row of that `number` in its page.

    `mark` is its id, or below zero a digest of the text of a row that has no usable id. `began_s` and `told_s` are its
    first and its last moment by its own fields, in seconds since 1970; None where it has none.
    """

    mark: int
    began_s: int | None
    told_s: int | None
    page: Page
    number: int


class _Shape(NamedTuple):
    """The vendor's names of the fields that count here; `moments` of the last one first."""

    id: str
    moments: tuple[str, ...]


def listed_rows(collection: Collection, page: Page) -> tuple[ListedRow, ...]:
    """Give the rows of a page, in the vendor's order."""
    shape = _SHAPES[collection]
    return tuple(_listed(shape, page, index, row) for index, row in enumerate(page.rows.rows))


def _listed(shape: _Shape, page: Page, index: int, row: object) -> ListedRow:
    fields = row if isinstance(row, dict) else {}
    mark = read_id(fields.get(shape.id))
    if mark is None:
        mark = -1 - int.from_bytes(sha256(page.text(index)).digest()[:_DIGEST_BYTES], "big")
    moments = [moment.epoch_s for name in shape.moments if (moment := read_time(fields.get(name))) is not None]
    return ListedRow(mark, moments[-1] if moments else None, moments[0] if moments else None, page, index)


def _shape(payload: Payload) -> _Shape:
    vendor = {field.ours: field.vendor for field in payload.fields}
    return _Shape(vendor[payload.subject_parts[0]], tuple(vendor[name] for name in payload.time))


_SHAPES: Mapping[Collection, _Shape] = MappingProxyType(
    {collection: _shape(PAYLOADS[event]) for collection, event in LISTED.items()}
)
