"""A command as its sender makes it: the record to publish, and which results answer it. Pure.

The record is read with the router's own eyes before it leaves, so that whatever a worker would call `invalid` is told
at once.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import orjson
from pydantic import ValidationError

from bridge.commands.command import Refusal
from bridge.commands.command_record import CommandRecord
from bridge.commands.reading import read_command
from bridge.events.cloudevents import ReceivedEvent
from bridge.events.command_catalogue import RESULT_TYPE, CommandName, command_type
from bridge.events.records import Record
from bridge.events.result_models import CommandResult
from bridge.events.topics import commands_topic

_ATTRIBUTE_OPTIONS: Final = MappingProxyType(
    {"id": "--command-id", "source": "--source", "connection": "--connection", "correlationid": "--correlation-id"}
)
# What sets which attribute; those of the data are named by whoever declares them.
_FIELD: Final = re.compile(r"(?:^|(?<=; ))(data\.)?(\w+)(?=: )", re.ASCII)
# The reader's details are `field: what is wrong; field: …`, and those of the data begin with `data.`.


class WrongUse(Exception):
    """No command can be made of this; the sentence says which option is wrong."""


class Answer(NamedTuple):
    """A result: as it lies in its topic, and what it says."""

    event: ReceivedEvent
    result: CommandResult


class Request(NamedTuple):
    """A command that any worker will take for well-formed."""

    id: str
    source: str
    connection: str
    record: Record

    def answer(self, event: ReceivedEvent) -> Answer | None:
        """Read the event as the terminal result of this command, be it `invalid` or another; None where it is not."""
        attributes = event.attributes
        whose = (attributes.get("commandid"), attributes.get("commandsource"), attributes.get("connection"))
        if event.type != RESULT_TYPE or whose != (self.id, self.source, self.connection):
            return None
        try:
            return Answer(event, CommandResult.model_validate_json(event.data))
        except ValidationError:
            return None  # whoever wrote this, it was no worker


def make_request(
    name: CommandName,
    connection: str,
    data: Mapping[str, str | int | None],
    *,
    id_: str,
    source: str,
    correlation_id: str | None,
    topic_prefix: str,
    options: Mapping[str, str],
) -> Request:
    """Make the command of `data`, whose absent fields are None; `options` says which option sets which of its fields.

    It has no `time`: the deadline then counts from the brokers' clock, and ours may be wrong. Raises WrongUse.
    """
    attributes = (
        ("specversion", "1.0"),
        ("id", id_),
        ("source", source),
        ("type", command_type(name)),
        ("connection", connection),
        ("correlationid", correlation_id),
    )
    topic = commands_topic(topic_prefix)
    try:
        value = orjson.dumps({field: given for field, given in data.items() if given is not None})
        headers = [(f"ce_{attribute}", text.encode()) for attribute, text in attributes if text is not None]
    except (UnicodeEncodeError, orjson.JSONEncodeError) as error:
        raise WrongUse("an option holds bytes that are no UTF-8") from error
    headers.append(("content-type", b"application/json"))
    command = read_command(CommandRecord(topic, 0, 0, 0, tuple(headers), value))
    if isinstance(command, Refusal):
        raise WrongUse(_in_options(command.detail, options))
    value = command.data.model_dump_json(exclude_none=True).encode()
    return Request(id_, source, connection, Record(topic, id_.encode(), value, headers))


def _in_options(detail: str, options: Mapping[str, str]) -> str:
    """Name what is wrong as it was given."""

    def option(field: re.Match[str]) -> str:
        inside, name = field.groups()
        return (options if inside else _ATTRIBUTE_OPTIONS).get(name, field[0])

    return _FIELD.sub(option, detail)
