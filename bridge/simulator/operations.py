"""The 29 operations of the vendor's contract, by their ids, and which request means which. Pure."""

from dataclasses import dataclass

from bridge.simulator.facts import EVENTS, EventName
from bridge.simulator.lists import LISTS, ListName


@dataclass(frozen=True, slots=True)
class RegisterHook:
    operation_id: str
    event: EventName


@dataclass(frozen=True, slots=True)
class DeleteHook:
    operation_id: str


@dataclass(frozen=True, slots=True)
class GetList:
    operation_id: str
    name: ListName


@dataclass(frozen=True, slots=True)
class GetItem:
    operation_id: str
    name: ListName


@dataclass(frozen=True, slots=True)
class GetLostCalls:
    operation_id: str


@dataclass(frozen=True, slots=True)
class Dial:
    operation_id: str


Operation = RegisterHook | DeleteHook | GetList | GetItem | GetLostCalls | Dial

# The contract's ids of the operation on a list and on one item of it.
_NAMES: dict[ListName, tuple[str, str]] = {
    "audio_prompts": ("GetAudioPrompts", "GetAudioPromptByID"),
    "call_history": ("GetCallHistory", "GetCallHistoryItemByID"),
    "call_records": ("GetCallRecordings", "GetCallRecordingByID"),
    "contacts": ("GetContacts", "GetContactsByID"),
    "groups": ("GetGroups", "GetGroupByID"),
    "voicemail_boxes": ("GetVoicemailBoxes", "GetVoicemailBoxByID"),
    "voicemails": ("GetVoicemails", "GetVoicemailByID"),
    "voip_endpoints": ("GetVoipEndpoints", "GetVoipEndpointByID"),
}

_ID = "{id}"

_OPERATIONS: dict[tuple[str, str], Operation] = {
    **{("POST", f"webhooks/{event}"): RegisterHook(event, event) for event in EVENTS},
    **{("GET", f"trigger/{name}"): GetList(_NAMES[name][0], name) for name in LISTS},
    **{("GET", f"{name}/{_ID}"): GetItem(_NAMES[name][1], name) for name in LISTS},
    ("DELETE", f"webhooks/{_ID}"): DeleteHook("DeleteWebhookByID"),
    ("GET", "lost_calls"): GetLostCalls("GetLostCalls"),
    ("POST", "dial"): Dial("Dial"),
}

# What a key can be limited to, and a fault.
OPERATION_IDS = frozenset(operation.operation_id for operation in _OPERATIONS.values())

# Those that give pages of a list with ids.
LIST_IDS = frozenset(operation.operation_id for operation in _OPERATIONS.values() if isinstance(operation, GetList))


def find_operation(method: str, path: str) -> tuple[Operation, str] | None:
    """Return the operation and the id in its path ("" without one), None when the contract has no such request.

    `path` is what follows the base URL, without a slash in front.
    """
    operation = _OPERATIONS.get((method, path))
    if operation is not None:
        return operation, ""
    start, _, last = path.rpartition("/")
    operation = _OPERATIONS.get((method, f"{start}/{_ID}"))
    return None if operation is None else (operation, last)
