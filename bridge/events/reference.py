"""The reference of all events for people, in Markdown, generated from the schemas. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final, cast

import orjson

from bridge.events import annotations as of
from bridge.events.catalogue import EventName, event_type
from bridge.events.model_fields import JsonObject
from bridge.events.schema_alternatives import alternatives
from bridge.events.schema_references import inlined
from bridge.events.schemas import schema

_HEAD: Final = """\
# Events, one by one

Generated from the [schemas](../schemas) by `bridge schemas generate`. What all events have in common stands in
[events.md](events.md), how to read them in [consuming.md](consuming.md). In field tables, *personal* marks what is
about a person: see [personal data](consuming.md#personal-data). Every field is always there, null where the vendor
gave nothing; a type says `or null` where it can be.
"""


def events_reference() -> str:
    """Return the document."""
    lines = [*_HEAD.splitlines(), "", *_table(("event", "what has happened"), _overview())]
    for event in EventName:
        lines += ["", *_event(event)]
    lines += ["", "## The headers of an event", "", *_fields(inlined(schema(of.EVENT_HEADERS)))]
    quarantine = inlined(schema(of.QUARANTINE_HEADERS))
    for kind in cast("list[JsonObject]", quarantine["oneOf"]):
        name = str(kind["title"]).removeprefix("Quarantined").lower()
        lines += ["", f"## The headers of a quarantined {name}", "", str(kind["description"]), "", *_fields(kind)]
    return "\n".join(lines) + "\n"


def _overview() -> Iterator[tuple[str, str]]:
    for event in EventName:
        anchor = event.replace(".", "")
        yield f"[`{event}`](#{anchor})", str(schema(event_type(event))["description"])


def _event(event: EventName) -> Iterator[str]:
    type_ = event_type(event)
    described = inlined(schema(type_))
    yield f"## `{event}`"
    yield ""
    yield str(described["description"])
    yield ""
    sources = " and ".join("{} `{}`".format(*source.split(" ")) for source in _texts(described[of.SOURCES]))
    origins = ", ".join(f"`{origin}`" for origin in _texts(described[of.ORIGINS]))
    yield from _table(
        ("", ""),
        [
            ("when", str(described[of.WHEN])),
            ("topic", f"`{_angled(described[of.TOPIC])}`"),
            ("type", f"`{type_}`, [schema](../schemas/{type_}.json)"),
            ("key", f"`{_angled(described[of.KEY])}`"),
            ("id", _id(described[of.ID])),
            ("time", ", else ".join(f"`{_angled(one)[1:-1]}`" for one in _texts(described[of.TIME]))),
            ("comes from", f"the vendor's {sources}; origin {origins}"),
            ("can repeat", str(described[of.REPEATS])),
            ("can be late", str(described[of.LATE])),
        ],
    )
    yield ""
    yield from _fields(described)
    yield ""
    yield "```json"
    examples = cast("list[JsonObject]", described["examples"])
    yield orjson.dumps(examples[0], option=orjson.OPT_INDENT_2).decode()
    yield "```"


def _id(made_of: object) -> str:
    if isinstance(made_of, str):
        return f"{made_of} each time"
    return f"hash of `[{', '.join(map(_angled, _texts(made_of)))}]`"


def _fields(described: JsonObject) -> Iterator[str]:
    rows = []
    for path, field, always in _walk(described, ""):
        told = str(field.get("description", ""))
        name = f"`{path}`" if always else f"`{path}`, optional"
        rows.append((name, _type(field), ("*personal* " if field.get("x-personal-data") else "") + told))
    yield from _table(("field", "type", "meaning"), rows)


def _walk(described: JsonObject, prefix: str) -> Iterator[tuple[str, JsonObject, bool]]:
    required = cast("list[str]", described.get("required", []))
    for name, field in cast("dict[str, JsonObject]", described.get("properties", {})).items():
        yield prefix + name, field, name in required
        for one in alternatives(field):
            if isinstance(items := one.constraints.get("items"), dict):
                yield from _walk(cast("JsonObject", items), f"{prefix}{name}[].")


def _type(field: JsonObject) -> str:
    values = [one.value for one in alternatives(field) if one.is_fixed]
    if values:
        return " or ".join(f"`{value}`" for value in values)
    names = []
    for one in alternatives(field):
        format_ = one.constraints.get("format", field.get("format"))
        names.append(f"{one.type} ({format_})" if format_ is not None and one.type != "null" else one.type)
    return " or ".join(names)


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |" if any(head) else "| " * len(head) + "|"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _angled(template: object) -> str:
    return str(template).replace("{", "<").replace("}", ">")


def _texts(values: object) -> list[str]:
    assert isinstance(values, list)
    return [str(value) for value in values]
