"""A JSON Schema with all that it refers to put in where it is referred to. Pure."""

from typing import Final, cast

from bridge.events.model_fields import JsonObject

_DEFINITIONS: Final = frozenset({"$defs", "definitions"})
_DEEPEST: Final = 64
# Levels of a schema. Ours have ten; one that refers to itself has no end.


class NotComparable(Exception):
    """The schema is none that can be judged; the sentence says why."""


def inlined(schema: JsonObject) -> JsonObject:
    """Return the schema without references and definitions; what stands beside a reference goes before it.

    Raises NotComparable for references that have no end, lead nowhere or to another document.
    """
    opened = {name: value for name, value in schema.items() if name not in _DEFINITIONS}
    return cast("JsonObject", _inlined(opened, schema, 0))


def _inlined(part: object, root: JsonObject, depth: int) -> object:
    if depth > _DEEPEST:
        raise NotComparable(f"it refers to itself, or goes deeper than {_DEEPEST} levels")
    if isinstance(part, list):
        return [_inlined(one, root, depth + 1) for one in part]
    if not isinstance(part, dict):
        return part
    if isinstance(reference := part.get("$ref"), str):
        beside = {name: value for name, value in part.items() if name != "$ref"}
        return _inlined({**_found(reference, root), **beside}, root, depth + 1)
    return {name: _inlined(value, root, depth + 1) for name, value in part.items()}


def _found(reference: str, root: JsonObject) -> JsonObject:
    if not reference.startswith("#/"):
        raise NotComparable(f"it refers to another document: {reference}")
    found: object = root
    for part in reference.removeprefix("#/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            raise NotComparable(f"there is nothing at {reference}")
        found = found[name]
    if not isinstance(found, dict):
        raise NotComparable(f"there is no schema at {reference}")
    return cast("JsonObject", found)
