"""The vendor's contract as JSON Schemas: no field that it does not name, and every one that it does.

The published contract marks nothing as required, so a field that is gone would pass; here each is, but for those below.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

CONTRACT: dict[str, Any] = json.loads(Path(__file__).with_name("contract.json").read_bytes())

# What may be missing where: nobody answered, nothing was recorded (yet), nobody passed the call on.
_MAYBE = {
    "GetCallHistory": {"callConnected", "recordingID"},
    "GetCallHistoryItemByID": {"callConnected", "recordingID"},
    "CallCompleted": {"callConnected", "previous_contactID"},
}

_TIMES = {"callStarted", "callConnected", "callEnded", "created", "last_contact"}
_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$"}


def closed(schema: Mapping[str, Any], maybe: set[str]) -> dict[str, Any]:
    """Return the schema with every object that names fields closed to others and, but for `maybe`, complete."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {
            name: _TIME if name in _TIMES else closed(inner, maybe) for name, inner in schema["properties"].items()
        }
        result["additionalProperties"] = False
        result["required"] = sorted(set(schema["properties"]) - maybe)
    if "items" in schema:
        result["items"] = closed(schema["items"], maybe)
    return result


OPERATIONS: dict[str, dict[str, Any]] = {operation["operation"]: operation for operation in CONTRACT["operations"]}
ANSWERS = {
    name: Draft202012Validator(closed(operation["answer"], _MAYBE.get(name, set()) if "GetCall" in name else set()))
    for name, operation in OPERATIONS.items()
}
WEBHOOKS = {
    name: Draft202012Validator(closed(schema, _MAYBE.get(name, set()))) for name, schema in CONTRACT["webhooks"].items()
}
