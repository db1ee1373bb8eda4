"""What the vendor tells: the ten webhook events and their bodies. Pure."""

from dataclasses import dataclass
from typing import Literal, get_args

import orjson

EventName = Literal[
    "CallStarted",
    "CallConnected",
    "CallCompleted",
    "CallTransfered",
    "CallRecorded",
    "LostCallerAdded",
    "LostCallerUpdated",
    "LostCallerRemoved",
    "VoicemailCreated",
    "VoicemailDeleted",
]

EVENTS: tuple[EventName, ...] = get_args(EventName)

# The names under which the vendor's reference speaks of some events.
ALIASES: dict[EventName, str] = {
    "CallCompleted": "CallCompletedEvent",
    "CallConnected": "CallConnectedEvent",
    "LostCallerAdded": "LostCallerCreated",
    "LostCallerRemoved": "LostCallerDeleted",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that has happened at the vendor, told once to every hook of its event.

    `subject` is what the order of webhooks is kept for; `at` is in simulated seconds since the day began.
    """

    event: EventName
    subject: str
    at: float
    data: dict[str, object]


def envelope_of(event_type: str, data: object) -> dict[str, object]:
    """Return what a webhook says."""
    return {"type": "Event", "eventType": event_type, "version": "v1", "data": data}


def body_of(envelope: dict[str, object]) -> bytes:
    """Return the bytes of a webhook."""
    body = orjson.dumps(envelope)
    # What orjson returns holds some 4 KiB however short it is; the log keeps thousands of bodies, so it gets a copy.
    return bytes(memoryview(body))
