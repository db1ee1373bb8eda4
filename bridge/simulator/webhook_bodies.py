"""The webhook of each event, field by field as the vendor's samples show them. Pure.

`begin` is the epoch second at which the simulated day began.
"""

from bridge.simulator.calls import Call
from bridge.simulator.clock import stamp
from bridge.simulator.facts import EventName, Fact
from bridge.simulator.rows import STATUS, LostCaller, RecordingRow, VoicemailRow, lost_caller_data, voicemail_data


def _subject(call: Call) -> str:
    return f"call/{call.call_id}"


def _parties(call: Call) -> dict[str, object]:
    return {"callID": call.call_id, "caller": call.caller, "destination": call.destination}


def _connected(call: Call, begin: int) -> dict[str, object]:
    return {} if call.connected is None else {"callConnected": stamp(begin + int(call.connected))}


def call_started(call: Call, begin: int) -> Fact:
    data = _parties(call) | {
        "direction": call.direction,
        "status": STATUS,
        "callStarted": stamp(begin + int(call.started)),
        "contactID": call.contact.contact_id,
    }
    return Fact("CallStarted", _subject(call), call.started, data)


def call_connected(call: Call, begin: int, at: float) -> Fact:
    data = (
        _parties(call)
        | {"direction": call.direction, "status": STATUS, "callStarted": stamp(begin + int(call.started))}
        | _connected(call, begin)
        | {"contactID": call.contact.contact_id}
    )
    return Fact("CallConnected", _subject(call), at, data)


def call_transferred(call: Call, begin: int, index: int) -> Fact:
    """Tell of the transfer with this index; the time of conversation is counted from the first answer."""
    transfer = call.transfers[index]
    data = (
        _parties(call)
        | {"status": STATUS, "callStarted": stamp(begin + int(call.started))}
        | _connected(call, begin)
        | {
            "connectionTime": call.talked(transfer.at),
            "contactID": transfer.to.contact_id,
            "previous_contactID": call.contact_after(index).contact_id,
            "direction": call.direction,
        }
    )
    return Fact("CallTransfered", _subject(call), transfer.at, data)


def call_completed(call: Call, begin: int) -> Fact:
    """Tell of the end; the one who had the call before is named only if it was transferred."""
    moves = len(call.transfers)
    data = (
        _parties(call)
        | {"direction": call.direction, "status": STATUS, "callStarted": stamp(begin + int(call.started))}
        | _connected(call, begin)
        | {"connectionTime": call.talked(call.ended), "contactID": call.contact_after(moves).contact_id}
    )
    if moves:
        data["previous_contactID"] = call.contact_after(moves - 1).contact_id
    return Fact("CallCompleted", _subject(call), call.ended, data)


def call_recorded(row: RecordingRow, at: float) -> Fact:
    call = row.call
    data: dict[str, object] = {
        "recordingID": row.recording_id,
        "callID": call.call_id,
        "callStarted": stamp(call.started),
        "recordingURL": row.url,
        "direction": call.direction,
        "connectionTime": call.connection_time,
    }
    return Fact("CallRecorded", f"recording/{row.recording_id}", at, data)


def voicemail_created(row: VoicemailRow, at: float) -> Fact:
    return Fact("VoicemailCreated", f"voicemail/{row.voicemail_id}", at, voicemail_data(row))


def voicemail_deleted(row: VoicemailRow, at: float) -> Fact:
    data: dict[str, object] = {"sender": row.sender, "voicemailID": row.voicemail_id}
    return Fact("VoicemailDeleted", f"voicemail/{row.voicemail_id}", at, data)


def lost_caller_told(row: LostCaller, at: float, *, new: bool) -> Fact:
    event: EventName = "LostCallerAdded" if new else "LostCallerUpdated"
    return Fact(event, _pair(row.caller_id, row.destination), at, lost_caller_data(row))


def lost_caller_removed(caller_id: str, destination: str, at: float) -> Fact:
    data: dict[str, object] = {"destination": destination, "callerid": caller_id}
    return Fact("LostCallerRemoved", _pair(caller_id, destination), at, data)


def _pair(caller_id: str, destination: str) -> str:
    return f"lost-caller/{caller_id}/{destination}"
