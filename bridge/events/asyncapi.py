"""The AsyncAPI 3 document: every topic with its key, headers and payload, generated from the schemas. Pure.

FastStream's own generator does not serve. It describes what its broker objects subscribe to and publish, and the bridge
gives it one topic of twenty-five, the commands, as bytes without a schema: events and results are published by the
transactional producers of `bridge.kafka`, and its documents know neither keys nor headers.

Schemas in AsyncAPI are of draft 7, in which nothing may stand beside a reference; ours, of 2020-12, are put in without
references, and use nothing else that draft 7 does not know.
"""

from typing import Final, cast

import orjson

from bridge.events import annotations as of
from bridge.events import topics
from bridge.events.catalogue import EventName, event_type
from bridge.events.command_catalogue import COMMAND_TYPES, RESOLVED_TYPE, RESULT_TYPE, CommandName
from bridge.events.command_examples import COMMAND_EXAMPLES, RESULT_EXAMPLES
from bridge.events.model_fields import JsonObject
from bridge.events.record_examples import (
    QUARANTINE_HEADERS_EXAMPLES,
    command_headers,
    event_record,
    named,
    result_headers,
)
from bridge.events.schema_references import inlined
from bridge.events.schemas import DESCRIBED, schema

FILE_NAME: Final = "asyncapi.yaml"
VERSION: Final = "1.0.0"
# Of the types, which are all of version 1: not of the bridge, whose every release would change the document.
_BINDING: Final = {"bindingVersion": "0.5.0"}
_LEFT_OUT: Final = ("$schema", "$id", "examples")
# A file's own; examples stand beside the messages, with their headers.
_STRUCTURED: Final = "pbx.command.structured.v1"
_COMMANDS: Final = "commands.v1"
_RESULTS: Final = "results.v1"
_QUARANTINE: Final = "quarantine.v1"
_ANSWERS: Final = (RESULT_TYPE, RESOLVED_TYPE)
_OF_THE_BRIDGE: Final = {
    topics.admin_topic(of.PREFIX): "Requests that only the bridge's own command line makes.",
    topics.admin_results_topic(of.PREFIX): "Answers to the bridge's own command line.",
    topics.work_topic(of.PREFIX): "Commands on their way to the owner of their connection.",
    topics.journal_topic(of.PREFIX): "The state of the shards, compacted.",
}
_NO_PROMISE: Final = " The bridge's own: records may change with any release. Give nobody else rights to it."


def asyncapi() -> JsonObject:
    """Return the document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "The bridge: a virtual PBX as events on Kafka",
            "version": VERSION,
            "description": (
                "Events of a virtual PBX as CloudEvents 1.0 on one topic per type, commands to it on one topic, and "
                "their results on another. Read with `isolation.level=read_committed`."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "localhost:9092",
                "protocol": "kafka",
                "description": "The brokers of the installation: `kafka.bootstrap_servers` in its configuration.",
            }
        },
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "schemas": _schemas(),
            "messages": _messages(),
            "parameters": {
                "prefix": {"description": "`topics.prefix` of the installation's configuration.", "default": "pbx"}
            },
        },
    }


def _schemas() -> JsonObject:
    schemas: JsonObject = {}
    for type_ in DESCRIBED:
        whole = inlined(schema(type_))
        if type_ == of.QUARANTINE_HEADERS:
            # Headers have to be one object, so each kind of what is in the quarantine is a message of its own.
            schemas |= {kind: {"title": kind, **branch} for kind, branch in _quarantined(whole).items()}
        else:
            schemas[type_] = {name: value for name, value in whole.items() if name not in _LEFT_OUT}
    headers = cast("dict[str, JsonObject]", schemas[of.COMMAND_HEADERS])
    attributes = {name.removeprefix("ce_"): described for name, described in headers["properties"].items()}
    data = {"type": "object", "description": "The data of the command, by the schema of its type."}
    required = [*(str(name).removeprefix("ce_") for name in headers["required"]), "data"]
    schemas[_STRUCTURED] = {
        "title": _STRUCTURED,
        "description": "A command in structured mode: a CloudEvent 1.0 as one JSON object, without headers.",
        "type": "object",
        "properties": {**attributes, "data": data},
        "required": required,
    }
    return schemas


def _quarantined(whole: JsonObject) -> dict[str, JsonObject]:
    branches = {str(branch["title"]): branch for branch in cast("list[JsonObject]", whole["oneOf"])}
    shared = {name: value for name, value in whole.items() if name.startswith("x-")}
    return {
        f"pbx.quarantine.{kind.removeprefix('Quarantined').lower()}.headers.v1": {**branch, **shared}
        for kind, branch in branches.items()
    }


def _messages() -> JsonObject:
    messages: JsonObject = {}
    for event in EventName:
        record = event_record(event)
        messages[event_type(event)] = _message(
            event_type(event), of.EVENT_HEADERS, record.key.decode(), named(record), orjson.loads(record.value)
        )
    for type_, name in COMMAND_TYPES.items():
        headers = command_headers(name)
        messages[type_] = {
            **_message(type_, of.COMMAND_HEADERS, str(headers["ce_id"]), headers, COMMAND_EXAMPLES[name][0]),
            "correlationId": {"location": "$message.header#/ce_id"},
        }
    messages[_STRUCTURED] = _structured()
    for type_ in _ANSWERS:
        headers = result_headers(type_)
        messages[type_] = {
            **_message(type_, of.RESULT_HEADERS, str(headers["ce_commandid"]), headers, RESULT_EXAMPLES[type_][0]),
            "correlationId": {"location": "$message.header#/ce_commandid"},
        }
    for headers in QUARANTINE_HEADERS_EXAMPLES:
        messages[f"pbx.quarantine.{headers['kind']}.v1"] = _quarantined_message(headers)
    return messages


def _message(type_: str, headers: str, key: str, headers_example: JsonObject, example: JsonObject) -> JsonObject:
    described = schema(type_)
    more = [str(described[note]) for note in (of.WHEN, of.REPEATS, of.LATE) if note in described]
    if of.VENDOR_CALL in described:
        data = described[of.RESULT_DATA]
        more.append(f"Asks the vendor: {described[of.VENDOR_CALL]}.")
        more.append("The result has no data." if data is None else f"The data of an `ok` result is {data}.")
    return {
        "name": type_,
        "title": type_,
        "summary": described["description"],
        **({"description": "\n".join(more)} if more else {}),
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "allOf": [_reference("schemas", headers)],
            "properties": {"ce_type": {"type": "string", "const": type_}},
        },
        "payload": _reference("schemas", type_),
        "bindings": _key(str(described[of.KEY]), key),
        "examples": [{"name": "example", "headers": headers_example, "payload": example}],
    }


def _structured() -> JsonObject:
    attributes = {name.removeprefix("ce_"): text for name, text in command_headers(CommandName.DIAL).items()}
    return {
        "name": _STRUCTURED,
        "title": "Any command in structured mode",
        "summary": "A command as one JSON object that holds `specversion`; the headers are not looked at.",
        "contentType": "application/cloudevents+json",
        "payload": _reference("schemas", _STRUCTURED),
        "correlationId": {"location": "$message.payload#/id"},
        "bindings": _key("any", str(attributes["id"])),
        "examples": [{"name": "example", "payload": {**attributes, "data": COMMAND_EXAMPLES[CommandName.DIAL][0]}}],
    }


def _quarantined_message(headers: JsonObject) -> JsonObject:
    kind = headers["kind"]
    return {
        "name": f"pbx.quarantine.{kind}.v1",
        "title": f"What is in the quarantine: kind {kind}",
        "summary": "The raw bytes of what could not be understood, and why.",
        "contentType": "application/octet-stream",
        "headers": _reference("schemas", f"pbx.quarantine.{kind}.headers.v1"),
        "payload": {"description": "The bytes as they came. They need not be JSON, nor text."},
        "bindings": _key("{connection}, or {id} where a command names none", str(headers.get("connection", "acme"))),
        "examples": [{"name": "example", "headers": headers, "payload": "not JSON"}],
    }


def _channels() -> JsonObject:
    channels = {
        f"{event}.v1": _channel(topics.event_topic(of.PREFIX, event), [event_type(event)]) for event in EventName
    }
    quarantined = [f"pbx.quarantine.{headers['kind']}.v1" for headers in QUARANTINE_HEADERS_EXAMPLES]
    channels |= {
        _COMMANDS: _channel(topics.commands_topic(of.PREFIX), [*COMMAND_TYPES, _STRUCTURED]),
        _RESULTS: _channel(topics.results_topic(of.PREFIX), list(_ANSWERS)),
        _QUARANTINE: _channel(topics.quarantine_topic(of.PREFIX), quarantined),
    }
    for address, meaning in _OF_THE_BRIDGE.items():
        channels[address.removeprefix(f"{of.PREFIX}.")] = {
            **_channel(address, []),
            "description": meaning + _NO_PROMISE,
            "x-internal": True,
        }
    return cast("JsonObject", channels)


def _channel(address: str, messages: list[str]) -> JsonObject:
    policy = "compact" if address == topics.journal_topic(of.PREFIX) else "delete"
    return {
        "address": address,
        **({"messages": {name: _reference("messages", name) for name in messages}} if messages else {}),
        "parameters": {"prefix": _reference("parameters", "prefix")},
        "bindings": {"kafka": {"topicConfiguration": {"cleanup.policy": [policy]}, **_BINDING}},
    }


def _operations() -> JsonObject:
    operations: JsonObject = {
        f"publish.{event}": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{event}.v1"},
            "summary": DESCRIBED[event_type(event)].model.__doc__,
        }
        for event in EventName
    }
    operations["take.commands"] = {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{_COMMANDS}"},
        "summary": "Carry out what a command asks for, once for each connection, source and id.",
        "reply": {
            "channel": {"$ref": f"#/channels/{_RESULTS}"},
            "messages": [{"$ref": f"#/channels/{_RESULTS}/messages/{type_}"} for type_ in _ANSWERS],
        },
    }
    operations["publish.results"] = {
        "action": "send",
        "channel": {"$ref": f"#/channels/{_RESULTS}"},
        "summary": "Answer a command, and tell later how a dial in doubt ended.",
    }
    operations["publish.quarantine"] = {
        "action": "send",
        "channel": {"$ref": f"#/channels/{_QUARANTINE}"},
        "summary": "Keep what could not be understood.",
    }
    return operations


def _key(made_of: str, example: str) -> JsonObject:
    return {"kafka": {"key": {"type": "string", "description": made_of, "examples": [example]}, **_BINDING}}


def _reference(kind: str, name: str) -> JsonObject:
    return {"$ref": f"#/components/{kind}/{name}"}
