"""Whether a change of the schemas breaks somebody who was built against the old ones. Pure.

What the bridge writes is read by consumers who know the old schema, so it may say more and never less: every field
stays, always there if it was, and holds nothing that it could not hold before. What clients write is read by the bridge
of the new schema, so that one has to take all that the old one took. Both are one question, asked in two directions: is
every value of the writer's schema one of the reader's?

That an enumeration of ours gets shorter, or a field is never null any more, breaks nobody; nor does a new field of a
command that can be left out, which counts as never sent before. A keyword that this module
does not know may not change. Whether two texts mean the same no tool can tell: a field that changes its meaning under
its old name has to be seen by people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import ge, le
from typing import Final, NamedTuple, TypeVar

import orjson

from bridge.events.annotations import CLIENTS, ID, KEY, SUBJECT, THE_BRIDGE, TIME, TOPIC, UNIT, WRITTEN_BY
from bridge.events.model_fields import JsonObject
from bridge.events.schema_alternatives import ANY, Alternative, alternatives
from bridge.events.schema_references import NotComparable, inlined

_IDENTITY: Final = {
    WRITTEN_BY: "who writes it",
    TOPIC: "its topic",
    KEY: "what its key is made of",
    SUBJECT: "what its subject is made of",
    ID: "what its id is made of",
    TIME: "what its time is made of",
}
_BOUNDS: Final = {
    "minimum": ge,
    "exclusiveMinimum": ge,
    "minLength": ge,
    "minItems": ge,
    "minProperties": ge,
    "maximum": le,
    "exclusiveMaximum": le,
    "maxLength": le,
    "maxItems": le,
    "maxProperties": le,
}
# How the writer's bound has to be to the reader's.
_OF_OBJECTS: Final = frozenset({"properties", "required", "additionalProperties"})
_LONGEST_SHOWN: Final = 120
# In characters. An id's list of fields fits; a whole schema does not, and would help nobody.

_T = TypeVar("_T")


class Finding(NamedTuple):
    """A change that breaks somebody: the field (empty: the record as a whole) and a sentence about it."""

    field: str
    sentence: str


class SchemaFinding(NamedTuple):
    """A finding, and the name of the schema that it is about."""

    schema: str
    field: str
    sentence: str


def compare_all(old: Mapping[str, JsonObject], new: Mapping[str, JsonObject]) -> list[SchemaFinding]:
    """Compare sets of schemas by their names; a new schema breaks nobody. Raises NotComparable."""
    findings = []
    for name, released in old.items():
        if name not in new:
            findings.append(SchemaFinding(name, "", "the schema is gone, and with it what was promised"))
            continue
        try:
            found = compare(released, new[name])
        except NotComparable as error:
            raise NotComparable(f"{name}: {error}") from error
        findings += [SchemaFinding(name, *finding) for finding in found]
    return findings


def compare(old: JsonObject, new: JsonObject) -> list[Finding]:
    """Return what a change from `old` to `new` breaks. Raises NotComparable."""
    written_by = old.get(WRITTEN_BY, new.get(WRITTEN_BY))
    if written_by not in {THE_BRIDGE, CLIENTS}:
        raise NotComparable(f"{WRITTEN_BY} has to say who writes it: {THE_BRIDGE} or {CLIENTS}")
    changed = [
        Finding("", f"{what} changes from {_shown(old[keyword])} to {_shown(new.get(keyword))}")
        for keyword, what in _IDENTITY.items()
        if keyword in old and old[keyword] != new.get(keyword)
    ]
    return changed + _Comparison(by_us=written_by == THE_BRIDGE).values("", inlined(old), inlined(new))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Of schemas without references. `by_us`: the bridge writes by the new one, and others read by the old one."""

    by_us: bool

    def values(self, field: str, old: object, new: object) -> list[Finding]:
        """Ask whether each thing that the writer may write is one that the reader takes."""
        before, after = alternatives(old), alternatives(new)
        written, taken = (after, before) if self.by_us else (before, after)
        findings: list[Finding] = []
        for one in written:
            answers = [self._one(field, one, other) for other in taken if _is_comparable(one, other)]
            # Of a union the branch counts that fits best.
            found = min(answers, key=len) if answers else [Finding(field, self._refused(one, taken, before, after))]
            findings += [finding for finding in found if finding not in findings]
        return findings

    def _one(self, field: str, written: Alternative, taken: Alternative) -> list[Finding]:
        if written.is_fixed:
            return [] if taken.takes(written.value) else [Finding(field, self._refused_value(written.value))]
        findings = []
        for keyword, limit in taken.constraints.items():
            mine = written.constraints.get(keyword)
            if keyword == "items":
                findings += self.values(f"{field}[]", *self._in_time(True if mine is None else mine, limit))
            elif keyword not in _OF_OBJECTS and not _holds(keyword, mine, limit):
                findings.append(Finding(field, self._changed(keyword, mine, limit)))
        if taken.type == "object" or _OF_OBJECTS & taken.constraints.keys():
            findings += self._fields(field, written.constraints, taken.constraints)
        return findings

    def _fields(self, field: str, written: Mapping[str, object], taken: Mapping[str, object]) -> list[Finding]:
        before, after = (_properties(one) for one in self._in_time(written, taken))
        findings = []
        for name, schema in before.items():
            path = _path(field, name)
            if name not in after:
                findings.append(Finding(path, f"the field is gone{_renamed(schema, before, after)}"))
            else:
                findings += _unit(path, schema, after[name])
                findings += self.values(path, schema, after[name])
        always, needed = _required(written), _required(taken)
        now = "was always there and need not be now" if self.by_us else "is required now and was not before"
        findings += [
            Finding(_path(field, name), f"the field {now}")
            for name in needed
            if name not in always and not (self.by_us and name in before and name not in after)
        ]
        return findings + self._further_fields(field, written, taken)

    def _further_fields(self, field: str, written: Mapping[str, object], taken: Mapping[str, object]) -> list[Finding]:
        """Compare what objects may hold beside the fields that both name."""
        limit, mine = (one.get("additionalProperties", True) for one in (taken, written))
        findings: list[Finding] = []
        if limit is True:
            return findings
        if mine is not False:
            findings += self.values(_path(field, "*"), *self._in_time(mine, limit))
        if self.by_us:
            for name, schema in _properties(written).items():
                if name not in _properties(taken):
                    findings += self.values(_path(field, name), limit, schema)
        return findings

    def _in_time(self, written: _T, taken: _T) -> tuple[_T, _T]:
        """Return the two with the old one first."""
        return (taken, written) if self.by_us else (written, taken)

    def _changed(self, keyword: str, written: object, taken: object) -> str:
        old, new = self._in_time(written, taken)
        breaks = (
            "consumers may get what the old schema rules out"
            if self.by_us
            else "what clients send by the old schema may be refused"
        )
        return f"{keyword} changes from {_shown(old)} to {_shown(new)}: {breaks}"

    def _refused_value(self, value: object) -> str:
        text = _shown(value)
        return f"it may be {text} now, which it never was" if self.by_us else f"{text} is not taken any more"

    def _refused(
        self, one: Alternative, taken: list[Alternative], before: list[Alternative], after: list[Alternative]
    ) -> str:
        """Say that there is nothing on the other side that is anything like it."""
        if one.is_fixed:
            return self._refused_value(one.value)
        if not taken:
            return "it is there now, where nothing was allowed" if self.by_us else "it is not taken any more"
        if not {other.type for other in before} & {other.type for other in after}:
            return f"its type changes from {_types(before)} to {_types(after)}"
        values = [other.value for other in taken if other.is_fixed and other.type == one.type]
        if values and self.by_us:
            return f"it may be any {one.type} now, and was one of {_shown(values)}"
        if values:
            return f"only {_shown(values)} are taken now, and any {one.type} was"
        return f"it may be {one.type} now, which it never was" if self.by_us else f"{one.type} is not taken any more"


def _is_comparable(written: Alternative, taken: Alternative) -> bool:
    if taken.is_fixed:
        return written.is_fixed and taken.takes(written.value)
    return taken.type in {ANY, written.type} or (written.type, taken.type) == ("integer", "number")


def _holds(keyword: str, written: object, taken: object) -> bool:
    """Whether the writer's limit keeps within the reader's; with a keyword that is not known it has to be the same."""
    if keyword in _BOUNDS and isinstance(written, int | float) and isinstance(taken, int | float):
        return bool(_BOUNDS[keyword](written, taken))
    return written == taken or (keyword == "uniqueItems" and taken is False)


def _unit(field: str, old: object, new: object) -> list[Finding]:
    before, after = (one.get(UNIT) if isinstance(one, dict) else None for one in (old, new))
    return [] if before in {None, after} else [Finding(field, f"its unit changes from {before} to {after or 'none'}")]


def _path(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _properties(constraints: Mapping[str, object]) -> dict[str, object]:
    properties = constraints.get("properties")
    return properties if isinstance(properties, dict) else {}


def _required(constraints: Mapping[str, object]) -> list[str]:
    names = constraints.get("required")
    return [str(name) for name in names] if isinstance(names, list) else []


def _renamed(schema: object, before: Mapping[str, object], after: Mapping[str, object]) -> str:
    same = [name for name, other in after.items() if name not in before and alternatives(other) == alternatives(schema)]
    return f": {same[0]} looks like it under a new name" if len(same) == 1 else ""


def _types(all_: Sequence[Alternative]) -> str:
    return " or ".join(dict.fromkeys(one.type for one in all_)) or "nothing"


def _shown(value: object) -> str:
    if value is None:
        return "none"
    text = orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
