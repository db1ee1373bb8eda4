"""The published schemas, held against the specification, the models and the examples."""

import json
from collections.abc import Iterator
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
from bridge.pbx.payload_fields import PayloadField
from bridge.pbx.payloads import PAYLOADS

PUBLISHED = Path(__file__).parents[2] / "schemas"
SAMPLES = Path(__file__).parents[1] / "samples" / "records"
PUBLISHED_SAMPLES = {
    "call-started": EventName.CALL_STARTED,
    "call-connected": EventName.CALL_CONNECTED,
    "call-completed": EventName.CALL_COMPLETED,
    "voicemail-created": EventName.VOICEMAIL_CREATED,
    "voicemail-deleted": EventName.VOICEMAIL_DELETED,
    "lost-caller-added": EventName.LOST_CALLER_ADDED,
    "lost-caller-removed": EventName.LOST_CALLER_REMOVED,
}
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
    assert len(examples) >= 2
    for example in examples:
        Draft202012Validator(schema(type_)).validate(example)
        model.model_validate_json(json.dumps(example))


@pytest.mark.parametrize("type_", DESCRIBED)
def test_every_field_is_described(type_: str) -> None:
    """A consumer or client never has to guess what a field means."""
    described = schema(type_)
    objects = [one for one in (described, *described.get("$defs", {}).values()) if "enum" not in one]
    fields = [field for one in objects for field in one.get("properties", {}).values()]
    assert len(fields) >= 1
    assert all(field["description"].endswith(".") for field in fields)


@pytest.mark.parametrize("type_", DESCRIBED)
def test_no_default_says_null_where_null_is_refused(type_: str) -> None:
    """What need not be there is absent; a generator of code would write null else."""
    described = schema(type_)
    for one in (described, *described.get("$defs", {}).values()):
        for field in one.get("properties", {}).values():
            if "default" in field:
                Draft202012Validator(field).validate(field["default"])


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


@pytest.mark.parametrize("event", EventName)
def test_a_field_names_its_origin(event: EventName) -> None:
    """The name that the vendor has for it, in the lists of objects, too; what has none is made by the bridge."""

    def origins(fields: tuple[PayloadField, ...]) -> Iterator[tuple[str, str]]:
        for field in fields:
            yield field.ours, field.vendor
            yield from origins(field.inner or ())

    described = schema(event_type(event))
    named = {
        (name, field["x-vendor-field"])
        for one in (described, *described.get("$defs", {}).values())
        for name, field in one["properties"].items()
        if "x-vendor-field" in field
    }
    assert named == set(origins(PAYLOADS[event].fields))
    own = {name for name, field in described["properties"].items() if "x-vendor-field" not in field}
    assert own == {"extra"} | {field.e164 for field in PAYLOADS[event].fields if field.e164 is not None}


@pytest.mark.parametrize(("sample", "event"), PUBLISHED_SAMPLES.items())
def test_the_first_example_is_the_vendors_published_sample(sample: str, event: EventName) -> None:
    """As the bridge publishes it; the vendor has published seven."""
    record = json.loads((SAMPLES / f"{sample}.json").read_bytes())
    assert json.loads(record["value"]) == EXAMPLES[event][0]


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
