"""Changes of a schema by path and value, those that the gate refuses with what it says, and those that it lets pass."""

from copy import deepcopy
from typing import Any

Schema = dict[str, Any]

EVENT: Schema = {
    "x-written-by": "bridge",
    "x-topic": "{prefix}.call.started.v1",
    "x-key": "{connection}/call/{call_id}",
    "x-subject": "call/{call_id}",
    "x-id": ["{connection}", "call.started", "{call_id}"],
    "x-time": ["{call_started}", "{receivedtime}"],
    "type": "object",
    "properties": {
        "call_id": {"type": "integer", "minimum": 0, "maximum": 100, "description": "The id."},
        "caller": {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]},
        "status": {"enum": ["ok", "failed"]},
        "ratio": {"type": "number"},
        "length": {"type": "integer", "x-unit": "s"},
        "started": {"type": "string", "format": "date-time"},
        "number": {"type": "string", "pattern": "^[0-9]+$"},
        "hook": {"type": "string"},
        "members": {"type": "array", "items": {"$ref": "#/$defs/Member"}},
        "extra": {"type": "object", "additionalProperties": True},
    },
    "required": ["call_id", "caller", "status", "ratio", "length", "started", "number", "members", "extra"],
    "$defs": {
        "Member": {
            "type": "object",
            "properties": {"contact_id": {"type": ["integer", "null"]}, "name": {"type": "string"}},
            "required": ["contact_id"],
        }
    },
}
COMMAND: Schema = {
    "x-written-by": "clients",
    "x-topic": "{prefix}.commands.v1",
    "x-id": ["{connection}", "{source}", "{id}"],
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "contact_id": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+$"}]},
        "mode": {"enum": ["loud", "silent"]},
        "limit": {"type": "integer", "minimum": 1, "maximum": 500, "default": 10},
        "note": {"type": "string", "maxLength": 64},
        "at": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["contact_id", "mode"],
}
GONE = object()
"""Takes out what stands at a path."""
ID = '["{connection}","call.started","{call_id}"]'
LONGER_ID = '["{connection}","call.started","{call_id}","{contact_id}"]'


def changed(of: Schema, *changes: tuple[str, object]) -> Schema:
    """Return a copy with values put in at paths such as `properties.caller.type`, or taken out."""
    copy = deepcopy(of)
    for path, value in changes:
        *steps, last = path.split(".")
        at: Any = copy
        for step in steps:
            at = at[int(step) if isinstance(at, list) else step]
        if value is GONE:
            del at[last]
        else:
            at[last] = value
    return copy


def without(names: list[str], gone: str) -> list[str]:
    return [name for name in names if name != gone]


OF_EVENT = EVENT["required"]
REFUSED_OF_EVENTS: dict[str, tuple[list[tuple[str, object]], list[str]]] = {
    "a field is removed": (
        [("properties.ratio", GONE), ("required", without(OF_EVENT, "ratio"))],
        ["ratio: the field is gone"],
    ),
    "a field that need not be there is removed": ([("properties.hook", GONE)], ["hook: the field is gone"]),
    "a field is renamed": (
        [
            ("properties.ratio", GONE),
            ("properties.quotient", {"type": "number"}),
            ("required", [*without(OF_EVENT, "ratio"), "quotient"]),
        ],
        ["ratio: the field is gone: quotient looks like it under a new name"],
    ),
    "a type is changed": (
        [("properties.call_id", {"type": "string"})],
        ["call_id: its type changes from integer to string"],
    ),
    "a type is widened by null": (
        [("properties.ratio", {"type": ["number", "null"]})],
        ["ratio: it may be null now, which it never was"],
    ),
    "a type is widened by another": (
        [("properties.hook", {"anyOf": [{"type": "string"}, {"type": "integer"}]})],
        ["hook: it may be integer now, which it never was"],
    ),
    "an integer may have a fraction": (
        [("properties.length.type", "number")],
        ["length: its type changes from integer to number"],
    ),
    "a type is not said any more": (
        [("properties.hook", {})],
        ["hook: its type changes from string to any"],
    ),
    "an enumeration is widened": (
        [("properties.status.enum", ["ok", "failed", "deferred"])],
        ['status: it may be "deferred" now, which it never was'],
    ),
    "an enumeration is changed": (
        [("properties.status.enum", ["ok", "broken"])],
        ['status: it may be "broken" now, which it never was'],
    ),
    "an enumeration becomes any text": (
        [("properties.status", {"type": "string"})],
        ['status: it may be any string now, and was one of ["ok","failed"]'],
    ),
    "a field that was always there need not be": (
        [("required", without(OF_EVENT, "number"))],
        ["number: the field was always there and need not be now"],
    ),
    "nothing is required any more": (
        [("required", GONE)],
        [f"{name}: the field was always there and need not be now" for name in OF_EVENT],
    ),
    "a bound is raised": (
        [("properties.call_id.maximum", 101)],
        ["call_id: maximum changes from 100 to 101: consumers may get what the old schema rules out"],
    ),
    "a bound is dropped": (
        [("properties.call_id.minimum", GONE)],
        ["call_id: minimum changes from 0 to none: consumers may get what the old schema rules out"],
    ),
    "a text may be longer": (
        [("properties.caller.anyOf.0.maxLength", 10)],
        ["caller: maxLength changes from 9 to 10: consumers may get what the old schema rules out"],
    ),
    "a pattern is changed": (
        [("properties.number.pattern", "^[0-9+]+$")],
        [
            'number: pattern changes from "^[0-9]+$" to "^[0-9+]+$": consumers may get what the old schema rules out',
        ],
    ),
    "a format is dropped": (
        [("properties.started.format", GONE)],
        ['started: format changes from "date-time" to none: consumers may get what the old schema rules out'],
    ),
    "a unit is changed": ([("properties.length.x-unit", "ms")], ["length: its unit changes from s to ms"]),
    "a unit is dropped": ([("properties.length.x-unit", GONE)], ["length: its unit changes from s to none"]),
    "a field in a list's objects is removed": (
        [("$defs.Member.properties.name", GONE)],
        ["members[].name: the field is gone"],
    ),
    "a field in a list's objects is widened": (
        [("$defs.Member.properties.contact_id.type", ["integer", "null", "string"])],
        ["members[].contact_id: it may be string now, which it never was"],
    ),
    "a field in a list's objects need not be there": (
        [("$defs.Member.required", [])],
        ["members[].contact_id: the field was always there and need not be now"],
    ),
    "a list may hold anything": (
        [("properties.members.items", GONE)],
        ["members[]: its type changes from object to any"],
    ),
    "what is beside the fields is no object any more": (
        [("properties.extra", {"type": "array"})],
        ["extra: its type changes from object to array"],
    ),
    "the id is made of more": (
        [("x-id", ["{connection}", "call.started", "{call_id}", "{contact_id}"])],
        [
            f": what its id is made of changes from {ID} to {LONGER_ID}",
        ],
    ),
    "the id is not said any more": (
        [("x-id", GONE)],
        [': what its id is made of changes from ["{connection}","call.started","{call_id}"] to none'],
    ),
    "the key is made of something else": (
        [("x-key", "{connection}")],
        [': what its key is made of changes from "{connection}/call/{call_id}" to "{connection}"'],
    ),
    "the subject is made of something else": (
        [("x-subject", "calls/{call_id}")],
        [': what its subject is made of changes from "call/{call_id}" to "calls/{call_id}"'],
    ),
    "the time is another one": (
        [("x-time", ["{receivedtime}"])],
        [': what its time is made of changes from ["{call_started}","{receivedtime}"] to ["{receivedtime}"]'],
    ),
    "the topic is another one": (
        [("x-topic", "{prefix}.calls.v1")],
        [': its topic changes from "{prefix}.call.started.v1" to "{prefix}.calls.v1"'],
    ),
    "clients are to write it": (
        [("x-written-by", "clients")],
        [': who writes it changes from "bridge" to "clients"'],
    ),
}

ALLOWED_OF_EVENTS: dict[str, list[tuple[str, object]]] = {
    "nothing": [],
    "a field is added": [("properties.queue", {"type": "string"})],
    "a field is added and always there": [("properties.queue", {"type": "string"}), ("required", [*OF_EVENT, "queue"])],
    "a field is added to a list's objects": [("$defs.Member.properties.role", {"type": "string"})],
    "a field is always there from now on": [("required", [*OF_EVENT, "hook"])],
    "an enumeration gets shorter": [("properties.status.enum", ["ok"])],
    "an enumeration has another order": [("properties.status.enum", ["failed", "ok"])],
    "one value is left of an enumeration": [("properties.status", {"const": "ok", "type": "string"})],
    "a field is never null any more": [("properties.caller", {"type": "string", "maxLength": 9})],
    "a number has no fraction any more": [("properties.ratio.type", "integer")],
    "a bound is lowered": [("properties.call_id.maximum", 99)],
    "a bound is added": [("properties.length.minimum", 0)],
    "a pattern is added": [("properties.hook.pattern", "^[a-z]+$")],
    "a format is added": [("properties.hook.format", "uri")],
    "a unit is added": [("properties.ratio.x-unit", "1")],
    "a description is changed": [("properties.call_id.description", "Its id."), ("description", "Another.")],
    "examples are changed": [("examples", [{}])],
    "a union is written as a list of types": [
        ("properties.caller", {"type": ["null", "string"], "maxLength": 9}),
    ],
    "a reference is written out": [("properties.members.items", EVENT["$defs"]["Member"])],
    "fields have another order": [("properties", dict(reversed(EVENT["properties"].items())))],
    "it says more of where it comes from": [("x-sources", ["webhook CallStarted"])],
}

REFUSED_OF_COMMANDS: dict[str, tuple[list[tuple[str, object]], list[str]]] = {
    "a field is removed": ([("properties.note", GONE)], ["note: the field is gone"]),
    "a field is renamed": (
        [("properties.note", GONE), ("properties.remark", COMMAND["properties"]["note"])],
        ["note: the field is gone: remark looks like it under a new name"],
    ),
    "a type is changed": (
        [("properties.note", {"type": "integer"})],
        ["note: its type changes from string to integer"],
    ),
    "a type is narrowed": (
        [("properties.contact_id", {"type": "integer", "minimum": 0})],
        ["contact_id: string is not taken any more"],
    ),
    "null is not taken any more": ([("properties.at", {"type": "string"})], ["at: null is not taken any more"]),
    "an enumeration is narrowed": (
        [("properties.mode.enum", ["loud"])],
        ['mode: "silent" is not taken any more'],
    ),
    "any text becomes an enumeration": (
        [("properties.note", {"enum": ["a", "b"]})],
        ['note: only ["a","b"] are taken now, and any string was'],
    ),
    "a new field is required": (
        [("properties.reason", {"type": "string"}), ("required", ["contact_id", "mode", "reason"])],
        ["reason: the field is required now and was not before"],
    ),
    "a field that could be left out is required": (
        [("required", ["contact_id", "mode", "note"])],
        ["note: the field is required now and was not before"],
    ),
    "a bound is lowered": (
        [("properties.limit.maximum", 100)],
        ["limit: maximum changes from 500 to 100: what clients send by the old schema may be refused"],
    ),
    "a bound is added": (
        [("properties.contact_id.anyOf.0.maximum", 9)],
        ["contact_id: maximum changes from none to 9: what clients send by the old schema may be refused"],
    ),
    "a text has to be shorter": (
        [("properties.note.maxLength", 63)],
        ["note: maxLength changes from 64 to 63: what clients send by the old schema may be refused"],
    ),
    "a pattern is added": (
        [("properties.note.pattern", "^[a-z]*$")],
        ['note: pattern changes from none to "^[a-z]*$": what clients send by the old schema may be refused'],
    ),
    "a format is added": (
        [("properties.note.format", "uri")],
        ['note: format changes from none to "uri": what clients send by the old schema may be refused'],
    ),
    "what makes two commands the same is changed": (
        [("x-id", ["{connection}", "{id}"])],
        [': what its id is made of changes from ["{connection}","{source}","{id}"] to ["{connection}","{id}"]'],
    ),
}
ALLOWED_OF_COMMANDS: dict[str, list[tuple[str, object]]] = {
    "nothing": [],
    "a field is added that can be left out": [("properties.reason", {"type": "string"})],
    "a field is not required any more": [("required", ["contact_id"])],
    "a type is widened": [("properties.note", {"type": ["string", "null"], "maxLength": 64})],
    "an enumeration is widened": [("properties.mode.enum", ["loud", "silent", "vibrating"])],
    "an enumeration becomes any text": [("properties.mode", {"type": "string"})],
    "a bound is raised": [("properties.limit.maximum", 1000)],
    "a bound is dropped": [("properties.limit.minimum", GONE)],
    "a pattern is dropped": [("properties.contact_id.anyOf.1.pattern", GONE)],
    "any field is taken": [("additionalProperties", True)],
    "a default is changed": [("properties.limit.default", 20)],
    "an integer may have a fraction": [("properties.limit.type", "number")],
}
