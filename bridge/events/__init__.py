"""Events: models, ids, the CloudEvents envelope, topics and schemas. Pure: no I/O, no clock, no randomness.

What stands here is for consumers, and needs the base install alone: `parse_record` turns a record into a typed event.
"""

from bridge.events.catalogue import EventName
from bridge.events.envelope import Origin
from bridge.events.listed_models import (
    AudioPromptListed,
    CallListed,
    ContactListed,
    GroupListed,
    RecordingListed,
    VoicemailBoxListed,
    VoicemailListed,
    VoipEndpointListed,
)
from bridge.events.model_fields import EventData
from bridge.events.parsing import ConsumedRecord, UnreadableRecord, parse_record
from bridge.events.result_models import CommandResolved, CommandResult, Resolution, Status
from bridge.events.typed_events import Answer, AnyEvent, Event, UnknownEvent
from bridge.events.webhook_models import (
    CallCompleted,
    CallConnected,
    CallRecorded,
    CallStarted,
    CallTransferred,
    LostCallerAdded,
    LostCallerRemoved,
    LostCallerUpdated,
    VoicemailCreated,
    VoicemailDeleted,
)

__all__ = [
    "Answer",
    "AnyEvent",
    "AudioPromptListed",
    "CallCompleted",
    "CallConnected",
    "CallListed",
    "CallRecorded",
    "CallStarted",
    "CallTransferred",
    "CommandResolved",
    "CommandResult",
    "ConsumedRecord",
    "ContactListed",
    "Event",
    "EventData",
    "EventName",
    "GroupListed",
    "LostCallerAdded",
    "LostCallerRemoved",
    "LostCallerUpdated",
    "Origin",
    "RecordingListed",
    "Resolution",
    "Status",
    "UnknownEvent",
    "UnreadableRecord",
    "VoicemailBoxListed",
    "VoicemailCreated",
    "VoicemailDeleted",
    "VoicemailListed",
    "VoipEndpointListed",
    "parse_record",
]
