"""The fields that several events share: their types, what each of them means and where it comes from, written once.

In the schemas `x-vendor-field` is the vendor's name of a field, `x-unit` the unit of a number, and `x-personal-data`
marks what is about a person: a number, a name, a recording.
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

ID_MAX = 2**63 - 1
# The vendor's contract says int32, its real ids are larger: 64 bits with a sign, as every language has them.

_INT64: Final = {"format": "int64"}
# No format of JSON Schema itself, but one that generators of code know: a JSON number may be a double else.

Id = Annotated[int, Field(ge=0, le=ID_MAX, json_schema_extra=_INT64)]
Integer = Annotated[int, Field(ge=-ID_MAX - 1, le=ID_MAX, json_schema_extra=_INT64)]
E164Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]*$")]
Extra = dict[str, Any]
JsonObject = dict[str, object]


def _sent(
    vendor: str, meaning: str, *, unit: str | None = None, personal: bool = False, format_: str | None = None
) -> Any:
    """Describe a field that the vendor sends, under its name there."""
    return Field(
        description=f"{meaning} The vendor's `{vendor}`.",
        json_schema_extra={
            "x-vendor-field": vendor,
            **({} if unit is None else {"x-unit": unit}),
            **({"x-personal-data": True} if personal else {}),
            **({} if format_ is None else {"format": format_}),
        },
    )


def _e164_of(name: str) -> Any:
    """Describe a number that the bridge has made of another one."""
    return Field(
        description=(
            f"`{name}` in E.164, made by the bridge: null unless the connection has a default region and the number "
            "is a valid one of any country."
        ),
        json_schema_extra={"x-personal-data": True},
    )


CALL_ID = _sent("callID", "The id of the call, the same in every event of one call.")
CALLER = _sent("caller", "The calling number as it was sent, national or international.", personal=True)
CALLER_E164 = _e164_of("caller")
DESTINATION = _sent("destination", "The called number as it was sent, national or international.", personal=True)
DESTINATION_E164 = _e164_of("destination")
DIRECTION = _sent("direction", "`in` for an incoming call, `out` for an outgoing one.")
STATUS = _sent("status", "A code of how the call went; what it means is not published.")
CALL_STARTED = _sent("callStarted", "When the call started, in UTC.")
CALL_CONNECTED = _sent("callConnected", "When the call was answered, in UTC; null for a missed call.")
CALL_ENDED = _sent("callEnded", "When the call ended, in UTC; only the vendor's lists give it, no webhook.")
CONNECTION_TIME = _sent("connectionTime", "How long the parties were connected, in seconds.", unit="s")
CONTACT_ID = _sent("contactID", "The id of the employee.")
PREVIOUS_CONTACT_ID = _sent("previous_contactID", "The id of the employee who had the call before.")
RECORDING_ID = _sent("recordingID", "The id of the recording.")
RECORDING_URL = _sent("recordingURL", "Where the vendor serves the recording.", personal=True, format_="uri")
VOICEMAIL_ID = _sent("voicemailID", "The id of the voicemail.")
SENDER = _sent("sender", "The number that left the voicemail, as it was sent.", personal=True)
SENDER_E164 = _e164_of("sender")
LENGTH = _sent("length", "The length of the voicemail, in seconds.", unit="s")
MESSAGE_URL = _sent("messageURL", "Where the vendor serves the voicemail.", personal=True, format_="uri")
BOX_ID = _sent("voicemailBoxID", "The id of the voicemail box.")
BOX_NAME = _sent("boxName", "The name of the voicemail box.")
VOICEMAILS_BOX_NAME = _sent("voicemailBoxName", "The name of the voicemail box.")
CLIENT_ID = _sent("clientID", "The id of the client that owns the box.")
CONTACT_NAME = _sent("contact_name", "The name of the employee or group that was called.", personal=True)
LOST_CALLER = _sent("callerid", "The calling number as it was sent, national or international.", personal=True)
ATTEMPTS = _sent("attempts", "How often the caller has tried in vain, a count.")
LAST_CONTACT = _sent("last_contact", "When the caller last tried, in UTC.")
CREATED = _sent("created", "When it was created, in UTC.")
GROUP_ID = _sent("groupID", "The id of the group.")
MEMBERS = _sent("members", "The group's employees.")
GROUP_MEMBERSHIP = _sent("group_membership", "The groups that the employee belongs to.")
TYPE = _sent("type", "A code of its type; what it means is not published.")
NAME = _sent("name", "Its name in the PBX.")
CURRENT_CALLER_ID = _sent(
    "current_callerid", "The number that the employee's calls show, as it was sent.", personal=True
)
ARCHIVED = _sent("archived", "1 when the employee is archived, 0 when not.")
FIRST_NAME = _sent("firstname", "The employee's first name.", personal=True)
LAST_NAME = _sent("lastname", "The employee's last name.", personal=True)
NUMBER = _sent("number", "The employee's number as it was sent.", personal=True)
NUMBER_E164 = _e164_of("number")
AVATAR = _sent("avatar", "Where the vendor serves the employee's picture.", personal=True, format_="uri-reference")
EMPLOYEE_ID = _sent("employee_id", "The id of the employee it belongs to.")
AUDIO_PROMPT_ID = _sent("id", "The id of the audio prompt.")
VOIP_ENDPOINT_ID = _sent("id", "The id of the VoIP endpoint.")
EXTRA = Field(
    description=(
        "What the vendor sent beyond the schema, and known fields of another type than known, under the vendor's own "
        "names and as they were sent; `{}` when there is nothing."
    ),
    json_schema_extra={"x-personal-data": True},
)


class Published(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class EventData(Published):
    """What all events have in common: nothing but `extra`, which stands last in each of them."""
