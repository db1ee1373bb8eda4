"""The operations of the vendor's contract, by their ids, and which request means which. Pure."""

from dataclasses import dataclass

from bridge.simulator.facts import EVENTS, EventName


@dataclass(frozen=True, slots=True)
class RegisterHook:
    operation_id: str
    event: EventName


@dataclass(frozen=True, slots=True)
class DeleteHook:
    operation_id: str


Operation = RegisterHook | DeleteHook

_ID = "{id}"

_OPERATIONS: dict[tuple[str, str], Operation] = {
    **{("POST", f"webhooks/{event}"): RegisterHook(event, event) for event in EVENTS},
    ("DELETE", f"webhooks/{_ID}"): DeleteHook("DeleteWebhookByID"),
}

# What a key can be limited to.
OPERATION_IDS = frozenset(operation.operation_id for operation in _OPERATIONS.values())


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
