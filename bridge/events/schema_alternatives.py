"""A JSON Schema as the list of what a value may be: a plain type or a fixed value, each with its constraints. Pure.

Unions, enumerations and lists of types are all written in that one form, so that two ways to say the same thing
compare as the same.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, cast

from bridge.events.model_fields import JsonObject
from bridge.events.schema_references import NotComparable

ANY: Final = "any"
"""The type of an alternative that may be anything."""

_ANNOTATIONS: Final = frozenset(
    {
        "$anchor",
        "$comment",
        "$defs",
        "$id",
        "$schema",
        "contentEncoding",
        "contentMediaType",
        "default",
        "deprecated",
        "description",
        "discriminator",
        "examples",
        "readOnly",
        "title",
        "writeOnly",
    }
)
# Keywords that allow and refuse nothing; those that begin with `x-` are such, too.
_UNIONS: Final = ("anyOf", "oneOf")
_TYPES: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


class Alternative(NamedTuple):
    """One thing that a value may be.

    `type` is a type of JSON Schema, or `ANY`. `constraints` are the keywords that count, without those of unions. Of a
    fixed value they hold `const` alone.
    """

    type: str
    constraints: Mapping[str, object]

    @property
    def is_fixed(self) -> bool:
        """Whether it is one value."""
        return "const" in self.constraints

    @property
    def value(self) -> object:
        """The value that it is."""
        return self.constraints["const"]

    def takes(self, value: object) -> bool:
        """Tell whether it takes a plain value; one with a limit that cannot be judged takes none."""
        if self.is_fixed:
            return type(self.value) is type(value) and self.value == value
        sent = json_type(value)
        if self.type not in {ANY, sent} and (sent, self.type) != ("integer", "number"):
            return False
        return all(_keeps(keyword, limit, value) for keyword, limit in self.constraints.items())


def alternatives(schema: object) -> list[Alternative]:
    """Return all that a value may be by a schema without references. An empty list: nothing is allowed."""
    return list(_alternatives(schema))


def json_type(value: object) -> str:
    """Return the type that a value has in JSON Schema."""
    return _TYPES[type(value)]


def _alternatives(schema: object) -> Iterator[Alternative]:
    if schema is False:
        return
    whole = _opened(schema)
    for union in _UNIONS:
        branches = whole.get(union)
        if isinstance(branches, list):
            rest = {name: value for name, value in whole.items() if name != union}
            for branch in branches:
                if branch is not False:
                    yield from _alternatives(_both(rest, _opened(branch)))
            return
    types = whole.pop("type", ANY)
    if "const" in whole:
        yield _fixed(whole["const"])
    elif isinstance(values := whole.get("enum"), list):
        yield from map(_fixed, values)
    else:
        for type_ in types if isinstance(types, list) else [types]:
            yield Alternative(str(type_), whole)


def _opened(schema: object) -> JsonObject:
    """Return a schema's keywords that count."""
    if schema is True:
        return {}
    if not isinstance(schema, dict):
        raise NotComparable(f"a schema has to be an object, and one is {json_type(schema)}")
    keywords = cast("JsonObject", schema)
    return {name: value for name, value in keywords.items() if name not in _ANNOTATIONS and not name.startswith("x-")}


def _both(around: JsonObject, branch: JsonObject) -> JsonObject:
    """Join what stands around a union with one of its branches."""
    for name in around.keys() & branch.keys():
        if around[name] != branch[name]:
            raise NotComparable(f"{name} stands around a union and, differently, in it")
    return {**around, **branch}


def _fixed(value: object) -> Alternative:
    return Alternative("null", {}) if value is None else Alternative(json_type(value), {"const": value})


def _keeps(keyword: str, limit: object, value: object) -> bool:
    match keyword, limit, value:
        case "minimum", int() | float(), int() | float():
            return value >= limit
        case "maximum", int() | float(), int() | float():
            return value <= limit
        case "minLength", int(), str():
            return len(value) >= limit
        case "maxLength", int(), str():
            return len(value) <= limit
        case "pattern", str(), str():
            return re.search(limit, value) is not None
        case _:
            return False
