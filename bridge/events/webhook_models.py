"""The `data` of the events that webhooks bring, as consumers read it; the JSON Schemas are generated from these models.

Every field is always present, null where the vendor gave nothing. What the vendor sends and the schema does not know
stands under `extra`. Reading ignores fields that a newer bridge may have added. Where reconciliation can publish an
event too, it has the fields of both sources, the webhook's first.
"""

from pydantic import AwareDatetime

from bridge.events.model_fields import (
    ATTEMPTS,
    BOX_ID,
    CALL_CONNECTED,
    CALL_ENDED,
    CALL_ID,
    CALL_STARTED,
    CALLER,
    CALLER_E164,
    CONNECTION_TIME,
    CONTACT_ID,
    CONTACT_NAME,
    DESTINATION,
    DESTINATION_E164,
    DIRECTION,
    EXTRA,
    LAST_CONTACT,
    LENGTH,
    LOST_CALLER,
    MESSAGE_URL,
    PREVIOUS_CONTACT_ID,
    RECORDING_ID,
    RECORDING_URL,
    SENDER,
    SENDER_E164,
    STATUS,
    VOICEMAIL_ID,
    VOICEMAILS_BOX_NAME,
    E164Number,
    EventData,
    Extra,
    Id,
    Integer,
)


class CallStarted(EventData):
    """A call has started to ring."""

    call_id: Id = CALL_ID
    caller: str | None = CALLER
    caller_e164: E164Number | None = CALLER_E164
    destination: str | None = DESTINATION
    destination_e164: E164Number | None = DESTINATION_E164
    direction: str | None = DIRECTION
    status: Integer | None = STATUS
    call_started: AwareDatetime | None = CALL_STARTED
    contact_id: Id | None = CONTACT_ID
    extra: Extra = EXTRA


class CallConnected(EventData):
    """A call was answered."""

    call_id: Id = CALL_ID
    caller: str | None = CALLER
    caller_e164: E164Number | None = CALLER_E164
    destination: str | None = DESTINATION
    destination_e164: E164Number | None = DESTINATION_E164
    direction: str | None = DIRECTION
    status: Integer | None = STATUS
    call_started: AwareDatetime | None = CALL_STARTED
    call_connected: AwareDatetime | None = CALL_CONNECTED
    contact_id: Id | None = CONTACT_ID
    extra: Extra = EXTRA


class CallCompleted(EventData):
    """A call has ended, answered or not."""

    call_id: Id = CALL_ID
    caller: str | None = CALLER
    caller_e164: E164Number | None = CALLER_E164
    destination: str | None = DESTINATION
    destination_e164: E164Number | None = DESTINATION_E164
    direction: str | None = DIRECTION
    status: Integer | None = STATUS
    call_started: AwareDatetime | None = CALL_STARTED
    call_connected: AwareDatetime | None = CALL_CONNECTED
    connection_time: Integer | None = CONNECTION_TIME
    contact_id: Id | None = CONTACT_ID
    previous_contact_id: Id | None = PREVIOUS_CONTACT_ID
    call_ended: AwareDatetime | None = CALL_ENDED
    recording_id: Id | None = RECORDING_ID
    extra: Extra = EXTRA


class CallTransferred(EventData):
    """A call was handed to another employee, blindly or after a consultation."""

    call_id: Id = CALL_ID
    caller: str | None = CALLER
    caller_e164: E164Number | None = CALLER_E164
    destination: str | None = DESTINATION
    destination_e164: E164Number | None = DESTINATION_E164
    status: Integer | None = STATUS
    call_started: AwareDatetime | None = CALL_STARTED
    call_connected: AwareDatetime | None = CALL_CONNECTED
    connection_time: Integer | None = CONNECTION_TIME
    contact_id: Id | None = CONTACT_ID
    previous_contact_id: Id | None = PREVIOUS_CONTACT_ID
    direction: str | None = DIRECTION
    extra: Extra = EXTRA


class CallRecorded(EventData):
    """The recording of a call has become available."""

    recording_id: Id = RECORDING_ID
    call_id: Id | None = CALL_ID
    call_started: AwareDatetime | None = CALL_STARTED
    recording_url: str | None = RECORDING_URL
    direction: str | None = DIRECTION
    connection_time: Integer | None = CONNECTION_TIME
    caller: str | None = CALLER
    caller_e164: E164Number | None = CALLER_E164
    destination: str | None = DESTINATION
    destination_e164: E164Number | None = DESTINATION_E164
    status: Integer | None = STATUS
    call_connected: AwareDatetime | None = CALL_CONNECTED
    call_ended: AwareDatetime | None = CALL_ENDED
    contact_id: Id | None = CONTACT_ID
    extra: Extra = EXTRA


class LostCallerAdded(EventData):
    """Somebody called in vain and waits to be called back."""

    contact_name: str | None = CONTACT_NAME
    destination: str = DESTINATION
    destination_e164: E164Number | None = DESTINATION_E164
    attempts: Integer | None = ATTEMPTS
    caller: str = LOST_CALLER
    caller_e164: E164Number | None = CALLER_E164
    last_contact: AwareDatetime | None = LAST_CONTACT
    extra: Extra = EXTRA


class LostCallerUpdated(EventData):
    """A lost caller has called in vain once more."""

    contact_name: str | None = CONTACT_NAME
    destination: str = DESTINATION
    destination_e164: E164Number | None = DESTINATION_E164
    attempts: Integer | None = ATTEMPTS
    caller: str = LOST_CALLER
    caller_e164: E164Number | None = CALLER_E164
    last_contact: AwareDatetime | None = LAST_CONTACT
    extra: Extra = EXTRA


class LostCallerRemoved(EventData):
    """A lost caller was called back, or got through."""

    destination: str = DESTINATION
    destination_e164: E164Number | None = DESTINATION_E164
    caller: str = LOST_CALLER
    caller_e164: E164Number | None = CALLER_E164
    extra: Extra = EXTRA


class VoicemailCreated(EventData):
    """A caller has left a voicemail."""

    sender: str | None = SENDER
    sender_e164: E164Number | None = SENDER_E164
    voicemail_id: Id = VOICEMAIL_ID
    length: Integer | None = LENGTH
    call_started: AwareDatetime | None = CALL_STARTED
    voicemail_box_id: Id | None = BOX_ID
    voicemail_box_name: str | None = VOICEMAILS_BOX_NAME
    message_url: str | None = MESSAGE_URL
    extra: Extra = EXTRA


class VoicemailDeleted(EventData):
    """Somebody has deleted a voicemail."""

    sender: str | None = SENDER
    sender_e164: E164Number | None = SENDER_E164
    voicemail_id: Id = VOICEMAIL_ID
    extra: Extra = EXTRA
