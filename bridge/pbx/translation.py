"""A payload of the vendor to the fact it tells: `data` in our names, subject, key fields and time. Pure.

This stands in the way of every event, so it is one loop over a table and nothing else.
"""

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
    `time` is RFC 3339 and None where the vendor gave none; `unknown` and `mistyped` are the vendor's field names.
    """

    event: EventName
    subject: str
    key_fields: tuple[KeyField, ...] | None
    time: str | None
    data: bytes
    unknown: tuple[str, ...]
    mistyped: tuple[str, ...]


class Unusable(NamedTuple):
    """A payload without which no event can be made: the vendor's field name and what was wrong with it."""

    field: str
    problem: str


def translate(
    payload: Payload, sent: dict[str, object], to_e164: ToE164, raw: bytes, path: tuple[str | int, ...]
) -> Translation | Unusable:
    """Translate `sent`, the object that was read from the JSON text `raw`, where it stands at `path`."""
    data, moments, mistyped = _fields(payload.fields, sent, to_e164)
    parts: list[int | str] = []
    for name in payload.subject_parts:
        part = data[name]
        if not isinstance(part, int | str):
            return _unusable(payload, sent, name)
        if type(part) is str and len(part) > _LONGEST_SUBJECT_PART:
            return Unusable(_vendor_name(payload, name), f"longer than {_LONGEST_SUBJECT_PART} characters")
        parts.append(part)
    # One comparison of sets, since nearly every payload holds what is known and nothing else.
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
        payload.event, subject(payload.subject_prefix, parts), key_fields, time, value, unknown, mistyped
    )


def _fields(
    fields: tuple[PayloadField, ...], sent: dict[str, object], to_e164: ToE164
) -> tuple[dict[str, object], dict[str, Moment], tuple[str, ...]]:
    data: dict[str, object] = {}
    moments: dict[str, Moment] = {}
    mistyped: tuple[str, ...] = ()
    for vendor_name, our_name, read, e164_name, inner in fields:
        value = sent.get(vendor_name)
        known: object | None = None
        if value is not None and value != "":
            known = read(value) if inner is None else _objects(inner, value, to_e164)
            if known is None:
                mistyped += (vendor_name,)
            elif type(known) is Moment:
                moments[our_name] = known
                known = known.text
        data[our_name] = known
        if e164_name is not None:
            data[e164_name] = to_e164(known) if type(known) is str else None
    return data, moments, mistyped


def _objects(inner: tuple[PayloadField, ...], sent: object, to_e164: ToE164) -> list[dict[str, object]] | None:
    """Read a list of objects, such as the members of a group; None when it is no such list."""
    if type(sent) is not list or not all(type(item) is dict for item in sent):
        return None
    objects = []
    for item in sent:
        data, _, mistyped = _fields(inner, item, to_e164)
        kept = {*_unknown(frozenset(field.vendor for field in inner), item), *mistyped}
        data["extra"] = {name: value for name, value in item.items() if name in kept}
        objects.append(data)
    return objects


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
