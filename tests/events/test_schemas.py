"""The published schemas, held against the specification, the models and the examples."""

import json
from pathlib import Path
from typing import cast

import pytest
from jsonschema import Draft202012Validator, ValidationError

from bridge.events.catalogue import EventName, event_type
from bridge.events.command_catalogue import RESOLVED_TYPE, RESULT_TYPE, CommandName, command_type
from bridge.events.command_examples import COMMAND_EXAMPLES
from bridge.events.examples import EXAMPLES
from bridge.events.models import MODELS
from bridge.events.schemas import DESCRIBED, schema, schema_files
from bridge.pbx.payloads import PAYLOADS

PUBLISHED = Path(__file__).parents[2] / "schemas"
PUBLISHED_TYPES = [*map(event_type, EventName), RESULT_TYPE, RESOLVED_TYPE]
CALL_STARTED = event_type(EventName.CALL_STARTED)


def test_the_checked_in_schemas_are_as_generated() -> None:
    """A model cannot change without its schema."""
    assert {path.name: path.read_bytes() for path in PUBLISHED.glob("*.json")} == schema_files()


@pytest.mark.parametrize("type_", DESCRIBED)
def test_a_schema_is_draft_2020_12_and_names_itself(type_: str) -> None:
    """What `dataschema` names is what the file says it is."""
    described = schema(type_)
    Draft202012Validator.check_schema(described)
    assert described["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert described["$id"] == f"urn:bridge:schema:{type_}"


@pytest.mark.parametrize("type_", DESCRIBED)
def test_examples_hold_in_the_schema_and_in_the_model(type_: str) -> None:
    """What the documentation shows is what consumers get, and what clients may send."""
    model, examples = DESCRIBED[type_]
    assert examples
    for example in examples:
        Draft202012Validator(schema(type_)).validate(example)
        model.model_validate_json(json.dumps(example))


@pytest.mark.parametrize("type_", DESCRIBED)
def test_every_field_is_described(type_: str) -> None:
    """A consumer or client never has to guess what a field means."""
    assert all(field["description"] for field in schema(type_)["properties"].values())


@pytest.mark.parametrize("type_", PUBLISHED_TYPES)
def test_every_published_field_is_required(type_: str) -> None:
    """Present always, null where unknown."""
    described = schema(type_)
    assert described["required"] == list(described["properties"])
    with pytest.raises(ValidationError):
        Draft202012Validator(described).validate({})


@pytest.mark.parametrize("name", CommandName)
def test_a_field_that_a_command_does_not_have_is_refused(name: CommandName) -> None:
    """Nobody can tell what its sender meant by it."""
    with pytest.raises(ValidationError):
        Draft202012Validator(schema(command_type(name))).validate({**COMMAND_EXAMPLES[name][0], "at": "noon"})


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
    Draft202012Validator(schema(CALL_STARTED)).validate(example)


def test_a_null_in_the_subject_is_no_event() -> None:
    """The subject's parts are the only fields that cannot be null."""
    example = {**EXAMPLES[EventName.CALL_STARTED][0], "call_id": None}
    with pytest.raises(ValidationError):
        Draft202012Validator(schema(CALL_STARTED)).validate(example)


def test_each_file_is_readable_json() -> None:
    """Indented for people, one newline at the end."""
    for name, content in schema_files().items():
        assert cast("dict[str, str]", json.loads(content))["title"] == name.removesuffix(".json")
        assert content.endswith(b"}\n")
