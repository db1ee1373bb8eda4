"""The rows of the vendor's lists, and how the vendor writes them: a field without a value is left out. Pure."""

from dataclasses import dataclass
from typing import assert_never

from bridge.simulator.calls import Call
from bridge.simulator.clock import stamp
from bridge.simulator.directory import AudioPrompt, Contact, Directory, Group, VoicemailBox, VoipEndpoint

# The only value that published samples show; its meaning is not published.
STATUS = 1


@dataclass(frozen=True, slots=True)
class CallRow:
    call_id: int
    caller: str
    destination: str
    direction: str
    status: int
    started: int
    connected: int | None
    ended: int
    connection_time: int
    contact_id: int
    recording_id: int | None = None


@dataclass(frozen=True, slots=True)
class RecordingRow:
    recording_id: int
    call: CallRow
    url: str


@dataclass(frozen=True, slots=True)
class VoicemailRow:
    voicemail_id: int
    sender: str
    length: int
    started: int
    box_id: int
    box_name: str
    contact_id: int
    url: str


@dataclass(frozen=True, slots=True)
class LostCaller:
    caller_id: str
    destination: str
    contact_name: str
    attempts: int
    last_contact: int


# A row of any list.
Row = CallRow | RecordingRow | VoicemailRow | LostCaller | Contact | Group | VoicemailBox | AudioPrompt | VoipEndpoint


def call_row(call: Call, begin: int) -> CallRow:
    """Return the row of a call that has ended; `begin` is the epoch second at which its day began."""
    return CallRow(
        call_id=call.call_id,
        caller=call.caller,
        destination=call.destination,
        direction=call.direction,
        status=STATUS,
        started=begin + int(call.started),
        connected=None if call.connected is None else begin + int(call.connected),
        ended=begin + int(call.ended),
        connection_time=call.talked(call.ended),
        contact_id=call.contact_after(len(call.transfers)).contact_id,
    )


def _known(data: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in data.items() if value is not None}


def _time(epoch: int | None) -> str | None:
    return None if epoch is None else stamp(epoch)


def call_data(row: CallRow) -> dict[str, object]:
    return _known(
        {
            "callID": row.call_id,
            "caller": row.caller,
            "destination": row.destination,
            "direction": row.direction,
            "status": row.status,
            "callStarted": stamp(row.started),
            "callConnected": _time(row.connected),
            "callEnded": stamp(row.ended),
            "connectionTime": row.connection_time,
            "contactID": row.contact_id,
            "recordingID": row.recording_id,
        }
    )


def recording_data(row: RecordingRow) -> dict[str, object]:
    call = row.call
    return _known(
        {
            "recordingID": row.recording_id,
            "callID": call.call_id,
            "caller": call.caller,
            "destination": call.destination,
            "direction": call.direction,
            "status": call.status,
            "callStarted": stamp(call.started),
            "callConnected": _time(call.connected),
            "callEnded": stamp(call.ended),
            "contactID": call.contact_id,
            "recordingURL": row.url,
        }
    )


def voicemail_data(row: VoicemailRow) -> dict[str, object]:
    return {
        "sender": row.sender,
        "voicemailID": row.voicemail_id,
        "length": row.length,
        "callStarted": stamp(row.started),
        "voicemailBoxID": row.box_id,
        "voicemailBoxName": row.box_name,
        "messageURL": row.url,
    }


def lost_caller_data(row: LostCaller) -> dict[str, object]:
    return {
        "contact_name": row.contact_name,
        "destination": row.destination,
        "attempts": row.attempts,
        "callerid": row.caller_id,
        "last_contact": stamp(row.last_contact),
    }


def group_data(group: Group) -> dict[str, object]:
    return {
        "created": stamp(group.created),
        "groupID": group.group_id,
        "type": group.type,
        "name": group.name,
        "members": [{"contactID": contact_id} for contact_id in group.members],
    }


def contact_data(contact: Contact, directory: Directory) -> dict[str, object]:
    return {
        "current_callerid": contact.caller_id,
        "archived": contact.archived,
        "firstname": contact.first_name,
        "lastname": contact.last_name,
        "created": stamp(contact.created),
        "number": contact.number,
        "contactID": contact.contact_id,
        "group_membership": [group_data(g) for g in directory.groups.newest_first() if contact.contact_id in g.members],
        "avatar": f"https://pbx.example/avatars/{contact.contact_id}.png",
    }


def box_data(box: VoicemailBox) -> dict[str, object]:
    return {
        "clientID": box.client_id,
        "boxName": box.name,
        "created": stamp(box.created),
        "voicemailBoxID": box.box_id,
    }


def prompt_data(prompt: AudioPrompt) -> dict[str, object]:
    return {"id": prompt.prompt_id, "name": prompt.name, "type": prompt.type}


def endpoint_data(endpoint: VoipEndpoint) -> dict[str, object]:
    return {"id": endpoint.endpoint_id, "name": endpoint.name, "employee_id": endpoint.contact_id}


def data_of(row: Row, directory: Directory) -> dict[str, object]:  # noqa: PLR0911 - one per kind of row
    """Return the row as the lists show it."""
    match row:
        case CallRow():
            return call_data(row)
        case RecordingRow():
            return recording_data(row)
        case VoicemailRow():
            return voicemail_data(row)
        case LostCaller():
            return lost_caller_data(row)
        case Contact():
            return contact_data(row, directory)
        case Group():
            return group_data(row)
        case VoicemailBox():
            return box_data(row)
        case AudioPrompt():
            return prompt_data(row)
        case VoipEndpoint():
            return endpoint_data(row)
        case _:
            assert_never(row)
