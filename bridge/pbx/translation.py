"""A payload of the vendor to the fact it tells: `data` in our names, subject, key fields and time. Pure.

This stands in the way of every event, so it is one loop over a table and nothing else.
"""

from collections.abc import Collection
from typing import NamedTuple

import orjson

from bridge.events.catalogue import EventName
from bridge.events.ids import KeyField, subject
from bridge.events.times import Moment
from bridge.pbx.exact_numbers import exact_extra, holds_float
from bridge.pbx.numbers import ToE164
from bridge.pbx.payload_fields import Payload, PayloadField

_LONGEST_SUBJECT_PART = 256
# In characters. No telephone number comes near it, and a key and two headers of the record repeat the subject.


class Translation(NamedTuple):
    """A fact that the vendor told.

    `data` is the compact JSON of the event's value; `key_fields` is None for the event that has no derived id;
    `time` is RFC 3339 and None where the vendor gave none; `unknown`, `mistyped` and `missing` are the vendor's field
    names, with a dot where they stand in a list of objects, such as `members.role`.
    """

    event: EventName
    subject: str
    key_fields: tuple[KeyField, ...] | None
    time: str | None
    data: bytes
    unknown: tuple[str, ...]
    mistyped: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def has_drifted(self) -> bool:
        """Whether the payload was not quite as the vendor's contract says."""
        return bool(self.unknown or self.mistyped or self.missing)


class Unusable(NamedTuple):
    """A payload without which no event can be made: the vendor's field name and what was wrong with it."""

    field: str
    problem: str


def translate(
    payload: Payload, sent: dict[str, object], to_e164: ToE164, raw: bytes, path: tuple[str | int, ...]
) -> Translation | Unusable:
    """Translate `sent`, the object that was read from the JSON text `raw`, where it stands at `path`."""
    data, moments, mistyped, unknown_inside = _fields(payload.fields, sent, to_e164)
    parts: list[int | str] = []
    for name in payload.subject_parts:
        part = data[name]
        if not isinstance(part, int | str):
            return _unusable(payload, sent, name)
        if type(part) is str and len(part) > _LONGEST_SUBJECT_PART:
            return Unusable(_vendor_name(payload, name), f"longer than {_LONGEST_SUBJECT_PART} characters")
        parts.append(part)
    # Two comparisons of sets, since nearly every payload holds what is known and nothing else.
    missing = () if payload.expected_names <= sent.keys() else _missing(payload, sent)
    unknown = () if sent.keys() <= payload.vendor_names else _unknown(payload.vendor_names, sent)
    extra: dict[str, object] = {}
    if unknown or mistyped:
        kept = {*unknown, *mistyped}
        extra = {name: value for name, value in sent.items() if name in kept}
        if holds_float(extra):
            extra = exact_extra(raw, path, extra)
    data["extra"] = extra
    try:
        value = orjson.dumps(data)
    except orjson.JSONEncodeError:
        # The only thing that can be read and not be written; the reader allows 1,024 levels, the writer 254.
        return Unusable("extra", "nested too deep")
    time = None
    for name in payload.time:
        if name in moments:
            time = moments[name].text
            break
    key_fields = None if payload.key is None else _key_fields(payload.key, data, moments)
    return Translation(
        payload.event,
        subject(payload.subject_prefix, parts),
        key_fields,
        time,
        value,
        unknown + unknown_inside,
        mistyped,
        missing,
    )


def _fields(
    fields: tuple[PayloadField, ...], sent: dict[str, object], to_e164: ToE164
) -> tuple[dict[str, object], dict[str, Moment], tuple[str, ...], tuple[str, ...]]:
    """Return the fields in our names, moments, and the vendor's names of what is mistyped, and unknown inside lists."""
    data: dict[str, object] = {}
    moments: dict[str, Moment] = {}
    mistyped: tuple[str, ...] = ()
    unknown_inside: tuple[str, ...] = ()
    for vendor_name, our_name, read, e164_name, inner in fields:
        value = sent.get(vendor_name)
        known: object | None = None
        if value is not None and value != "":
            if inner is None:
                known = read(value)
            elif (read_objects := _objects(inner, value, to_e164)) is not None:
                known = read_objects.objects
                mistyped += tuple(f"{vendor_name}.{name}" for name in read_objects.mistyped)
                unknown_inside += tuple(f"{vendor_name}.{name}" for name in read_objects.unknown)
            if known is None:
                mistyped += (vendor_name,)
            elif type(known) is Moment:
                moments[our_name] = known
                known = known.text
        data[our_name] = known
        if e164_name is not None:
            data[e164_name] = to_e164(known) if type(known) is str else None
    return data, moments, mistyped, unknown_inside


class _Objects(NamedTuple):
    """A list of objects in our names, and the vendor's names of what is unknown and mistyped in any of them."""

    objects: list[dict[str, object]]
    unknown: Collection[str]
    mistyped: Collection[str]


def _objects(inner: tuple[PayloadField, ...], sent: object, to_e164: ToE164) -> _Objects | None:
    """Read a list of objects, such as the members of a group; None when it is no such list."""
    if type(sent) is not list or not all(type(item) is dict for item in sent):
        return None
    known = frozenset(field.vendor for field in inner)
    objects: list[dict[str, object]] = []
    all_unknown: dict[str, None] = {}
    all_mistyped: dict[str, None] = {}
    for item in sent:
        data, _, mistyped, unknown_inside = _fields(inner, item, to_e164)
        unknown = _unknown(known, item)
        kept = {*unknown, *mistyped}
        data["extra"] = {name: value for name, value in item.items() if name in kept}
        objects.append(data)
        all_unknown |= dict.fromkeys(unknown + unknown_inside)
        all_mistyped |= dict.fromkeys(mistyped)
    return _Objects(objects, all_unknown.keys(), all_mistyped.keys())


def _missing(payload: Payload, sent: dict[str, object]) -> tuple[str, ...]:
    return tuple(
        field.vendor for field in payload.fields if field.vendor in payload.expected_names and field.vendor not in sent
    )


def _unknown(known: frozenset[str], sent: dict[str, object]) -> tuple[str, ...]:
    return tuple(name for name in sent if name not in known)


def _key_fields(names: tuple[str, ...], data: dict[str, object], moments: dict[str, Moment]) -> tuple[KeyField, ...]:
    fields: list[KeyField] = []
    for name in names:
        value = moments[name].epoch_s if name in moments else data[name]
        fields.append(value if isinstance(value, int | str) else None)
    return tuple(fields)


def _vendor_name(payload: Payload, our_name: str) -> str:
    return next(field.vendor for field in payload.fields if field.ours == our_name)


def _unusable(payload: Payload, sent: dict[str, object], our_name: str) -> Unusable:
    vendor_name = _vendor_name(payload, our_name)
    value = sent.get(vendor_name)
    if value is None or value == "":
        return Unusable(vendor_name, "missing" if vendor_name not in sent else "empty")
    return Unusable(vendor_name, "not an id" if our_name.endswith("id") else "not a telephone number")
