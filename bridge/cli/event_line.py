"""One event as one line for people. Telephone numbers are masked: a terminal is as public as a log."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from bridge.cli.printable import printable
from bridge.events.cloudevents import ReceivedEvent
from bridge.events.command_catalogue import COMMAND_TYPES, RESOLVED_TYPE, RESULT_TYPE
from bridge.ops.masking import mask_text

_SHOWN = ("direction", "contact_id", "connection_time", "length", "attempts", "status")
# What tells one event from the next at a glance, in this order where it is known.


def event_line(event: ReceivedEvent) -> str:
    """Return `received  event  connection  subject  details`; receipts are in order, which events' times are not."""
    attributes = event.attributes
    data = orjson.loads(event.data)
    if not isinstance(data, dict):
        details = []
    elif event.type == RESULT_TYPE:
        details = _of_result(data)
    elif event.type == RESOLVED_TYPE:
        details = _of_resolution(data)
    else:
        details = _of_event(data)
    name = event.type.removeprefix("pbx.").rpartition(".v")[0] or event.type
    origin = attributes.get("origin", "")
    columns = (
        attributes.get("receivedtime", attributes.get("time", ""))[:23].replace("T", " "),
        f"{name:<20}",
        f"{attributes.get('connection', ''):<8}",
        f"{_masked_subject(attributes.get('subject', '')):<22}",
        "  ".join(details),
        "" if origin in ("", "webhook") else f"({origin})",
    )
    return printable("  ".join(columns).rstrip())


def _of_event(data: Mapping[str, Any]) -> list[str]:
    details = []
    if data.get("caller") and data.get("destination"):
        details.append(f"{mask_text(data['caller'])} -> {mask_text(data['destination'])}")
    elif data.get("sender"):
        details.append(f"from {mask_text(data['sender'])}")
    return details + [f"{name} {data[name]}" for name in _SHOWN if data.get(name) is not None]


def _of_result(data: Mapping[str, Any]) -> list[str]:
    type_ = str(data.get("command_type") or "-")  # of an invalid one it may be missing
    details = [str(COMMAND_TYPES.get(type_, type_)), str(data.get("status"))]
    if data.get("code") is not None:
        details.append(str(data["code"]))
    if isinstance(data.get("data"), list):
        details.append(f"rows {len(data['data'])}")
    if data.get("http_status") is not None:
        details.append(f"http {data['http_status']}")
    return [*details, f"attempts {data.get('attempts')}"]


def _of_resolution(data: Mapping[str, Any]) -> list[str]:
    call_id = data.get("call_id")
    return [str(data.get("outcome")), *(() if call_id is None else (f"call/{call_id}",))]


def _masked_subject(subject: str) -> str:
    kind, *parts = subject.split("/")
    # The parts of a lost caller's subject are telephone numbers; all others are ids.
    return "/".join([kind, *(mask_text(unquote(part)) for part in parts)]) if kind == "lost-caller" else subject
