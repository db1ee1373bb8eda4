"""Which model describes the `data` of which event."""

from collections.abc import Mapping
from types import MappingProxyType

from bridge.events.catalogue import EventName
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

MODELS: Mapping[EventName, type[EventData]] = MappingProxyType(
    {
        EventName.CALL_STARTED: CallStarted,
        EventName.CALL_CONNECTED: CallConnected,
        EventName.CALL_COMPLETED: CallCompleted,
        EventName.CALL_TRANSFERRED: CallTransferred,
        EventName.CALL_RECORDED: CallRecorded,
        EventName.LOST_CALLER_ADDED: LostCallerAdded,
        EventName.LOST_CALLER_UPDATED: LostCallerUpdated,
        EventName.LOST_CALLER_REMOVED: LostCallerRemoved,
        EventName.VOICEMAIL_CREATED: VoicemailCreated,
        EventName.VOICEMAIL_DELETED: VoicemailDeleted,
        EventName.AUDIO_PROMPT_LISTED: AudioPromptListed,
        EventName.CALL_LISTED: CallListed,
        EventName.RECORDING_LISTED: RecordingListed,
        EventName.CONTACT_LISTED: ContactListed,
        EventName.GROUP_LISTED: GroupListed,
        EventName.VOICEMAIL_BOX_LISTED: VoicemailBoxListed,
        EventName.VOICEMAIL_LISTED: VoicemailListed,
        EventName.VOIP_ENDPOINT_LISTED: VoipEndpointListed,
    }
)
