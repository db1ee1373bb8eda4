"""The gate: which changes of a schema break somebody, and which do not."""

import re
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bridge.events.catalogue import EventName, event_type
from bridge.events.command_catalogue import CommandName, command_type
from bridge.events.compatibility import SchemaFinding, compare, compare_all
from bridge.events.schema_references import NotComparable
from bridge.events.schemas import DESCRIBED, schema
from tests.events.schema_changes import (
    ALLOWED_OF_COMMANDS,
    ALLOWED_OF_EVENTS,
    COMMAND,
    EVENT,
    REFUSED_OF_COMMANDS,
    REFUSED_OF_EVENTS,
    Schema,
    changed,
)

SCALARS: list[object] = [None, True, 0, 1, 5, 10, 2.5, "", "a", "ab", "12"]
VALUES: list[object] = [*SCALARS, [], [1], ["a"], {}, {"a": 1}, {"a": "a", "b": 1}]
PLAIN = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={"minimum": st.integers(0, 3), "maximum": st.integers(4, 10)},
    ),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "minLength": st.integers(0, 1),
            "maxLength": st.integers(1, 2),
            "pattern": st.sampled_from(["^[a-z]*$", "^[0-9]*$"]),
        },
    ),
    st.builds(lambda values: {"enum": values}, st.lists(st.sampled_from(SCALARS), min_size=1, max_size=3)),
    st.builds(lambda value: {"const": value}, st.sampled_from(SCALARS)),
    st.sampled_from(
        [{"type": "null"}, {"type": "boolean"}, {"type": ["string", "null"]}, {}, {"not": {"type": "null"}}]
    ),
)


def fields(further: st.SearchStrategy[object]) -> st.SearchStrategy[Schema]:
    """Make schemas of a field; `further` is what their objects may hold beside the fields that are named."""
    return st.recursive(
        PLAIN,
        lambda inner: st.one_of(
            st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda items: {"type": "array", "items": items}, inner),
            st.fixed_dictionaries(
                {"type": st.just("object"), "additionalProperties": st.one_of(further, inner)},
                optional={
                    "properties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
                    "required": st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True),
                },
            ),
        ),
        max_leaves=4,
    )


OPEN = fields(st.booleans())
CLOSED = fields(st.just(value=False))
# Of commands: what they may hold beside their fields nobody reads, so that a new field counts as never sent before.


def sentences(old: Schema, new: Schema) -> list[str]:
    return [f"{field}: {sentence}" for field, sentence in compare(old, new)]


@pytest.mark.parametrize(("changes", "said"), REFUSED_OF_EVENTS.values(), ids=REFUSED_OF_EVENTS)
def test_a_change_that_breaks_consumers_is_refused(changes: list[tuple[str, object]], said: list[str]) -> None:
    """A sentence for each thing that they could stumble over."""
    assert sentences(EVENT, changed(EVENT, *changes)) == said


@pytest.mark.parametrize("changes", ALLOWED_OF_EVENTS.values(), ids=ALLOWED_OF_EVENTS)
def test_a_change_that_no_consumer_stumbles_over_passes(changes: list[tuple[str, object]]) -> None:
    """What is new they pass over, and what gets narrower they know."""
    assert sentences(EVENT, changed(EVENT, *changes)) == []


@pytest.mark.parametrize(("changes", "said"), REFUSED_OF_COMMANDS.values(), ids=REFUSED_OF_COMMANDS)
def test_a_change_that_breaks_clients_is_refused(changes: list[tuple[str, object]], said: list[str]) -> None:
    """What a client of the last release sends has to be taken."""
    assert sentences(COMMAND, changed(COMMAND, *changes)) == said


@pytest.mark.parametrize("changes", ALLOWED_OF_COMMANDS.values(), ids=ALLOWED_OF_COMMANDS)
def test_a_change_that_takes_all_that_was_taken_passes(changes: list[tuple[str, object]]) -> None:
    """The bridge may take more than before."""
    assert sentences(COMMAND, changed(COMMAND, *changes)) == []


def test_the_table_holds_thirty_changes_and_more() -> None:
    """Of both verdicts, and in both directions."""
    assert len(REFUSED_OF_EVENTS) >= 30
    assert len(ALLOWED_OF_EVENTS) >= 20
    assert len(REFUSED_OF_COMMANDS) >= 15
    assert len(ALLOWED_OF_COMMANDS) >= 10


@pytest.mark.parametrize("type_", DESCRIBED)
def test_a_schema_is_compatible_with_itself(type_: str) -> None:
    """All of ours can be judged."""
    assert compare(schema(type_), schema(type_)) == []


@pytest.mark.parametrize("event", EventName)
def test_no_field_of_an_event_can_go(event: EventName) -> None:
    """Whichever it is, it is missed."""
    before = schema(event_type(event))
    for name in before["properties"]:
        after = deepcopy(before)
        del after["properties"][name]
        after["required"].remove(name)
        assert [(found.field, found.sentence[:17]) for found in compare(before, after)] == [(name, "the field is gone")]


@pytest.mark.parametrize("name", CommandName)
def test_no_field_of_a_command_can_go(name: CommandName) -> None:
    """Whoever sends it would be refused."""
    before = schema(command_type(name))
    for field in before["properties"]:
        after = deepcopy(before)
        del after["properties"][field]
        assert field in {found.field for found in compare(before, after)}


def test_a_schema_that_is_gone_is_told_and_a_new_one_is_not() -> None:
    """By its name; the others are compared."""
    wider = changed(EVENT, ("properties.hook", {"type": ["string", "null"]}))
    assert compare_all({"a": EVENT, "b": EVENT, "c": EVENT}, {"a": EVENT, "b": wider, "d": EVENT}) == [
        SchemaFinding("b", "hook", "it may be null now, which it never was"),
        SchemaFinding("c", "", "the schema is gone, and with it what was promised"),
    ]


def test_a_new_branch_of_a_union_of_ours_is_refused() -> None:
    """The kinds of what is in the quarantine are an enumeration, too."""
    before = schema("pbx.quarantine.headers.v1")
    after = deepcopy(before)
    fax = deepcopy(after["$defs"]["QuarantinedWebhook"])
    fax["properties"]["kind"]["const"] = "fax"
    after["$defs"]["QuarantinedFax"] = fax
    after["oneOf"].append({"$ref": "#/$defs/QuarantinedFax"})
    assert [tuple(found) for found in compare(before, after)] == [
        ("kind", 'it may be "fax" now, which it never was'),
    ]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({}, "x-written-by has to say who writes it: bridge or clients"),
        ({"x-written-by": "nobody"}, "x-written-by has to say who writes it: bridge or clients"),
        ({**EVENT, "properties": {"a": {"$ref": "#/$defs/Nothing"}}}, "there is nothing at #/$defs/Nothing"),
        ({**EVENT, "properties": {"a": {"$ref": "#/x-topic"}}}, "there is no schema at #/x-topic"),
        ({**EVENT, "properties": {"a": {"$ref": "other.json"}}}, "it refers to another document: other.json"),
        ({**EVENT, "properties": {"a": {"$ref": "#"}}}, "it refers to another document: #"),
        ({**EVENT, "properties": {"call_id": 1}}, "a schema has to be an object, and one is integer"),
        (
            {**EVENT, "$defs": {"Member": {"anyOf": [{"$ref": "#/$defs/Member"}]}}},
            "it refers to itself, or goes deeper than 64 levels",
        ),
        (
            {**EVENT, "properties": {"call_id": {"type": "integer", "anyOf": [{"type": "string"}]}}},
            "type stands around a union and, differently, in it",
        ),
    ],
)
def test_what_cannot_be_judged_is_said(broken: Schema, said: str) -> None:
    """It never passes for harmless."""
    with pytest.raises(NotComparable, match=f"^{re.escape(said)}"):
        compare(broken, broken)


def test_what_cannot_be_judged_names_its_schema() -> None:
    """Among many."""
    with pytest.raises(NotComparable, match=r"^a: x-written-by"):
        compare_all({"a": {}}, {"a": {}})


@settings(max_examples=100, deadline=None)
@given(OPEN, OPEN)
def test_what_the_gate_lets_us_write_no_old_validator_refuses(old: Schema, new: Schema) -> None:
    """Consumers may validate by the schema that they were built with."""
    if not _judged("bridge", old, new):
        for value in filter(Draft202012Validator(new).is_valid, VALUES):
            assert Draft202012Validator(old).is_valid(value), value


@settings(max_examples=100, deadline=None)
@given(CLOSED, CLOSED)
def test_what_clients_could_send_the_new_validator_takes(old: Schema, new: Schema) -> None:
    """Where the gate has let a change pass."""
    if not _judged("clients", old, new):
        for value in filter(Draft202012Validator(old).is_valid, VALUES):
            assert Draft202012Validator(new).is_valid(value), value


def _judged(written_by: str, old: Schema, new: Schema) -> bool:
    """Tell whether something is found, or cannot be judged."""
    try:
        return bool(compare({"x-written-by": written_by, **old}, {"x-written-by": written_by, **new}))
    except NotComparable:
        return True
