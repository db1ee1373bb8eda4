"""The events that the bridge publishes, by name and version."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class EventName(StrEnum):
    """Each event of the contract's section 4; the value stands in its type, its topic and its id."""

    CALL_STARTED = "call.started"
    CALL_CONNECTED = "call.connected"
    CALL_COMPLETED = "call.completed"
    CALL_TRANSFERRED = "call.transferred"
    CALL_RECORDED = "call.recorded"
    LOST_CALLER_ADDED = "lost-caller.added"
    LOST_CALLER_UPDATED = "lost-caller.updated"
    LOST_CALLER_REMOVED = "lost-caller.removed"
    VOICEMAIL_CREATED = "voicemail.created"
    VOICEMAIL_DELETED = "voicemail.deleted"
    AUDIO_PROMPT_LISTED = "audio-prompt.listed"
    CALL_LISTED = "call.listed"
    RECORDING_LISTED = "recording.listed"
    CONTACT_LISTED = "contact.listed"
    GROUP_LISTED = "group.listed"
    VOICEMAIL_BOX_LISTED = "voicemail-box.listed"
    VOICEMAIL_LISTED = "voicemail.listed"
    VOIP_ENDPOINT_LISTED = "voip-endpoint.listed"


WEBHOOK_EVENTS: Mapping[str, EventName] = MappingProxyType(
    {
        "CallStarted": EventName.CALL_STARTED,
        "CallConnected": EventName.CALL_CONNECTED,
        "CallCompleted": EventName.CALL_COMPLETED,
        "CallTransfered": EventName.CALL_TRANSFERRED,
        "CallRecorded": EventName.CALL_RECORDED,
        "LostCallerAdded": EventName.LOST_CALLER_ADDED,
        "LostCallerUpdated": EventName.LOST_CALLER_UPDATED,
        "LostCallerRemoved": EventName.LOST_CALLER_REMOVED,
        "VoicemailCreated": EventName.VOICEMAIL_CREATED,
        "VoicemailDeleted": EventName.VOICEMAIL_DELETED,
    }
)
"""The ten webhooks under the vendor's names, as they are registered."""

EVENT_VERSION = "v1"
# One version for all today. A change that breaks a consumer gives the event concerned a v2 beside its v1.


def event_type(event: EventName) -> str:
    """Return the CloudEvents type, for instance `pbx.call.started.v1`."""
    return f"pbx.{event}.{EVENT_VERSION}"
