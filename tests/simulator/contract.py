"""The vendor's contract as JSON Schemas that allow no field it does not name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

CONTRACT: dict[str, Any] = json.loads(Path(__file__).with_name("contract.json").read_bytes())


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with every object that names fields closed to others."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: closed(inner) for name, inner in schema["properties"].items()}
        result["additionalProperties"] = False
    if "items" in schema:
        result["items"] = closed(schema["items"])
    return result


OPERATIONS: dict[str, dict[str, Any]] = {operation["operation"]: operation for operation in CONTRACT["operations"]}
ANSWERS = {name: Draft202012Validator(closed(operation["answer"])) for name, operation in OPERATIONS.items()}
WEBHOOKS = {name: Draft202012Validator(closed(schema)) for name, schema in CONTRACT["webhooks"].items()}
