"""Records as consumers read them: whatever the client library, one call gives a typed event or says what is wrong."""

import dataclasses
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import ConsumerRecord
from pydantic import BaseModel, ValidationError

import bridge.events
from bridge.events import (
    Answer,
    CallCompleted,
    CallStarted,
    CommandResolved,
    CommandResult,
    Event,
    EventName,
    Origin,
    Status,
    UnknownEvent,
    UnreadableRecord,
    parse_record,
)
from bridge.events.catalogue import event_type
from bridge.events.cloudevents import NotACloudEvent
from bridge.events.command_catalogue import RESOLVED_TYPE, RESULT_TYPE
from bridge.events.command_examples import RESULT_EXAMPLES
from bridge.events.models import MODELS
from bridge.events.record_examples import event_record, result_headers
from bridge.events.records import Record
from tests.events.consumer import Message, lay_out

IN_A_CLEAN_PLACE = """
import sys
sys.path.append(sys.argv[1])
from bridge.events import CallCompleted, parse_record
from bridge.events.catalogue import EventName
from bridge.events.record_examples import event_record
event = parse_record(event_record(EventName.CALL_COMPLETED), CallCompleted)
print(event.data.call_id, *sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)))
"""


def of_aiokafka(record: Record) -> ConsumerRecord:
    fields: dict[str, Any] = dict.fromkeys(field.name for field in dataclasses.fields(ConsumerRecord))
    return ConsumerRecord(**fields | record._asdict() | {"headers": tuple(record.headers)})


def answer_record(type_: str, **changed: str | None) -> Record:
    """Make the record of the first example of an answer, with other headers; those that are None are left out."""
    headers = [(name, str(text).encode()) for name, text in {**result_headers(type_), **changed}.items() if text]
    return Record("pbx.results.v1", b"any", orjson.dumps(RESULT_EXAMPLES[type_][0]), headers)


def changed(record: Record, value: bytes | None = None, **headers: bytes | None) -> Record:
    """Change the value and headers of a record; a header that is None is left out."""
    kept = {**dict(record.headers), **{name.replace("__", "-"): content for name, content in headers.items()}}
    return record._replace(
        value=record.value if value is None else value,
        headers=[(name, content) for name, content in kept.items() if content is not None],
    )


@pytest.mark.parametrize("event", EventName)
def test_each_event_is_of_its_model(event: EventName) -> None:
    """The records of aiokafka and of confluent-kafka give the same event, its data of the type's own model."""
    record = event_record(event)
    parsed = parse_record(of_aiokafka(record))
    assert isinstance(parsed, Event)
    assert parsed == parse_record(Message(record)) == parse_record(of_aiokafka(record), MODELS[event])
    assert type(parsed.data) is MODELS[event]
    assert parsed.data.model_dump(mode="json") == orjson.loads(record.value)
    assert parsed.type == event_type(event)
    assert {f"ce_{name}".replace("ce_datacontenttype", "content-type") for name in parsed.attributes} == dict(
        record.headers
    ).keys()


def test_every_model_can_be_imported_where_parse_record_is() -> None:
    """A consumer needs one import."""
    models: list[type[BaseModel]] = [*MODELS.values(), CommandResult, CommandResolved]
    for model in models:
        assert getattr(bridge.events, model.__name__) is model
        assert model.__name__ in bridge.events.__all__


def test_an_event_has_its_attributes_as_types() -> None:
    """Times are aware, the origin is one of three, and the names are Python's."""
    event = parse_record(of_aiokafka(event_record(EventName.CALL_STARTED)), CallStarted)
    assert (event.id, event.source, event.subject) == (
        "eaef3f364db3a1ed322d01625ee2173e",
        "/connections/acme",
        "call/150818921852",
    )
    assert event.time == event.data.call_started == datetime(2017, 10, 16, 21, 26, 59, tzinfo=UTC)
    assert event.received_time > event.time
    assert (event.connection, event.origin, event.hook) == ("acme", Origin.WEBHOOK, "CallStarted.0")
    assert event.dataschema == "urn:bridge:schema:pbx.call.started.v1"


def test_events_are_frozen() -> None:
    """Nobody changes what others read, too."""
    event = parse_record(of_aiokafka(event_record(EventName.CALL_STARTED)), CallStarted)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.id = "another"  # type: ignore[misc] # what is tested
    with pytest.raises(ValidationError, match="frozen"):
        event.data.status = 2  # type: ignore[misc] # what is tested
    with pytest.raises(TypeError):
        event.attributes["id"] = "another"  # type: ignore[index] # what is tested


def test_results_and_resolutions_name_their_command() -> None:
    """What answers a command carries its identity."""
    result = parse_record(Message(answer_record(RESULT_TYPE, ce_correlationid="case-1")), CommandResult)
    assert (result.data.status, result.correlation_id, result.traceparent) == (Status.OK, "case-1", None)
    assert (result.connection, result.command_source, result.command_id) == ("acme", "/crm", result.subject)
    resolved = parse_record(Message(answer_record(RESOLVED_TYPE)))
    assert isinstance(resolved, Answer)
    assert isinstance(resolved.data, CommandResolved)
    assert resolved.id != result.id


def test_an_invalid_commands_result_has_less() -> None:
    """What could not be read of the command is None."""
    record = answer_record(RESULT_TYPE, ce_connection=None, ce_commandsource=None, ce_source="/connections")
    result = parse_record(Message(record), CommandResult)
    assert (result.connection, result.command_source) == (None, None)


def test_a_newer_bridge_is_read() -> None:
    """New fields and headers are passed over, the headers are among the attributes."""
    record = event_record(EventName.CALL_STARTED)
    newer = changed(record, orjson.dumps({**orjson.loads(record.value), "mood": "good"}), ce_tenant=b"north")
    event = parse_record(Message(newer), CallStarted)
    assert event.attributes["tenant"] == "north"
    assert event.data == parse_record(Message(record), CallStarted).data


@pytest.mark.parametrize("type_", ["pbx.call.parked.v1", "pbx.call.started.v2", "pbx.command.dial.v1", "com.else"])
def test_an_unknown_type_is_an_unknown_event(type_: str) -> None:
    """A subscription by pattern goes on when a newer bridge has a new type."""
    parsed = parse_record(Message(changed(event_record(EventName.CALL_STARTED), b'{"a":1}', ce_type=type_.encode())))
    assert isinstance(parsed, UnknownEvent)
    assert (parsed.type, parsed.data) == (type_, {"a": 1})
    assert parsed.attributes["connection"] == "acme"


def test_times_may_be_finer_than_pythons() -> None:
    """The vendor's fractions of a second are kept as sent; what Python cannot hold is cut off."""
    record = event_record(EventName.CALL_STARTED)
    fine = orjson.dumps({**orjson.loads(record.value), "call_started": "2017-10-16T21:26:59.123456789Z"})
    event = parse_record(Message(changed(record, fine, ce_time=b"2017-10-16T21:26:59.123456789Z")), CallStarted)
    assert event.time == event.data.call_started == datetime(2017, 10, 16, 21, 26, 59, 123456, tzinfo=UTC)


def test_deep_extra_is_read() -> None:
    """Whatever depth the bridge can write a consumer can read."""
    record = event_record(EventName.CALL_STARTED)
    deep: object = 1
    for _ in range(240):
        deep = [deep]
    event = parse_record(
        Message(changed(record, orjson.dumps({**orjson.loads(record.value), "extra": {"deep": deep}}))), CallStarted
    )
    assert event.data.extra == {"deep": deep}


def test_a_header_without_content_is_absent() -> None:
    """Kafka allows headers that are null."""
    record = event_record(EventName.CALL_STARTED)
    fields: dict[str, Any] = {**record._asdict(), "headers": [*record.headers, ("ce_trace", None), ("other", None)]}
    assert parse_record(Message(Record(**fields))) == parse_record(Message(record))


STARTED = event_record(EventName.CALL_STARTED)
SECRET = "Jonas, +37060012345"
# Stands for what must not get into a log.


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (changed(STARTED, ce_type=None), "the header ce_type is missing"),
        (changed(STARTED, ce_id=b"\xff"), "the header ce_id is not UTF-8"),
        (changed(STARTED, ce_specversion=b"0.3"), "the specversion is not 1.0"),
        (changed(STARTED, SECRET.encode()), "the value is not JSON"),
        (STARTED._replace(value=None), "there is no value"),  # type: ignore[arg-type] # a tombstone
        (STARTED._replace(value={"call_id": 1}), "not bytes"),  # type: ignore[arg-type] # somebody's deserializer
        (STARTED._replace(headers=None), "ce_specversion is missing"),  # type: ignore[arg-type] # as confluent gives it
        (changed(STARTED, b"[]"), "data: Input should be a valid dictionary"),
        (changed(STARTED, b"{}"), "data.call_id: Field required"),
        (changed(STARTED, f'{{"call_id":"{SECRET}"}}'.encode()), "data.call_id: Input should be a valid integer"),
        (changed(STARTED, ce_connection=None), "headers.ce_connection: Field required"),
        (changed(STARTED, ce_time=b"yesterday"), "headers.ce_time: "),
        (changed(STARTED, ce_origin=b"rumour"), "headers.ce_origin: "),
        (changed(STARTED, content__type=b"text/plain"), "headers.content-type: "),
        (changed(answer_record(RESULT_TYPE), b'{"status":"perhaps"}'), "data.status: "),
    ],
)
def test_what_cannot_be_read_says_why(record: Record, sentence: str) -> None:
    """One type of error names the field, and holds nothing of the value, in its chain neither."""
    with pytest.raises(UnreadableRecord, match=re.escape(sentence)) as caught:
        parse_record(Message(record))
    assert SECRET not in str(caught.value)
    # The libraries' own errors hold what they were given.
    assert isinstance(caught.value.__cause__, NotACloudEvent | None)


def test_another_type_than_expected_is_refused() -> None:
    """The sentence names both."""
    with pytest.raises(UnreadableRecord, match=r"'pbx\.call\.started\.v1', not 'pbx\.call\.completed\.v1'"):
        parse_record(Message(STARTED), CallCompleted)


def test_the_base_install_is_enough(tmp_path: Path) -> None:
    """Nothing but what the base install declares is on the path, and the consumer's import works."""
    lay_out(tmp_path, "mobili-stotele-bridge")
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IN_A_CLEAN_PLACE, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    call_id, *loaded = run.stdout.split()
    assert call_id == str(orjson.loads(event_record(EventName.CALL_COMPLETED).value)["call_id"])
    assert {"bridge", "orjson", "pydantic"} <= set(loaded)
