"""The JSON Schemas (draft 2020-12) of the events' `data`, generated from the models."""

from collections.abc import Iterable

import orjson
from pydantic.json_schema import JsonSchemaValue

from bridge.events.catalogue import EventName, event_type
from bridge.events.envelope import dataschema
from bridge.events.examples import EXAMPLES
from bridge.events.models import MODELS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_types() -> Iterable[str]:
    """Return the type of every schema there is."""
    return (event_type(event) for event in EventName)


def event_schema(event: EventName) -> JsonSchemaValue:
    """Return the schema of one event's `data`."""
    model = MODELS[event]
    generated = model.model_json_schema()
    for described in (generated, *generated.get("$defs", {}).values()):
        for field in described["properties"].values():
            field.pop("title", None)  # generated, and only says the field's name once more
    type_ = event_type(event)
    return {
        "$schema": DIALECT,
        "$id": dataschema(type_, None),
        "title": type_,
        **{key: value for key, value in generated.items() if key != "title"},
        "examples": list(EXAMPLES[event]),
    }


def schema_files() -> dict[str, bytes]:
    """Return each schema as the bytes of its file, by the file's name, such as `pbx.call.started.v1.json`."""
    return {
        f"{event_type(event)}.json": orjson.dumps(event_schema(event), option=orjson.OPT_INDENT_2) + b"\n"
        for event in EventName
    }
