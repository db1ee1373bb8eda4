"""What the vendor gave, in the shape of our events, for the `data` of a result. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from bridge.events.catalogue import EventName
from bridge.events.command_catalogue import CommandName
from bridge.pbx.numbers import ToE164
from bridge.pbx.payloads import PAYLOADS
from bridge.pbx.responses import Item, Rows
from bridge.pbx.translation import Translation, translate

SHAPES: Mapping[CommandName, EventName] = MappingProxyType(
    {
        CommandName.GET_AUDIO_PROMPT: EventName.AUDIO_PROMPT_LISTED,
        CommandName.GET_CALL: EventName.CALL_LISTED,
        CommandName.GET_RECORDING: EventName.RECORDING_LISTED,
        CommandName.GET_CONTACT: EventName.CONTACT_LISTED,
        CommandName.GET_GROUP: EventName.GROUP_LISTED,
        CommandName.GET_VOICEMAIL_BOX: EventName.VOICEMAIL_BOX_LISTED,
        CommandName.GET_VOICEMAIL: EventName.VOICEMAIL_LISTED,
        CommandName.GET_VOIP_ENDPOINT: EventName.VOIP_ENDPOINT_LISTED,
        CommandName.LIST_LOST_CALLS: EventName.LOST_CALLER_ADDED,
    }
)
"""Which event's `data` an item looks like. A dial has no item."""


class Listed(NamedTuple):
    """A list as JSON, how many rows are in it, and how many could not be understood and are not."""

    data: bytes
    rows: int
    left_out: int


def item_data(shape: EventName, item: Item, to_e164: ToE164) -> bytes | None:
    """Return an item as JSON; None where it lacks what makes it one, such as its id."""
    translation = translate(PAYLOADS[shape], item.fields, to_e164, item.raw, item.path)
    return translation.data if isinstance(translation, Translation) else None


def list_data(shape: EventName, rows: Rows, to_e164: ToE164) -> Listed:
    """Return the rows of a list as JSON, in the vendor's order."""
    payload = PAYLOADS[shape]
    translations = (
        translate(payload, row, to_e164, rows.raw, rows.path(index))
        for index, row in enumerate(rows.rows)
        if isinstance(row, dict)
    )
    known = [translation.data for translation in translations if isinstance(translation, Translation)]
    return Listed(b"[" + b",".join(known) + b"]", len(known), len(rows.rows) - len(known))
