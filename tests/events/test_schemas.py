"""The published schemas, held against the specification, the models and the examples."""

import json
from pathlib import Path
from typing import cast

import pytest
from jsonschema import Draft202012Validator, ValidationError

from bridge.events.catalogue import EventName, event_type
from bridge.events.examples import EXAMPLES
from bridge.events.models import MODELS
from bridge.events.schemas import event_schema, schema_files
from bridge.pbx.payloads import PAYLOADS

PUBLISHED = Path(__file__).parents[2] / "schemas"


def test_the_checked_in_schemas_are_as_generated() -> None:
    """A model cannot change without its schema."""
    assert {path.name: path.read_bytes() for path in PUBLISHED.glob("*.json")} == schema_files()


@pytest.mark.parametrize("event", EventName)
def test_a_schema_is_draft_2020_12_and_names_itself(event: EventName) -> None:
    """What `dataschema` names is what the file says it is."""
    schema = event_schema(event)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:bridge:schema:{event_type(event)}"


@pytest.mark.parametrize("event", EventName)
def test_examples_hold_in_the_schema_and_in_the_model(event: EventName) -> None:
    """What the documentation shows is what consumers get."""
    assert EXAMPLES[event]
    for example in EXAMPLES[event]:
        Draft202012Validator(event_schema(event)).validate(example)
        MODELS[event].model_validate_json(json.dumps(example))


@pytest.mark.parametrize("event", EventName)
def test_every_field_is_required_and_described(event: EventName) -> None:
    """Present always, null where unknown; a consumer never has to guess what a field means."""
    schema = event_schema(event)
    assert schema["required"] == list(schema["properties"])
    assert all(field["description"] for field in schema["properties"].values())
    with pytest.raises(ValidationError):
        Draft202012Validator(schema).validate({})


@pytest.mark.parametrize("event", EventName)
def test_the_model_has_the_fields_of_the_translation_in_their_order(event: EventName) -> None:
    """The typed model and the table that makes the bytes cannot drift apart."""
    written = []
    for field in PAYLOADS[event].fields:
        written.append(field.ours)
        if field.e164 is not None:
            written.append(field.e164)
    assert list(MODELS[event].model_fields) == [*written, "extra"]


def test_extra_takes_any_json() -> None:
    """Unknown fields of the vendor never make an event invalid."""
    example = {**EXAMPLES[EventName.CALL_STARTED][0], "extra": {"x": [1.5, {"y": None}]}}
    Draft202012Validator(event_schema(EventName.CALL_STARTED)).validate(example)


def test_a_null_in_the_subject_is_no_event() -> None:
    """The subject's parts are the only fields that cannot be null."""
    example = {**EXAMPLES[EventName.CALL_STARTED][0], "call_id": None}
    with pytest.raises(ValidationError):
        Draft202012Validator(event_schema(EventName.CALL_STARTED)).validate(example)


def test_each_file_is_readable_json() -> None:
    """Indented for people, one newline at the end."""
    for name, content in schema_files().items():
        assert cast("dict[str, str]", json.loads(content))["title"] == name.removesuffix(".json")
        assert content.endswith(b"}\n")
