"""The `data` of the commands, as clients send it; the JSON Schemas are generated from these models.

An id may be sent as a string of its digits, a telephone number as a JSON integer, and an empty string is null: as in
what the vendor sends. A field that the schema does not know is refused, since nobody can tell what the sender meant by
it: a misspelt filter would list too much, and `at` would dial now.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from bridge.events.command_catalogue import CommandName
from bridge.events.model_fields import ID_MAX, Id
from bridge.events.sent_values import read_id, read_number
from bridge.events.times import parse_moment

LONGEST_NUMBER = 64
# In characters. E.164 has 15 digits; the rest is room for prefixes, separators and the extensions of a PBX.
MOST_ROWS = 500
# The contract's limit: such an answer is some 100 KB, and fits one record.

_NUMBER_PATTERN = "^[ -~]*[0-9][ -~]*$"
_NUMBER = re.compile(r"[ -~]*[0-9][ -~]*", re.ASCII)
# What a telephone number is made of is the vendor's business. Without any digit it is none, such as "undefined".


def _item_id(sent: object) -> int:
    if (known := read_id(sent)) is None:
        raise PydanticCustomError("item_id", "must be an integer from 0 to 2^63-1, or a string of its digits")
    return known


def _number(sent: object) -> str:
    known = read_number(sent)
    if known is None or len(known) > LONGEST_NUMBER or _NUMBER.fullmatch(known) is None:
        raise PydanticCustomError(
            "number",
            "must be a telephone number: 1 to {longest} printable ASCII characters with at least one digit",
            {"longest": LONGEST_NUMBER},
        )
    return known


def _moment(sent: object) -> datetime:
    if isinstance(sent, datetime):
        return sent  # of whoever makes a command in Python
    moment = parse_moment(sent) if isinstance(sent, str) else None
    if moment is None:
        raise PydanticCustomError("moment", "must be an RFC 3339 time with an offset, such as 2017-10-16T21:26:59Z")
    return datetime.fromisoformat(moment.text)


def _empty_is_null(sent: object) -> object:
    return None if sent == "" else sent


_SentNumber = (
    Annotated[str, Field(min_length=1, max_length=LONGEST_NUMBER, pattern=_NUMBER_PATTERN)]
    | Annotated[int, Field(ge=0)]
)
ItemId = Annotated[
    int, BeforeValidator(_item_id, json_schema_input_type=Id | Annotated[str, Field(pattern="^[0-9]+$")])
]
Number = Annotated[str, BeforeValidator(_number, json_schema_input_type=_SentNumber)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
_Absent = BeforeValidator(_empty_is_null)


class CommandData(BaseModel):
    """What all commands have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Dial(CommandData):
    """Let the device of an employee call a number. At most one request to the vendor leaves for one command."""

    contact_id: ItemId = Field(description="The vendor's id of the employee whose device shall call.")
    destination: Number = Field(description="The number to call, national or international.", repr=False)


class GetItem(CommandData):
    """What the commands that fetch one item have in common."""

    id: ItemId


class GetAudioPrompt(GetItem):
    """Fetch one audio prompt."""

    id: ItemId = Field(description="The vendor's id of the audio prompt.")


class GetCall(GetItem):
    """Fetch one finished call from the call history."""

    id: ItemId = Field(description="The vendor's id of the call: `call_id` in the events.")


class GetRecording(GetItem):
    """Fetch one recording of a call."""

    id: ItemId = Field(description="The vendor's id of the recording: `recording_id` in the events.")


class GetContact(GetItem):
    """Fetch one employee."""

    id: ItemId = Field(description="The vendor's id of the employee: `contact_id` in the events.")


class GetGroup(GetItem):
    """Fetch one group of employees."""

    id: ItemId = Field(description="The vendor's id of the group: `group_id` in the events.")


class GetVoicemailBox(GetItem):
    """Fetch one voicemail box."""

    id: ItemId = Field(description="The vendor's id of the voicemail box: `voicemail_box_id` in the events.")


class GetVoicemail(GetItem):
    """Fetch one voicemail."""

    id: ItemId = Field(description="The vendor's id of the voicemail: `voicemail_id` in the events.")


class GetVoipEndpoint(GetItem):
    """Fetch one VoIP endpoint."""

    id: ItemId = Field(description="The vendor's id of the VoIP endpoint.")


class ListLostCalls(CommandData):
    """List those who called in vain and wait to be called back. Without any field: all that the vendor gives."""

    destination: Annotated[Number | None, _Absent] = Field(
        default=None, description="Only callers of this number.", repr=False
    )
    date_from: Annotated[Moment | None, _Absent] = Field(
        default=None, description="Only from this time on; whole seconds count."
    )
    date_to: Annotated[Moment | None, _Absent] = Field(
        default=None, description="Only up to this time; whole seconds count."
    )
    limit: Annotated[Annotated[StrictInt, Field(ge=1, le=MOST_ROWS)] | None, _Absent] = Field(
        default=None, description="How many at most; without it the vendor's own limit."
    )
    offset: Annotated[Annotated[StrictInt, Field(ge=0, le=ID_MAX)] | None, _Absent] = Field(
        default=None, description="How many of the first to leave out."
    )

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.date_from is not None and self.date_to is not None and self.date_to < self.date_from:
            raise PydanticCustomError("dates", "date_to is before date_from")
        return self


COMMAND_MODELS: Mapping[CommandName, type[CommandData]] = MappingProxyType(
    {
        CommandName.DIAL: Dial,
        CommandName.GET_AUDIO_PROMPT: GetAudioPrompt,
        CommandName.GET_CALL: GetCall,
        CommandName.GET_RECORDING: GetRecording,
        CommandName.GET_CONTACT: GetContact,
        CommandName.GET_GROUP: GetGroup,
        CommandName.GET_VOICEMAIL_BOX: GetVoicemailBox,
        CommandName.GET_VOICEMAIL: GetVoicemail,
        CommandName.GET_VOIP_ENDPOINT: GetVoipEndpoint,
        CommandName.LIST_LOST_CALLS: ListLostCalls,
    }
)
"""Which model describes the `data` of which command."""
