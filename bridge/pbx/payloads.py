"""What the vendor sends, field by field: its names and order, our names, and what makes a subject and an id.

The tables follow the vendor's published contract; where reconciliation can publish an event too, the fields of the
vendor's list stand behind those of the webhook.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bridge.events.catalogue import EventName
from bridge.pbx.payload_fields import Payload, PayloadField, ids, integers, numbers, objects, texts, times
from bridge.pbx.values import read_number

_CALLER_TO_STATUS = (*numbers("caller", "destination"), *texts("direction"), *integers("status"))
_VOICEMAIL = (
    *numbers("sender"),
    *ids("voicemailID"),
    *integers("length"),
    *times("callStarted"),
    *ids("voicemailBoxID"),
    *texts("voicemailBoxName", "messageURL"),
)
_LOST_CALLER = (
    *texts("contact_name"),
    *numbers("destination"),
    *integers("attempts"),
    *numbers("callerid"),
    *times("last_contact"),
)
_LOST_CALLER_PARTS = ("caller", "destination")
_MEMBERS = objects("members", ids("contactID"))
_GROUP = (*times("created"), *ids("groupID"), *integers("type"), *texts("name"), *_MEMBERS)

_PAYLOADS = (
    Payload(
        EventName.CALL_STARTED,
        (*ids("callID"), *_CALLER_TO_STATUS, *times("callStarted"), *ids("contactID")),
        subject_prefix="call",
        subject_parts=("call_id",),
        key=("call_id", "contact_id"),
        time=("call_started",),
    ),
    Payload(
        EventName.CALL_CONNECTED,
        (*ids("callID"), *_CALLER_TO_STATUS, *times("callStarted", "callConnected"), *ids("contactID")),
        subject_prefix="call",
        subject_parts=("call_id",),
        key=("call_id", "contact_id", "call_connected"),
        time=("call_connected",),
    ),
    Payload(
        EventName.CALL_COMPLETED,
        (
            *ids("callID"),
            *_CALLER_TO_STATUS,
            *times("callStarted", "callConnected"),
            *integers("connectionTime"),
            *ids("contactID", "previous_contactID"),
            *times("callEnded"),
            *ids("recordingID"),
        ),
        subject_prefix="call",
        subject_parts=("call_id",),
        key=("call_id", "contact_id"),
        time=("call_ended",),
        may_lack=("callConnected", "previous_contactID", "callEnded", "recordingID"),
    ),
    Payload(
        EventName.CALL_TRANSFERRED,
        (
            *ids("callID"),
            *numbers("caller", "destination"),
            *integers("status"),
            *times("callStarted", "callConnected"),
            *integers("connectionTime"),
            *ids("contactID", "previous_contactID"),
            *texts("direction"),
        ),
        subject_prefix="call",
        subject_parts=("call_id",),
        key=("call_id", "contact_id", "previous_contact_id", "call_connected", "connection_time"),
        time=(),
        may_lack=("callConnected",),
    ),
    Payload(
        EventName.CALL_RECORDED,
        (
            *ids("recordingID", "callID"),
            *times("callStarted"),
            *texts("recordingURL", "direction"),
            *integers("connectionTime"),
            *numbers("caller", "destination"),
            *integers("status"),
            *times("callConnected", "callEnded"),
            *ids("contactID"),
        ),
        subject_prefix="recording",
        subject_parts=("recording_id",),
        key=("recording_id",),
        time=(),
        may_lack=("connectionTime", "caller", "destination", "status", "callConnected", "callEnded", "contactID"),
    ),
    Payload(
        EventName.LOST_CALLER_ADDED,
        _LOST_CALLER,
        subject_prefix="lost-caller",
        subject_parts=_LOST_CALLER_PARTS,
        key=("caller", "destination", "last_contact"),
        time=("last_contact",),
        may_lack=("contact_name",),
    ),
    Payload(
        EventName.LOST_CALLER_UPDATED,
        _LOST_CALLER,
        subject_prefix="lost-caller",
        subject_parts=_LOST_CALLER_PARTS,
        key=("caller", "destination", "attempts", "last_contact"),
        time=("last_contact",),
        may_lack=("contact_name",),
    ),
    Payload(
        EventName.LOST_CALLER_REMOVED,
        numbers("destination", "callerid"),
        subject_prefix="lost-caller",
        subject_parts=_LOST_CALLER_PARTS,
        key=None,
        time=(),
    ),
    Payload(
        EventName.VOICEMAIL_CREATED,
        _VOICEMAIL,
        subject_prefix="voicemail",
        subject_parts=("voicemail_id",),
        key=("voicemail_id",),
        time=("call_started",),
    ),
    Payload(
        EventName.VOICEMAIL_DELETED,
        (*numbers("sender"), *ids("voicemailID")),
        subject_prefix="voicemail",
        subject_parts=("voicemail_id",),
        key=("voicemail_id",),
        time=(),
    ),
    Payload(
        EventName.AUDIO_PROMPT_LISTED,
        (*ids("id"), *texts("name"), *integers("type")),
        subject_prefix="audio-prompt",
        subject_parts=("id",),
        key=("id",),
        time=(),
    ),
    Payload(
        EventName.CALL_LISTED,
        (
            *ids("callID"),
            *_CALLER_TO_STATUS,
            *times("callStarted", "callConnected", "callEnded"),
            *integers("connectionTime"),
            *ids("contactID", "recordingID"),
        ),
        subject_prefix="call",
        subject_parts=("call_id",),
        key=("call_id",),
        time=("call_ended", "call_started"),
        may_lack=("callConnected", "recordingID"),
    ),
    Payload(
        EventName.RECORDING_LISTED,
        (
            *ids("recordingID", "callID"),
            *_CALLER_TO_STATUS,
            *times("callStarted", "callConnected", "callEnded"),
            *ids("contactID"),
            *texts("recordingURL"),
        ),
        subject_prefix="recording",
        subject_parts=("recording_id",),
        key=("recording_id",),
        time=("call_ended", "call_started"),
        may_lack=("callConnected",),
    ),
    Payload(
        EventName.CONTACT_LISTED,
        (
            PayloadField("current_callerid", "current_caller_id", read_number),
            *integers("archived"),
            *texts("firstname", "lastname"),
            *times("created"),
            *numbers("number"),
            *ids("contactID"),
            *objects("group_membership", _GROUP),
            *texts("avatar"),
        ),
        subject_prefix="contact",
        subject_parts=("contact_id",),
        key=("contact_id",),
        time=("created",),
        may_lack=("avatar",),
    ),
    Payload(
        EventName.GROUP_LISTED,
        _GROUP,
        subject_prefix="group",
        subject_parts=("group_id",),
        key=("group_id",),
        time=("created",),
    ),
    Payload(
        EventName.VOICEMAIL_BOX_LISTED,
        (*ids("clientID"), *texts("boxName"), *times("created"), *ids("voicemailBoxID")),
        subject_prefix="voicemail-box",
        subject_parts=("voicemail_box_id",),
        key=("voicemail_box_id",),
        time=("created",),
    ),
    Payload(
        EventName.VOICEMAIL_LISTED,
        _VOICEMAIL,
        subject_prefix="voicemail",
        subject_parts=("voicemail_id",),
        key=("voicemail_id",),
        time=("call_started",),
    ),
    Payload(
        EventName.VOIP_ENDPOINT_LISTED,
        (*ids("id"), *texts("name"), *ids("employee_id")),
        subject_prefix="voip-endpoint",
        subject_parts=("id",),
        key=("id",),
        time=(),
    ),
)

PAYLOADS: Mapping[EventName, Payload] = MappingProxyType({payload.event: payload for payload in _PAYLOADS})
