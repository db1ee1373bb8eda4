"""What each switch can strike, so that a setting that never would is refused instead of doing nothing. Pure."""

from collections.abc import Collection

from bridge.simulator.facts import ALIASES, EVENTS
from bridge.simulator.operations import LIST_IDS, OPERATION_IDS
from bridge.simulator.switches import Fault, FaultName

_CALL = "callID caller destination direction status callStarted contactID"
_LOST_CALLER = "contact_name destination attempts callerid last_contact"
_VOICEMAIL = "sender voicemailID length callStarted voicemailBoxID voicemailBoxName messageURL"
_HISTORY = f"{_CALL} callConnected callEnded connectionTime recordingID"
_RECORDING = f"{_CALL} callConnected callEnded recordingID recordingURL"
_CONTACT = "current_callerid archived firstname lastname created number contactID group_membership avatar"
_GROUP = "created groupID type name members"
_BOX = "clientID boxName created voicemailBoxID"
_PROMPT = "id name type"
_ENDPOINT = "id name employee_id"

# The fields of data, of the events and of the operations that show rows.
FIELDS: dict[str, frozenset[str]] = {
    what: frozenset(fields.split())
    for what, fields in {
        "CallStarted": _CALL,
        "CallConnected": f"{_CALL} callConnected",
        "CallCompleted": f"{_CALL} callConnected connectionTime previous_contactID",
        "CallTransfered": f"{_CALL} callConnected connectionTime previous_contactID",
        "CallRecorded": "recordingID callID callStarted recordingURL direction connectionTime",
        "LostCallerAdded": _LOST_CALLER,
        "LostCallerUpdated": _LOST_CALLER,
        "LostCallerRemoved": "destination callerid",
        "VoicemailCreated": _VOICEMAIL,
        "VoicemailDeleted": "sender voicemailID",
        "GetAudioPrompts": _PROMPT,
        "GetAudioPromptByID": _PROMPT,
        "GetCallHistory": _HISTORY,
        "GetCallHistoryItemByID": _HISTORY,
        "GetCallRecordings": _RECORDING,
        "GetCallRecordingByID": _RECORDING,
        "GetContacts": _CONTACT,
        "GetContactsByID": _CONTACT,
        "GetGroups": _GROUP,
        "GetGroupByID": _GROUP,
        "GetLostCalls": _LOST_CALLER,
        "GetVoicemailBoxes": _BOX,
        "GetVoicemailBoxByID": _BOX,
        "GetVoicemails": _VOICEMAIL,
        "GetVoicemailByID": _VOICEMAIL,
        "GetVoipEndpoints": _ENDPOINT,
        "GetVoipEndpointByID": _ENDPOINT,
    }.items()
}

_EVENTS = frozenset[str](EVENTS)
_WITH_FIELDS: frozenset[FaultName] = frozenset({"field_null", "field_missing", "field_empty", "field_retyped"})
_WITH_SECONDS: frozenset[FaultName] = frozenset(
    {"webhook_late", "webhook_out_of_order", "request_late", "answer_slow", "answer_hanging", "answer_429"}
)
_WITH_PROCESSED: frozenset[FaultName] = frozenset(
    {
        "answer_hanging",
        "answer_cut",
        "answer_429",
        "answer_500",
        "answer_503",
        "answer_html",
        "envelope_mismatch",
        "reset_before",
        "reset_after",
        "keepalive_closed",
    }
)


def check_setting(name: FaultName, fault: Fault) -> None:
    """Raise ValueError when the switch could never strike as it is set, or would not look at something set."""
    targets = _targets(name)
    _refuse(f"{name} never strikes", fault.on - targets)
    if fault.fields:
        if name not in _WITH_FIELDS:
            raise ValueError(f"{name} has no fields")
        _refuse(f"{name} never strikes", fault.fields.difference(*(FIELDS[what] for what in fault.on or targets)))
    if fault.seconds is not None and name not in _WITH_SECONDS:
        raise ValueError(f"{name} has no seconds")
    if fault.processed is not None and name not in _WITH_PROCESSED:
        raise ValueError(f"{name} has no processed")


def _targets(name: FaultName) -> frozenset[str]:
    """Return the names of the events and operations that the switch can strike."""
    if name == "event_alias":
        return frozenset(ALIASES)
    if name.startswith(("webhook_", "hook_", "event_", "data_", "body_")):
        return _EVENTS
    if name.startswith("field_"):
        return frozenset(FIELDS)
    if name in {"row_deleted", "row_added"}:
        return LIST_IDS
    if name == "history_other_contact":
        return frozenset({"GetCallHistory"})
    return frozenset({"Dial"}) if name == "dial_without_call" else OPERATION_IDS


def _refuse(what: str, names: Collection[str]) -> None:
    if names:
        raise ValueError(f"{what} {', '.join(sorted(names))}")
