"""What faults make of the fields of a webhook or a row. Pure apart from the faults' own draws."""

from collections.abc import Callable

from bridge.simulator.facts import ALIASES, EventName, body_of, envelope_of
from bridge.simulator.faults import Faults
from bridge.simulator.switches import FaultName

# An event that the vendor may add one day.
_UNKNOWN_EVENT = "CallParked"
_UNKNOWN_FIELD, _UNKNOWN_VALUE = "queueID", {"position": 3, "name": "Night"}


def distorted_body(event: EventName, data: dict[str, object], faults: Faults, key: str) -> bytes:
    """Return the bytes of a webhook as the switches leave them."""
    envelope = envelope_of(_event_type(event, faults, key), distort(data, faults, key, event))
    if faults.strike("event_type_missing", key, event):
        del envelope["eventType"]
    if faults.strike("data_null", key, event):
        envelope["data"] = None
    elif faults.strike("data_missing", key, event):
        del envelope["data"]
    body = body_of(envelope)
    return body[: len(body) // 2] if faults.strike("body_not_json", key, event) else body


def _event_type(event: EventName, faults: Faults, key: str) -> str:
    """Return the `eventType` that is written for the event."""
    if faults.strike("event_unknown", key, event):
        return _UNKNOWN_EVENT
    if event in ALIASES and faults.strike("event_alias", key, event):
        return ALIASES[event]
    return event


def distort(data: dict[str, object], faults: Faults, key: str, what: str) -> dict[str, object]:
    """Return the data as the switches for `what` leave them, one field each; the same object when none strikes."""
    for name, change in _CHANGES.items():
        fault = faults.strike(name, key, what, data)
        if fault is not None:
            data = change(
                data, faults.choose(tuple(field for field in data if not fault.fields or field in fault.fields))
            )
    if faults.strike("field_unknown", key, what):
        data = {**data, _UNKNOWN_FIELD: _UNKNOWN_VALUE}
    return data


def _retyped(value: object) -> object:
    """Return something of another type: a number as text, a text as a list, anything else as true."""
    if isinstance(value, int):
        return f"no. {value}"
    return [value] if isinstance(value, str) else True


def _without(data: dict[str, object], name: str) -> dict[str, object]:
    return {field: value for field, value in data.items() if field != name}


_CHANGES: dict[FaultName, Callable[[dict[str, object], str], dict[str, object]]] = {
    "field_null": lambda data, name: {**data, name: None},
    "field_empty": lambda data, name: {**data, name: ""},
    "field_retyped": lambda data, name: {**data, name: _retyped(data[name])},
    "field_missing": _without,
}
