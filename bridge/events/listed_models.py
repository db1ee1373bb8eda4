"""The `data` of the events about items that newly appeared in one of the vendor's lists."""

from pydantic import AwareDatetime, Field

from bridge.events.model_fields import (
    BOX_ID,
    BOX_NAME,
    CALL_CONNECTED,
    CALL_ENDED,
    CALL_ID,
    CALL_STARTED,
    CALLER,
    CONNECTION_TIME,
    CONTACT_ID,
    CREATED,
    DESTINATION,
    DIRECTION,
    E164,
    EXTRA,
    GROUP_ID,
    LENGTH,
    MESSAGE_URL,
    NAME,
    RECORDING_ID,
    RECORDING_URL,
    SENDER,
    STATUS,
    TYPE,
    VOICEMAIL_ID,
    EventData,
    Extra,
    Id,
    Published,
)


class AudioPromptListed(EventData):
    """An audio prompt newly appeared in the vendor's list."""

    id: Id = Field(description="The vendor's id of the audio prompt.")
    name: str | None = NAME
    type: int | None = TYPE
    extra: Extra = EXTRA


class CallListed(EventData):
    """A finished call newly appeared in the vendor's call history."""

    call_id: Id = CALL_ID
    caller: str | None = CALLER
    caller_e164: str | None = E164
    destination: str | None = DESTINATION
    destination_e164: str | None = E164
    direction: str | None = DIRECTION
    status: int | None = STATUS
    call_started: AwareDatetime | None = CALL_STARTED
    call_connected: AwareDatetime | None = CALL_CONNECTED
    call_ended: AwareDatetime | None = CALL_ENDED
    connection_time: int | None = CONNECTION_TIME
    contact_id: Id | None = CONTACT_ID
    recording_id: Id | None = RECORDING_ID
    extra: Extra = EXTRA


class RecordingListed(EventData):
    """A recording newly appeared in the vendor's list."""

    recording_id: Id = RECORDING_ID
    call_id: Id | None = CALL_ID
    caller: str | None = CALLER
    caller_e164: str | None = E164
    destination: str | None = DESTINATION
    destination_e164: str | None = E164
    direction: str | None = DIRECTION
    status: int | None = STATUS
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
    type: int | None = TYPE
    name: str | None = NAME
    members: list[GroupMember] | None = Field(description="The group's employees.")
    extra: Extra = EXTRA


class ContactListed(EventData):
    """An employee newly appeared in the vendor's list."""

    current_caller_id: str | None = Field(description="The number that the employee's calls show.")
    archived: int | None = Field(description="1 when the employee is archived, 0 when not.")
    first_name: str | None = Field(description="The employee's first name.")
    last_name: str | None = Field(description="The employee's last name.")
    created: AwareDatetime | None = CREATED
    number: str | None = Field(description="The employee's number as the vendor sent it.")
    number_e164: str | None = E164
    contact_id: Id = CONTACT_ID
    group_membership: list[GroupMembership] | None = Field(description="The groups that the employee belongs to.")
    avatar: str | None = Field(description="Where the vendor serves the employee's picture.")
    extra: Extra = EXTRA


class GroupListed(EventData):
    """A group of employees newly appeared in the vendor's list."""

    created: AwareDatetime | None = CREATED
    group_id: Id = GROUP_ID
    type: int | None = TYPE
    name: str | None = NAME
    members: list[GroupMember] | None = Field(description="The group's employees.")
    extra: Extra = EXTRA


class VoicemailBoxListed(EventData):
    """A voicemail box newly appeared in the vendor's list."""

    client_id: Id | None = Field(description="The vendor's id of the client that owns the box.")
    name: str | None = BOX_NAME
    created: AwareDatetime | None = CREATED
    voicemail_box_id: Id = BOX_ID
    extra: Extra = EXTRA


class VoicemailListed(EventData):
    """A voicemail newly appeared in the vendor's list."""

    sender: str | None = SENDER
    sender_e164: str | None = E164
    voicemail_id: Id = VOICEMAIL_ID
    length: int | None = LENGTH
    call_started: AwareDatetime | None = CALL_STARTED
    voicemail_box_id: Id | None = BOX_ID
    voicemail_box_name: str | None = BOX_NAME
    message_url: str | None = MESSAGE_URL
    extra: Extra = EXTRA


class VoipEndpointListed(EventData):
    """A VoIP endpoint newly appeared in the vendor's list."""

    id: Id = Field(description="The vendor's id of the VoIP endpoint.")
    name: str | None = NAME
    employee_id: Id | None = Field(description="The vendor's id of the employee it belongs to.")
    extra: Extra = EXTRA
