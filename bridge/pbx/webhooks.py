"""A webhook's body to the event it tells of, or to the reason why it cannot be one. Pure.

Only `eventType` and `data` are looked at. Everything here is authentic: the ingress has checked its key before.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import orjson

from bridge.events.catalogue import WEBHOOK_EVENTS, EventName
from bridge.pbx.numbers import ToE164
from bridge.pbx.payloads import PAYLOADS
from bridge.pbx.translation import Translation, Unusable, translate

_DATA = ("data",)
_ALIASES = {
    "CallCompletedEvent": EventName.CALL_COMPLETED,
    "CallConnectedEvent": EventName.CALL_CONNECTED,
    "LostCallerCreated": EventName.LOST_CALLER_ADDED,
    "LostCallerDeleted": EventName.LOST_CALLER_REMOVED,
}
# The vendor's own reference names these inner events differently from their webhooks.

EVENT_TYPES: Mapping[str, EventName] = MappingProxyType({**WEBHOOK_EVENTS, **_ALIASES})
"""What a body's `eventType` may say."""


class Reason(StrEnum):
    """Why a body goes to the quarantine: the contract's fixed words."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_EVENT = "unknown_event"
    INVALID_FIELDS = "invalid_fields"


class Rejection(NamedTuple):
    """A body that is no event of ours; `detail` names what was wrong and never quotes the body."""

    reason: Reason
    detail: str


def read_webhook(body: bytes, to_e164: ToE164) -> Translation | Rejection:
    """Read the raw body of a webhook."""
    opened = _open(body)
    if isinstance(opened, Rejection):
        return opened
    event, data = opened
    translation = translate(PAYLOADS[event], data, to_e164, body, _DATA)
    if isinstance(translation, Unusable):
        return Rejection(Reason.INVALID_FIELDS, f"data.{translation.field}: {translation.problem}")
    return translation


def _open(body: bytes) -> tuple[EventName, dict[str, object]] | Rejection:
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return Rejection(Reason.NOT_JSON, f"line {error.lineno} column {error.colno}" if body else "the body is empty")
    if type(sent) is not dict:
        return Rejection(Reason.NOT_AN_OBJECT, f"the body is {_json_type(sent)}")
    event_type, data = sent.get("eventType"), sent.get("data")
    if type(event_type) is not str:
        return Rejection(
            Reason.UNKNOWN_EVENT, f"eventType: {_json_type(event_type) if 'eventType' in sent else 'missing'}"
        )
    event = EVENT_TYPES.get(event_type)
    if event is None:
        return Rejection(Reason.UNKNOWN_EVENT, "eventType: none of the ten events")
    if type(data) is not dict:
        return Rejection(Reason.INVALID_FIELDS, f"data: {_json_type(data) if 'data' in sent else 'missing'}")
    return event, data


def _json_type(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
