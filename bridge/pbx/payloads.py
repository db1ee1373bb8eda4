"""What the vendor sends, field by field: its names and order, our names, and what makes a subject and an id.

The tables follow the vendor's published contract; where reconciliation can publish an event too, the fields of the
vendor's list stand behind those of the webhook.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from bridge.events.catalogue import EventName
from bridge.pbx.values import Reader, read_id, read_integer, read_number, read_text, read_time

_OUR_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "callID": "call_id",
        "contactID": "contact_id",
        "previous_contactID": "previous_contact_id",
        "groupID": "group_id",
        "recordingID": "recording_id",
        "voicemailID": "voicemail_id",
        "voicemailBoxID": "voicemail_box_id",
        "clientID": "client_id",
        "callerid": "caller",
        "current_callerid": "current_caller_id",
        "callStarted": "call_started",
        "callConnected": "call_connected",
        "callEnded": "call_ended",
        "connectionTime": "connection_time",
        "recordingURL": "recording_url",
        "messageURL": "message_url",
        "boxName": "name",
        "voicemailBoxName": "voicemail_box_name",
        "firstname": "first_name",
        "lastname": "last_name",
    }
)
# Every other field keeps the vendor's name.


class PayloadField(NamedTuple):
    """One field of a payload. `e164` is the name of the normalised number beside it, `inner` the shape of a list."""

    vendor: str
    ours: str
    read: Reader
    e164: str | None = None
    inner: "tuple[PayloadField, ...] | None" = None


def _ids(*vendor: str) -> tuple[PayloadField, ...]:
    return tuple(PayloadField(name, _OUR_NAMES.get(name, name), read_id) for name in vendor)


def _integers(*vendor: str) -> tuple[PayloadField, ...]:
    return tuple(PayloadField(name, _OUR_NAMES.get(name, name), read_integer) for name in vendor)


def _texts(*vendor: str) -> tuple[PayloadField, ...]:
    return tuple(PayloadField(name, _OUR_NAMES.get(name, name), read_text) for name in vendor)


def _times(*vendor: str) -> tuple[PayloadField, ...]:
    return tuple(PayloadField(name, _OUR_NAMES.get(name, name), read_time) for name in vendor)


def _numbers(*vendor: str) -> tuple[PayloadField, ...]:
    ours = ((name, _OUR_NAMES.get(name, name)) for name in vendor)
    return tuple(PayloadField(name, our_name, read_number, f"{our_name}_e164") for name, our_name in ours)


@dataclass(frozen=True, slots=True)
class Payload:
    """The shape of one kind of payload.

    `subject` is the prefix and the names (ours) of its parts, `key` the names of the id's key fields (None: the event
    has no derived id), `time` the names of the fields that say when it happened, first choice first. `vendor_names` are
    those of the fields, made once.
    """

    event: EventName
    fields: tuple[PayloadField, ...]
    subject: tuple[str, ...]
    key: tuple[str, ...] | None
    time: tuple[str, ...]
    vendor_names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Make the set that every payload is compared with."""
        object.__setattr__(self, "vendor_names", frozenset(field.vendor for field in self.fields))


_CALLER_TO_STATUS = (*_numbers("caller", "destination"), *_texts("direction"), *_integers("status"))
_VOICEMAIL = (
    *_numbers("sender"),
    *_ids("voicemailID"),
    *_integers("length"),
    *_times("callStarted"),
    *_ids("voicemailBoxID"),
    *_texts("voicemailBoxName", "messageURL"),
)
_LOST_CALLER = (
    *_texts("contact_name"),
    *_numbers("destination"),
    *_integers("attempts"),
    *_numbers("callerid"),
    *_times("last_contact"),
)
_LOST_CALLER_SUBJECT = ("lost-caller", "caller", "destination")
_MEMBERS = PayloadField("members", "members", read_text, inner=_ids("contactID"))
_GROUP = (*_times("created"), *_ids("groupID"), *_integers("type"), *_texts("name"), _MEMBERS)

_PAYLOADS = (
    Payload(
        EventName.CALL_STARTED,
        (*_ids("callID"), *_CALLER_TO_STATUS, *_times("callStarted"), *_ids("contactID")),
        subject=("call", "call_id"),
        key=("call_id", "contact_id"),
        time=("call_started",),
    ),
    Payload(
        EventName.CALL_CONNECTED,
        (*_ids("callID"), *_CALLER_TO_STATUS, *_times("callStarted", "callConnected"), *_ids("contactID")),
        subject=("call", "call_id"),
        key=("call_id", "contact_id", "call_connected"),
        time=("call_connected",),
    ),
    Payload(
        EventName.CALL_COMPLETED,
        (
            *_ids("callID"),
            *_CALLER_TO_STATUS,
            *_times("callStarted", "callConnected"),
            *_integers("connectionTime"),
            *_ids("contactID", "previous_contactID"),
            *_times("callEnded"),
            *_ids("recordingID"),
        ),
        subject=("call", "call_id"),
        key=("call_id", "contact_id"),
        time=("call_ended",),
    ),
    Payload(
        EventName.CALL_TRANSFERRED,
        (
            *_ids("callID"),
            *_numbers("caller", "destination"),
            *_integers("status"),
            *_times("callStarted", "callConnected"),
            *_integers("connectionTime"),
            *_ids("contactID", "previous_contactID"),
            *_texts("direction"),
        ),
        subject=("call", "call_id"),
        key=("call_id", "contact_id", "previous_contact_id", "call_connected", "connection_time"),
        time=(),
    ),
    Payload(
        EventName.CALL_RECORDED,
        (
            *_ids("recordingID", "callID"),
            *_times("callStarted"),
            *_texts("recordingURL", "direction"),
            *_integers("connectionTime"),
            *_numbers("caller", "destination"),
            *_integers("status"),
            *_times("callConnected", "callEnded"),
            *_ids("contactID"),
        ),
        subject=("recording", "recording_id"),
        key=("recording_id",),
        time=(),
    ),
    Payload(
        EventName.LOST_CALLER_ADDED,
        _LOST_CALLER,
        subject=_LOST_CALLER_SUBJECT,
        key=("caller", "destination", "last_contact"),
        time=("last_contact",),
    ),
    Payload(
        EventName.LOST_CALLER_UPDATED,
        _LOST_CALLER,
        subject=_LOST_CALLER_SUBJECT,
        key=("caller", "destination", "attempts", "last_contact"),
        time=("last_contact",),
    ),
    Payload(
        EventName.LOST_CALLER_REMOVED,
        _numbers("destination", "callerid"),
        subject=_LOST_CALLER_SUBJECT,
        key=None,
        time=(),
    ),
    Payload(
        EventName.VOICEMAIL_CREATED,
        _VOICEMAIL,
        subject=("voicemail", "voicemail_id"),
        key=("voicemail_id",),
        time=("call_started",),
    ),
    Payload(
        EventName.VOICEMAIL_DELETED,
        (*_numbers("sender"), *_ids("voicemailID")),
        subject=("voicemail", "voicemail_id"),
        key=("voicemail_id",),
        time=(),
    ),
    Payload(
        EventName.AUDIO_PROMPT_LISTED,
        (*_ids("id"), *_texts("name"), *_integers("type")),
        subject=("audio-prompt", "id"),
        key=("id",),
        time=(),
    ),
    Payload(
        EventName.CALL_LISTED,
        (
            *_ids("callID"),
            *_CALLER_TO_STATUS,
            *_times("callStarted", "callConnected", "callEnded"),
            *_integers("connectionTime"),
            *_ids("contactID", "recordingID"),
        ),
        subject=("call", "call_id"),
        key=("call_id",),
        time=("call_ended", "call_started"),
    ),
    Payload(
        EventName.RECORDING_LISTED,
        (
            *_ids("recordingID", "callID"),
            *_CALLER_TO_STATUS,
            *_times("callStarted", "callConnected", "callEnded"),
            *_ids("contactID"),
            *_texts("recordingURL"),
        ),
        subject=("recording", "recording_id"),
        key=("recording_id",),
        time=("call_ended", "call_started"),
    ),
    Payload(
        EventName.CONTACT_LISTED,
        (
            PayloadField("current_callerid", "current_caller_id", read_number),
            *_integers("archived"),
            *_texts("firstname", "lastname"),
            *_times("created"),
            *_numbers("number"),
            *_ids("contactID"),
            PayloadField("group_membership", "group_membership", read_text, inner=_GROUP),
            *_texts("avatar"),
        ),
        subject=("contact", "contact_id"),
        key=("contact_id",),
        time=("created",),
    ),
    Payload(
        EventName.GROUP_LISTED,
        _GROUP,
        subject=("group", "group_id"),
        key=("group_id",),
        time=("created",),
    ),
    Payload(
        EventName.VOICEMAIL_BOX_LISTED,
        (*_ids("clientID"), *_texts("boxName"), *_times("created"), *_ids("voicemailBoxID")),
        subject=("voicemail-box", "voicemail_box_id"),
        key=("voicemail_box_id",),
        time=("created",),
    ),
    Payload(
        EventName.VOICEMAIL_LISTED,
        _VOICEMAIL,
        subject=("voicemail", "voicemail_id"),
        key=("voicemail_id",),
        time=("call_started",),
    ),
    Payload(
        EventName.VOIP_ENDPOINT_LISTED,
        (*_ids("id"), *_texts("name"), *_ids("employee_id")),
        subject=("voip-endpoint", "id"),
        key=("id",),
        time=(),
    ),
)

PAYLOADS: Mapping[EventName, Payload] = MappingProxyType({payload.event: payload for payload in _PAYLOADS})
