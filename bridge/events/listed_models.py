"""The `data` of the events about items that newly appeared in one of the vendor's lists."""

from pydantic import AwareDatetime

from bridge.events.model_fields import (
    ARCHIVED,
    AUDIO_PROMPT_ID,
    AVATAR,
    BOX_ID,
    BOX_NAME,
    CALL_CONNECTED,
    CALL_ENDED,
    CALL_ID,
    CALL_STARTED,
    CALLER,
    CALLER_E164,
    CLIENT_ID,
    CONNECTION_TIME,
    CONTACT_ID,
    CREATED,
    CURRENT_CALLER_ID,
    DESTINATION,
    DESTINATION_E164,
    DIRECTION,
    EMPLOYEE_ID,
    EXTRA,
    FIRST_NAME,
    GROUP_ID,
    GROUP_MEMBERSHIP,
    LAST_NAME,
    LENGTH,
    MEMBERS,
    MESSAGE_URL,
    NAME,
    NUMBER,
    NUMBER_E164,
    RECORDING_ID,
    RECORDING_URL,
    SENDER,
    SENDER_E164,
    STATUS,
    TYPE,
    VOICEMAIL_ID,
    VOICEMAILS_BOX_NAME,
    VOIP_ENDPOINT_ID,
    E164Number,
    EventData,
    Extra,
    Id,
    Integer,
    Published,
)


class AudioPromptListed(EventData):
    """An audio prompt newly appeared in the vendor's list."""

    id: Id = AUDIO_PROMPT_ID
    name: str | None = NAME
    type: Integer | None = TYPE
    extra: Extra = EXTRA


class CallListed(EventData):
    """A finished call newly appeared in the vendor's call history."""

    call_id: Id = CALL_ID
    caller: str | None = CALLER
    caller_e164: E164Number | None = CALLER_E164
    destination: str | None = DESTINATION
    destination_e164: E164Number | None = DESTINATION_E164
    direction: str | None = DIRECTION
    status: Integer | None = STATUS
    call_started: AwareDatetime | None = CALL_STARTED
    call_connected: AwareDatetime | None = CALL_CONNECTED
    call_ended: AwareDatetime | None = CALL_ENDED
    connection_time: Integer | None = CONNECTION_TIME
    contact_id: Id | None = CONTACT_ID
    recording_id: Id | None = RECORDING_ID
    extra: Extra = EXTRA


class RecordingListed(EventData):
    """A recording newly appeared in the vendor's list."""

    recording_id: Id = RECORDING_ID
    call_id: Id | None = CALL_ID
    caller: str | None = CALLER
    caller_e164: E164Number | None = CALLER_E164
    destination: str | None = DESTINATION
    destination_e164: E164Number | None = DESTINATION_E164
    direction: str | None = DIRECTION
    status: Integer | None = STATUS
    call_started: AwareDatetime | None = CALL_STARTED
    call_connected: AwareDatetime | None = CALL_CONNECTED
    call_ended: AwareDatetime | None = CALL_ENDED
    contact_id: Id | None = CONTACT_ID
    recording_url: str | None = RECORDING_URL
    extra: Extra = EXTRA


class GroupMember(Published):
    """An employee in a group."""

    contact_id: Id | None = CONTACT_ID
    extra: Extra = EXTRA


class GroupMembership(Published):
    """A group that an employee belongs to."""

    created: AwareDatetime | None = CREATED
    group_id: Id | None = GROUP_ID
    type: Integer | None = TYPE
    name: str | None = NAME
    members: list[GroupMember] | None = MEMBERS
    extra: Extra = EXTRA


class ContactListed(EventData):
    """An employee newly appeared in the vendor's list."""

    current_caller_id: str | None = CURRENT_CALLER_ID
    archived: Integer | None = ARCHIVED
    first_name: str | None = FIRST_NAME
    last_name: str | None = LAST_NAME
    created: AwareDatetime | None = CREATED
    number: str | None = NUMBER
    number_e164: E164Number | None = NUMBER_E164
    contact_id: Id = CONTACT_ID
    group_membership: list[GroupMembership] | None = GROUP_MEMBERSHIP
    avatar: str | None = AVATAR
    extra: Extra = EXTRA


class GroupListed(EventData):
    """A group of employees newly appeared in the vendor's list."""

    created: AwareDatetime | None = CREATED
    group_id: Id = GROUP_ID
    type: Integer | None = TYPE
    name: str | None = NAME
    members: list[GroupMember] | None = MEMBERS
    extra: Extra = EXTRA


class VoicemailBoxListed(EventData):
    """A voicemail box newly appeared in the vendor's list."""

    client_id: Id | None = CLIENT_ID
    name: str | None = BOX_NAME
    created: AwareDatetime | None = CREATED
    voicemail_box_id: Id = BOX_ID
    extra: Extra = EXTRA


class VoicemailListed(EventData):
    """A voicemail newly appeared in the vendor's list."""

    sender: str | None = SENDER
    sender_e164: E164Number | None = SENDER_E164
    voicemail_id: Id = VOICEMAIL_ID
    length: Integer | None = LENGTH
    call_started: AwareDatetime | None = CALL_STARTED
    voicemail_box_id: Id | None = BOX_ID
    voicemail_box_name: str | None = VOICEMAILS_BOX_NAME
    message_url: str | None = MESSAGE_URL
    extra: Extra = EXTRA


class VoipEndpointListed(EventData):
    """A VoIP endpoint newly appeared in the vendor's list."""

    id: Id = VOIP_ENDPOINT_ID
    name: str | None = NAME
    employee_id: Id | None = EMPLOYEE_ID
    extra: Extra = EXTRA
