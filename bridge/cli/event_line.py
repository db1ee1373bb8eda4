"""One event as one line for people. Telephone numbers are masked: a terminal is as public as a log."""

from urllib.parse import unquote

import orjson

from bridge.events.cloudevents import ReceivedEvent
from bridge.ops.masking import mask_text

_SHOWN = ("direction", "contact_id", "connection_time", "length", "attempts", "status", "outcome")
# What tells one event from the next at a glance, in this order where it is known.


def event_line(event: ReceivedEvent) -> str:
    """Return `received  event  connection  subject  details`; receipts are in order, which events' times are not."""
    attributes = event.attributes
    data = orjson.loads(event.data)
    details = []
    if isinstance(data, dict):
        if data.get("caller") and data.get("destination"):
            details.append(f"{mask_text(data['caller'])} -> {mask_text(data['destination'])}")
        elif data.get("sender"):
            details.append(f"from {mask_text(data['sender'])}")
        details += [f"{name} {data[name]}" for name in _SHOWN if data.get(name) is not None]
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
    return _printable("  ".join(columns).rstrip())


def _printable(line: str) -> str:
    # Numbers and names come from strangers: what could move the cursor or forge a line is shown by its code.
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in line)


def _masked_subject(subject: str) -> str:
    kind, *parts = subject.split("/")
    # The parts of a lost caller's subject are telephone numbers; all others are ids.
    return "/".join([kind, *(mask_text(unquote(part)) for part in parts)]) if kind == "lost-caller" else subject
