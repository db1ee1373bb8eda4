"""What becomes of a record of the command topic: work for a shard's owner, or a refusal. Pure."""

from dataclasses import replace
from typing import Final

from bridge.commands.command import Reason, Refusal, address_of
from bridge.commands.command_record import CommandRecord
from bridge.commands.reading import read_command
from bridge.commands.work_records import Work
from bridge.kafka.fetched_command import FetchedCommand

_UNTIMED: Final = (
    "the record has no append time, as the topic's message.timestamp.type was not LogAppendTime: send the command again"
)
_TOO_LARGE: Final = "with its headers it is larger than a record of this installation may be"


def read_fetched(fetched: FetchedCommand, now_ms: int) -> Work | Refusal:
    """Read one record. It never raises.

    `now_ms` (epoch milliseconds) takes the place of a time that a client has stamped: a deadline that counts from it
    would be the client's own word, so such a record is no command, however well-formed.
    """
    topic, partition, offset, timestamp_ms, by_brokers, headers, value, problem = fetched
    received_ms = timestamp_ms if by_brokers else now_ms
    record = CommandRecord.received(topic, partition, offset, received_ms, headers, value)
    if problem is not None:
        return Refusal(record, Reason.NOT_CLOUDEVENTS, problem, None, None)
    read = read_command(record)
    if isinstance(read, Refusal):
        return read
    if not by_brokers:
        return Refusal(record, Reason.INVALID_FIELDS, _UNTIMED, read.connection, address_of(read.reference))
    return Work(read, record)


def too_large(work: Work) -> Refusal:
    """Refuse a command whose work record does not fit."""
    command, record = work
    return Refusal(record, Reason.TOO_LARGE, _TOO_LARGE, command.connection, address_of(command.reference))


def without_content(refusal: Refusal) -> Refusal:
    """Leave the record's bytes behind, for a copy that does not fit either."""
    record = refusal.record._replace(headers=(), value=None)
    return replace(refusal, record=record, detail=f"{refusal.detail}; too large for a copy")


def mode_of(work: Work) -> str:
    """Return `structured` or `binary`, of a command that was read from the record."""
    # The data of a well-formed command has no room for such a text, and nothing else is in the value in binary mode.
    return "structured" if b'"specversion"' in (work.record.value or b"") else "binary"
