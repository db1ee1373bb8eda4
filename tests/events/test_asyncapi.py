"""The AsyncAPI document, as far as its own parser does not look; that one runs by `make asyncapi`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from bridge.events.asyncapi import asyncapi
from bridge.events.catalogue import EventName, event_type
from bridge.events.contract_files import contract_files
from bridge.events.schemas import DESCRIBED
from bridge.events.yaml_text import yaml_text
from bridge.kafka.topic_table import TopicOptions, wanted_topics

ROOT = Path(__file__).parents[2]
DOCUMENT: Any = asyncapi()
MESSAGES = DOCUMENT["components"]["messages"]
KINDS = ("events", "commands", "results", "quarantine", "admin")
TEXTS = st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), include_characters="\n\t"))
# What our descriptions hold: printable text and line breaks.
WORDS = st.from_regex(r"[A-Za-z0-9$/_.:#~<>=\- ()]{0,12}", fullmatch=True)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | WORDS, inner, max_size=3),
    max_leaves=8,
)


def resolved(part: Any) -> Any:
    """Put in what is referred to."""
    if isinstance(part, list):
        return [resolved(one) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        found = DOCUMENT
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return resolved(found)
    return {name: resolved(value) for name, value in part.items()}


def test_each_topic_is_a_channel() -> None:
    """All that an installation has, with its prefix as the parameter."""
    ones = dict.fromkeys(KINDS, 1)
    wanted = wanted_topics(
        TopicOptions("{prefix}", 1, partitions=ones, retention_ms=ones, shards=1, max_record_bytes=1)  # type: ignore[arg-type]  # of literals
    )
    by_address = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}
    assert by_address.keys() == {topic.name for topic in wanted}
    for topic in wanted:
        bound = by_address[topic.name]["bindings"]["kafka"]["topicConfiguration"]
        assert bound == {"cleanup.policy": [topic.settings["cleanup.policy"]]}


def test_each_type_is_a_message_of_a_channel() -> None:
    """And nothing else is, but for commands in structured mode and what is in the quarantine."""
    carried = {name for channel in DOCUMENT["channels"].values() for name in channel.get("messages", {})}
    assert carried == MESSAGES.keys()
    types = {type_ for type_ in DESCRIBED if not type_.endswith(".headers.v1")}
    quarantined = {f"pbx.quarantine.{kind}.v1" for kind in ("webhook", "item", "command")}
    assert carried == types | quarantined | {"pbx.command.structured.v1"}


@pytest.mark.parametrize("event", EventName)
def test_an_event_is_sent_to_its_channel_with_its_key(event: EventName) -> None:
    """Address, message, key and headers are those of the event."""
    channel = DOCUMENT["channels"][f"{event}.v1"]
    assert list(channel["messages"]) == [event_type(event)]
    assert DOCUMENT["operations"][f"publish.{event}"]["channel"] == {"$ref": f"#/channels/{event}.v1"}
    key = MESSAGES[event_type(event)]["bindings"]["kafka"]["key"]
    assert key["description"].startswith("{connection}/")
    headers = MESSAGES[event_type(event)]["examples"][0]["headers"]
    assert key["examples"] == [f"{headers['ce_connection']}/{headers['ce_subject']}"]


def test_a_command_is_answered_on_the_results() -> None:
    """By a result, and perhaps a resolution, whose headers name the command."""
    taken = DOCUMENT["operations"]["take.commands"]
    assert taken["action"] == "receive"
    replies = [message["$ref"].rpartition("/")[2] for message in taken["reply"]["messages"]]
    assert replies == ["pbx.command.result.v1", "pbx.command.resolved.v1"]
    for name in replies:
        assert MESSAGES[name]["correlationId"] == {"location": "$message.header#/ce_commandid"}


@pytest.mark.parametrize("name", MESSAGES)
def test_an_example_holds_in_the_schemas_of_its_message(name: str) -> None:
    """Headers and payload, by the draft that AsyncAPI is based on; the parser does not look into references."""
    message = resolved(MESSAGES[name])
    (example,) = message["examples"]
    for part in ("headers", "payload"):
        if part in message:
            Draft7Validator.check_schema(message[part])
            Draft7Validator(message[part]).validate(example[part])
            assert not Draft7Validator(message[part]).is_valid(1) or name.startswith("pbx.quarantine.")
            assert list(keywords(message[part])) == []


def keywords(part: Any) -> Iterator[str]:
    """Give the keywords that draft 7 does not know, and would pass over."""
    if isinstance(part, list):
        for one in part:
            yield from keywords(one)
    elif isinstance(part, dict):
        for name, value in part.items():
            if name in {"$defs", "prefixItems", "dependentRequired", "dependentSchemas", "unevaluatedProperties"}:
                yield name
            if name not in {"examples", "default", "const", "enum"}:
                yield from keywords(value)


def test_the_file_reads_as_what_was_generated() -> None:
    """By a YAML library that is not ours."""
    assert yaml.safe_load(contract_files()["asyncapi.yaml"]) == DOCUMENT


@given(st.dictionaries(TEXTS, JSON_VALUES, max_size=3))
def test_yaml_reads_as_what_was_written(value: dict[str, object]) -> None:
    """Also words that look like something else: no, null, ~, 1.0, # and the like."""
    assert (yaml.safe_load(yaml_text(value)) or {}) == value


def test_the_lock_file_of_the_parser_holds_hashes_and_no_addresses() -> None:
    """Whoever installs it takes it from where their npm is set up to."""
    folder = ROOT / "deploy" / "asyncapi"
    assert "omit-lockfile-registry-resolved=true" in (folder / ".npmrc").read_text().splitlines()
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert len(packages) > 100
    for path, package in packages.items():
        assert "resolved" not in package
        assert package.get("integrity", "").startswith("sha512-") == (path != "")
