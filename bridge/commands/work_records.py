"""The internal records by which the router hands a command to the owner of its connection's shard. Pure.

A work record is the command's own record, value and headers, behind one header of ours that says where it stood and
when it was appended, which is what its deadline counts from. The owner reads it as the router has: the bytes alone
decide, and whoever refuses the command later still has them for the quarantine.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from bridge.commands.command import Command, Refusal
from bridge.commands.command_record import CommandRecord
from bridge.commands.reading import read_command
from bridge.events.records import Record
from bridge.events.topics import work_topic

FORMAT: Final = 1
# Raised when an owner of the release before could not read what is written. A new command is such a change.
HEADER: Final = "work"


class Work(NamedTuple):
    """A command, and the record that it was read from."""

    command: Command
    record: CommandRecord


class NotWork(Exception):
    """The record is none that any release has written. Nobody waits for it: count it and pass it."""


class NewerWork(Exception):
    """A newer release has written the record: leave the shard to a worker that can read it."""


class _Origin(BaseModel):
    # A field that is not known here is a newer release's: it would not be there without a reason.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    v: int
    topic: str
    partition: int
    offset: int
    accepted_ms: int


def work_record(work: Work, topic_prefix: str) -> Record:
    """Return the record for the internal topic. Its key is the connection's name: so its partition is the shard."""
    command, record = work
    origin = _Origin(
        v=FORMAT,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        accepted_ms=command.accepted_ms,
    )
    headers = [(HEADER, orjson.dumps(origin.model_dump())), *record.headers]
    return Record(work_topic(topic_prefix), command.connection.encode(), record.value or b"", headers)


def read_work(headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> Work:
    """Read a work record as `work_record` made it. Raises NotWork and NewerWork."""
    (name, content), *original = [*headers] or [("", None)]
    if name != HEADER:
        raise NotWork("the first header is none of ours")
    try:
        sent = orjson.loads(content or b"")
    except orjson.JSONDecodeError:
        raise NotWork(f"the header {HEADER} is not JSON") from None
    if not isinstance(sent, dict) or type(version := sent.get("v")) is not int:
        raise NotWork(f"the header {HEADER} has no format version")
    if version > FORMAT:
        raise NewerWork(f"format {version}, {FORMAT} is known")
    if version < FORMAT:
        raise NotWork(f"format {version} was never written")
    try:
        origin = _Origin.model_validate(sent)
    except ValidationError:
        raise NotWork(f"the header {HEADER} has other fields than format {version}") from None
    record = CommandRecord.received(origin.topic, origin.partition, origin.offset, origin.accepted_ms, original, value)
    command = read_command(record)
    if isinstance(command, Refusal):
        # The router took it for a command, so it knows more of commands than this release.
        raise NewerWork(f"{command.reason}: {command.detail}")
    return Work(command, record)
