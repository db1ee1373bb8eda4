"""The JSON Schemas (draft 2020-12) of all `data` and of the headers, generated from the models."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import orjson
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaValue

from bridge.events.annotations import COMMAND_HEADERS, EVENT_HEADERS, QUARANTINE_HEADERS, RESULT_HEADERS, annotations
from bridge.events.catalogue import EventName, event_type
from bridge.events.command_catalogue import RESOLVED_TYPE, RESULT_TYPE, CommandName, command_type
from bridge.events.command_examples import COMMAND_EXAMPLES, RESULT_EXAMPLES
from bridge.events.command_models import COMMAND_MODELS
from bridge.events.envelope import dataschema
from bridge.events.examples import EXAMPLES
from bridge.events.header_models import CommandHeaders, EventHeaders, ResultHeaders
from bridge.events.model_fields import JsonObject
from bridge.events.models import MODELS
from bridge.events.quarantine_models import QuarantinedRecord
from bridge.events.record_examples import (
    COMMAND_HEADERS_EXAMPLES,
    EVENT_HEADERS_EXAMPLES,
    QUARANTINE_HEADERS_EXAMPLES,
    RESULT_HEADERS_EXAMPLES,
)
from bridge.events.result_models import CommandResolved, CommandResult

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Described(NamedTuple):
    """What is known of the `data` of one type, or of one set of headers."""

    model: type[BaseModel]
    examples: Sequence[JsonObject]


DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {event_type(event): Described(MODELS[event], EXAMPLES[event]) for event in EventName}
    | {command_type(name): Described(COMMAND_MODELS[name], COMMAND_EXAMPLES[name]) for name in CommandName}
    | {
        RESULT_TYPE: Described(CommandResult, RESULT_EXAMPLES[RESULT_TYPE]),
        RESOLVED_TYPE: Described(CommandResolved, RESULT_EXAMPLES[RESOLVED_TYPE]),
        EVENT_HEADERS: Described(EventHeaders, EVENT_HEADERS_EXAMPLES),
        COMMAND_HEADERS: Described(CommandHeaders, COMMAND_HEADERS_EXAMPLES),
        RESULT_HEADERS: Described(ResultHeaders, RESULT_HEADERS_EXAMPLES),
        QUARANTINE_HEADERS: Described(QuarantinedRecord, QUARANTINE_HEADERS_EXAMPLES),
    }
)
"""Everything that has a schema, and what its schema is made of."""


def schema(type_: str) -> JsonSchemaValue:
    """Return the schema of the `data` of one of the types, or of one of the sets of headers."""
    model, examples = DESCRIBED[type_]
    generated = model.model_json_schema()
    for described in (generated, *generated.get("$defs", {}).values()):
        for field in described.get("properties", {}).values():
            field.pop("title", None)  # generated, and only says the field's name once more
            if "anyOf" not in field and field.get("default", ...) is None:
                del field["default"]  # how Python says that it is absent; null itself would be refused
    return {
        "$schema": DIALECT,
        "$id": dataschema(type_, None),
        "title": type_,
        **{key: value for key, value in generated.items() if key != "title"},
        **annotations(type_),
        "examples": list(examples),
    }


def schema_files() -> dict[str, bytes]:
    """Return each schema as the bytes of its file, by the file's name, such as `pbx.call.started.v1.json`."""
    return {f"{type_}.json": orjson.dumps(schema(type_), option=orjson.OPT_INDENT_2) + b"\n" for type_ in DESCRIBED}
