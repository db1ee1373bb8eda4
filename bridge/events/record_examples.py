"""Whole records as examples, made by the code that makes the real ones, and examples of each set of headers."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import orjson

from bridge.events.catalogue import EventName
from bridge.events.command_catalogue import RESOLVED_TYPE, RESULT_TYPE, CommandName, command_type
from bridge.events.envelope import Envelope, Origin, dataschema
from bridge.events.event_facts import EVENT_FACTS
from bridge.events.examples import EXAMPLES
from bridge.events.ids import KeyField, event_id, subject
from bridge.events.model_fields import JsonObject
from bridge.events.quarantine import quarantined_command, quarantined_item, quarantined_webhook
from bridge.events.records import Record
from bridge.events.times import Moment, parse_moment, receipt_text
from bridge.events.topics import commands_topic

_CONNECTION: Final = "acme"
_PREFIX: Final = "pbx"
_ULID: Final = "01C3Y9R4ZT6Q5X7W8V9N0M1K2J"
_NO_MOMENT_S: Final = 1_516_102_800
# When an event was received in which the vendor gives no time at all.
_RECEIVED_AFTER_MS: Final = 1250
_RECEIVED: Final = "2018-01-16T11:26:59.130Z"
_FINISHED: Final = "2018-01-16T11:26:59.420Z"
_RESOLVED: Final = "2018-01-16T11:27:30.004Z"
_SOURCE: Final = "/crm"
_COMMAND_ID: Final = "7d1c5a52-8f6e-4f0e-9a57-3f2b8c1d4e60"
_CORRELATION_ID: Final = "case-4711"
_TRACEPARENT: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_NO_CHANGES: Final[Mapping[str, object]] = MappingProxyType({})
_CONTENT_TYPE: Final = {"content-type": "application/json"}


def event_record(
    event: EventName,
    changes: Mapping[str, object] = _NO_CHANGES,
    *,
    connection: str = _CONNECTION,
    topic_prefix: str = _PREFIX,
) -> Record:
    """Return the record of an event's first example with these changes, as if it had come a second after it happened.

    `changes` are fields of the data, times as texts; id, key, subject and time follow them.
    """
    facts, data = EVENT_FACTS[event], {**EXAMPLES[event][0], **changes}
    moments = {name: moment for name, value in data.items() if (moment := _moment(value)) is not None}
    last_s = max((moment.epoch_s for moment in moments.values()), default=_NO_MOMENT_S)
    received = receipt_text(last_s * 1000 + _RECEIVED_AFTER_MS)
    envelope = Envelope(connection, event, topic_prefix=topic_prefix, public_url=None)
    prefix, *parts = facts.subject.split("/")
    return envelope.seal(
        _ULID if facts.id_fields is None else envelope.derived_id([_key_field(data[name]) for name in facts.id_fields]),
        subject(prefix, [_part(data[part[1:-1]]) for part in parts]),
        orjson.dumps(data),
        time=next((moments[name].text for name in facts.time_fields if name in moments), received),
        received=received,
        origin=Origin.POLL if facts.webhook is None else Origin.WEBHOOK,
        hook=None if facts.webhook is None else f"{facts.webhook}.0",
    )


def named(record: Record) -> JsonObject:
    """Return the headers of a record as an object of texts."""
    return {name: content.decode() for name, content in record.headers}


def command_headers(name: CommandName) -> JsonObject:
    """Return the headers of a command, no more than are required."""
    return {
        "ce_specversion": "1.0",
        "ce_id": _COMMAND_ID,
        "ce_source": _SOURCE,
        "ce_type": command_type(name),
        "ce_connection": _CONNECTION,
    }


def result_headers(
    type_: str, command_id: str = _COMMAND_ID, *, source: str = _SOURCE, connection: str = _CONNECTION
) -> JsonObject:
    """Return the headers of what answers a command, by default that of the other examples."""
    kind = {RESULT_TYPE: "result", RESOLVED_TYPE: "resolved"}[type_]
    return {
        "ce_specversion": "1.0",
        "ce_id": event_id(connection, source, [command_id, kind]),
        "ce_source": f"/connections/{connection}",
        "ce_type": type_,
        "ce_subject": command_id,
        "ce_time": _FINISHED if type_ == RESULT_TYPE else _RESOLVED,
        "ce_dataschema": dataschema(type_, None),
        "ce_commandid": command_id,
        "ce_commandsource": source,
        "ce_connection": connection,
        **_CONTENT_TYPE,
    }


def _moment(value: object) -> Moment | None:
    return parse_moment(value) if isinstance(value, str) else None


def _key_field(value: object) -> KeyField:
    moment = _moment(value)
    return moment.epoch_s if moment is not None else None if value is None else _part(value)


def _part(value: object) -> int | str:
    assert isinstance(value, int | str)
    return value


EVENT_HEADERS_EXAMPLES: Final[Sequence[JsonObject]] = (
    named(event_record(EventName.CALL_STARTED)),
    named(event_record(EventName.LOST_CALLER_REMOVED)),
    named(event_record(EventName.CALL_LISTED)),
)
COMMAND_HEADERS_EXAMPLES: Final[Sequence[JsonObject]] = (
    command_headers(CommandName.DIAL),
    {
        **command_headers(CommandName.GET_CALL),
        "ce_expirytime": "2018-01-16T11:27:29Z",
        "ce_correlationid": _CORRELATION_ID,
        "ce_traceparent": _TRACEPARENT,
    },
)
RESULT_HEADERS_EXAMPLES: Final[Sequence[JsonObject]] = (
    {**result_headers(RESULT_TYPE), "ce_correlationid": _CORRELATION_ID},
    result_headers(RESOLVED_TYPE),
)
QUARANTINE_HEADERS_EXAMPLES: Final[Sequence[JsonObject]] = (
    named(
        quarantined_webhook(
            b"",
            id_=_ULID,
            reason="invalid_fields",
            detail="data.callID: missing",
            connection=_CONNECTION,
            received=_RECEIVED,
            hook="CallStarted.0",
            topic_prefix=_PREFIX,
        )
    ),
    named(
        quarantined_item(
            b"",
            id_=_ULID,
            reason="invalid_fields",
            detail="callID: not an id",
            connection=_CONNECTION,
            received=_RECEIVED,
            collection="call_history",
            origin=Origin.POLL,
            topic_prefix=_PREFIX,
            most_bytes=1,
        )
    ),
    named(
        quarantined_command(
            b"",
            [("ce_id", b"c-1"), ("ce_type", b"pbx.command.fax.v1")],
            id_=_ULID,
            reason="unknown_command",
            detail="type: none of the commands",
            connection=None,
            received=_RECEIVED,
            topic=commands_topic(_PREFIX),
            partition=2,
            offset=1042,
            dropped_headers=0,
            topic_prefix=_PREFIX,
        )
    ),
)
