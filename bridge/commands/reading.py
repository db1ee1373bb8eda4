"""A record of the command topic to the command in it, or to the reason why there is none. Pure: the bytes alone decide.

A CloudEvent in binary mode (`ce_…` headers, the value is the data) or in structured mode: the value is a JSON object
that holds `specversion`, whatever the headers say, which may then repeat the attributes. The key is not looked at.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from sys import intern
from typing import Final, NamedTuple, cast

import orjson
from pydantic import ValidationError

from bridge.commands.attributes import HEADER_PREFIX, Attributes, Fault, from_headers, from_object
from bridge.commands.command import Command, Data, Reason, Refusal
from bridge.commands.command_record import LARGEST_HEADERS_BYTES, CommandRecord, fitting_headers
from bridge.events.command_catalogue import COMMAND_TYPES, CommandName
from bridge.events.command_models import COMMAND_MODELS
from bridge.events.times import Moment, parse_moment
from bridge.ops.settings.connections import NAME as CONNECTION_NAME

LARGEST_VALUE_BYTES: Final = 65_536
# The contract's limit: a hundred times what the largest of the ten commands needs.
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)
# What is shown of a field's name that we do not know: anything else might be a value in the wrong place.
_MOST_PROBLEMS: Final = 5
# Told at once. Nobody reads more, and the detail is a header.


class _Content(NamedTuple):
    """A record's value as JSON, the attributes, and whether both were in the value."""

    value: object
    attributes: Attributes
    structured: bool
    fault: Fault | None


def read_command(record: CommandRecord) -> Command | Refusal:
    """Read one record. It never raises."""
    content = _open(record)
    attributes = content.attributes
    read = content.fault or attributes.first_fault() or _read(record, content)
    if isinstance(read, Command):
        return read
    return Refusal(record, read.reason, read.detail, attributes.values.get("connection"), attributes.address)


def _open(record: CommandRecord) -> _Content:
    value: object = None
    fault = None
    try:
        value = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError as error:
        fault = Fault(Reason.NOT_JSON, _json_problem(record.value, error))
    structured = isinstance(value, dict) and "specversion" in value
    attributes = from_object(value) if isinstance(value, dict) and structured else from_headers(record.headers)
    if record.value is not None and len(record.value) > LARGEST_VALUE_BYTES:
        fault = Fault(
            Reason.TOO_LARGE, f"the value has {len(record.value)} bytes, at most {LARGEST_VALUE_BYTES} are taken"
        )
    elif fitting_headers(record.headers) < len(record.headers):
        fault = Fault(Reason.TOO_LARGE, f"the headers have more than {LARGEST_HEADERS_BYTES} bytes")
    elif fault is None and not isinstance(value, dict):
        fault = Fault(Reason.NOT_AN_OBJECT, "the value is JSON, but no object")
    elif fault is None and not structured and not any(name.startswith(HEADER_PREFIX) for name, _ in record.headers):
        fault = Fault(Reason.NOT_CLOUDEVENTS, "neither ce_ headers nor a specversion in the value")
    return _Content(value, attributes, structured, fault)


def _json_problem(value: bytes | None, error: orjson.JSONDecodeError) -> str:
    if value is None:
        return "the record has no value (a tombstone)"
    return f"{error.msg} (line {error.lineno}, column {error.colno})" if value else "the value is empty"


def _read(record: CommandRecord, content: _Content) -> Command | Fault:  # noqa: PLR0911 - one for each thing that is wrong
    values = content.attributes.values
    name = COMMAND_TYPES.get(values["type"])
    if name is None:
        return Fault(Reason.UNKNOWN_COMMAND, "type: none of the commands")
    connection = values["connection"]
    if CONNECTION_NAME.fullmatch(connection) is None:
        # Nobody has to wait for a roll-out that could make it known.
        return Fault(Reason.UNKNOWN_CONNECTION, "connection: no name that a connection can have")
    sent_ms = _moment_ms(values, "time")
    if isinstance(sent_ms, Fault):
        return sent_ms
    expiry_ms = _moment_ms(values, "expirytime")
    if isinstance(expiry_ms, Fault):
        return expiry_ms
    sent = _data(cast("dict[str, object]", content.value)) if content.structured else content.value
    if isinstance(sent, Fault):
        return sent
    data = _validated(name, sent)
    if isinstance(data, Fault):
        return data
    # Tens of thousands of commands may wait, of few sources and connections.
    return Command(
        values["id"],
        intern(values["source"]),
        intern(connection),
        name,
        data,
        record.appended_ms,
        sent_ms,
        expiry_ms,
        values.get("correlationid"),
        values.get("traceparent"),
    )


def _moment_ms(values: Mapping[str, str], name: str) -> int | Fault | None:
    if (text := values.get(name)) is None:
        return None
    moment = parse_moment(text)
    if moment is None:
        return Fault(Reason.INVALID_FIELDS, f"{name}: not an RFC 3339 time with an offset")
    return _ms(moment)


def _ms(moment: Moment) -> int:
    """Return epoch milliseconds, rounded down: a deadline is not moved later."""
    fraction = moment.text[20:-1]
    return moment.epoch_s * 1000 + int(fraction[:3].ljust(3, "0"))


def _data(event: dict[str, object]) -> object | Fault:
    """Return the data of a structured event; some clients' libraries write JSON that they hold as bytes in base 64."""
    encoded = event.get("data_base64")
    if encoded is None:
        return event.get("data")
    if event.get("data") is not None:
        return Fault(Reason.NOT_CLOUDEVENTS, "data_base64: stands beside data")
    if not isinstance(encoded, str):
        return Fault(Reason.NOT_CLOUDEVENTS, "data_base64: not a string")
    try:
        return cast("object", orjson.loads(base64.b64decode(encoded, validate=True)))
    except (binascii.Error, ValueError):
        return Fault(Reason.INVALID_FIELDS, "data_base64: not JSON in base 64")


def _validated(name: CommandName, sent: object) -> Data | Fault:
    if not isinstance(sent, dict):
        return Fault(Reason.INVALID_FIELDS, "data: missing" if sent is None else "data: not an object")
    try:
        return cast("Data", COMMAND_MODELS[name].model_validate(sent))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    told = [_problem(str(each["loc"][0]) if each["loc"] else "", each["type"], each["msg"]) for each in found]
    more = len(told) - _MOST_PROBLEMS
    return Fault(Reason.INVALID_FIELDS, "; ".join(told[:_MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else ""))


def _problem(field: str, kind: str, sentence: str) -> str:
    match kind:
        case "missing":
            return f"data.{field}: missing"
        case "extra_forbidden" if _PLAIN_NAME.fullmatch(field) is not None:
            return f"data.{field}: no field of this command"
        case "extra_forbidden":
            return "data: holds a field that is none of this command"
        case _:
            return f"data.{field}: {sentence}" if field else f"data: {sentence}"
