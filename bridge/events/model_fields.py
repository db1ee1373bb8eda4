"""The fields that several events share: their types and what each of them means, written once."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

ID_MAX = 2**63 - 1
# The vendor's contract says int32, its real ids are larger: 64 bits with a sign, as every language has them.

Id = Annotated[int, Field(ge=0, le=ID_MAX)]
Extra = dict[str, Any]

CALL_ID = Field(description="The vendor's id of the call; the same in every event of one call.")
CALLER = Field(description="The calling number as the vendor sent it, national or international.")
DESTINATION = Field(description="The called number as the vendor sent it, national or international.")
E164 = Field(description="The number before it in E.164, when it is valid and the connection has a default region.")
DIRECTION = Field(description="`in` for an incoming call, `out` for an outgoing one.")
STATUS = Field(description="The vendor's status code of the call; its meaning is not published.")
CALL_STARTED = Field(description="When the call started, in UTC.")
CALL_CONNECTED = Field(description="When the call was answered, in UTC; null for a missed call.")
CALL_ENDED = Field(description="When the call ended, in UTC; only the vendor's history gives it.")
CONNECTION_TIME = Field(description="How long the parties were connected, in seconds.")
CONTACT_ID = Field(description="The vendor's id of the employee.")
PREVIOUS_CONTACT_ID = Field(description="The vendor's id of the employee who had the call before.")
RECORDING_ID = Field(description="The vendor's id of the recording.")
RECORDING_URL = Field(description="Where the vendor serves the recording.")
VOICEMAIL_ID = Field(description="The vendor's id of the voicemail.")
SENDER = Field(description="The number that left the voicemail, as the vendor sent it.")
LENGTH = Field(description="Length of the voicemail, in seconds.")
MESSAGE_URL = Field(description="Where the vendor serves the voicemail.")
BOX_ID = Field(description="The vendor's id of the voicemail box.")
BOX_NAME = Field(description="The name of the voicemail box.")
CONTACT_NAME = Field(description="The name of the employee or group that was called.")
ATTEMPTS = Field(description="How often the caller has tried in vain.")
LAST_CONTACT = Field(description="When the caller last tried, in UTC.")
CREATED = Field(description="When it was created, in UTC.")
GROUP_ID = Field(description="The vendor's id of the group.")
TYPE = Field(description="The vendor's type code; its meaning is not published.")
NAME = Field(description="Its name in the PBX.")
EXTRA = Field(description="What the vendor sent beyond the schema, under the vendor's own names and as it was sent.")


class Published(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class EventData(Published):
    """What all events have in common: nothing but `extra`, which stands last in each of them."""
