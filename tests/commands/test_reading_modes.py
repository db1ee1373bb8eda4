"""A command is read alike in binary and structured mode, from any client."""

import base64
from datetime import UTC, datetime

import orjson
import pytest
from cloudevents.core.bindings.kafka import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from bridge.commands.command import Reason
from bridge.events.command_catalogue import CommandName, command_type
from bridge.events.command_examples import COMMAND_EXAMPLES
from bridge.events.command_models import COMMAND_MODELS, Dial
from tests.commands.records import (
    APPENDED_MS,
    ATTRIBUTES,
    DIAL,
    TRACEPARENT,
    binary,
    command,
    headers_of,
    reason,
    record,
    refusal,
    structured,
    without,
)

OPTIONAL = {
    "time": "2018-01-16T11:26:58Z",
    "expirytime": "2018-01-16T13:27:10.5+02:00",
    "correlationid": "order 7",
    "traceparent": TRACEPARENT,
}


@pytest.mark.parametrize("mode", [binary, structured])
@pytest.mark.parametrize("name", CommandName)
def test_each_command_is_read_from_its_examples(mode: type, name: CommandName) -> None:
    """All ten, typed."""
    for example in COMMAND_EXAMPLES[name]:
        read = command(mode(example, type=command_type(name)))
        assert read.name is name
        assert read.data == COMMAND_MODELS[name].model_validate(example)
        assert (read.id, read.source, read.connection, read.accepted_ms) == ("c-1", "/crm", "acme", APPENDED_MS)


@pytest.mark.parametrize("mode", [binary, structured])
def test_optional_attributes_are_read(mode: type) -> None:
    """Times in milliseconds, whatever their offset; correlation and trace as they were sent."""
    read = command(mode(DIAL, **OPTIONAL))
    assert (read.sent_ms, read.expiry_ms) == (1_516_102_018_000, 1_516_102_030_500)
    assert (read.correlation_id, read.traceparent) == ("order 7", TRACEPARENT)
    bare = command(mode())
    assert (bare.sent_ms, bare.expiry_ms, bare.correlation_id, bare.traceparent) == (None, None, None, None)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=64))
def test_both_modes_read_the_same(text: str) -> None:
    """Whatever the texts are, identity included."""
    one, other = (command(mode(DIAL, id=text, source=text, correlationid=text)) for mode in (binary, structured))
    assert one == other
    assert one.identity == other.identity


def test_the_public_library_s_records_are_read() -> None:
    """Its binary and its structured records, with data as an object and as bytes, which it puts in base 64."""
    for data in (DIAL, orjson.dumps(DIAL)):
        event = CloudEvent(
            {
                "id": "c-1",
                "source": "/crm",
                "type": "pbx.command.dial.v1",
                "specversion": "1.0",
                "connection": "acme",
                "datacontenttype": "application/json",
                "time": datetime(2018, 1, 16, 11, 26, 58, tzinfo=UTC),
            },
            data,
        )
        for message in (to_binary_event(event), to_structured_event(event)):
            sent = record([*message.headers.items()], message.value)
            assert command(sent).data == Dial.model_validate(DIAL)
            assert command(sent).sent_ms == 1_516_102_018_000


def test_structured_data_may_be_in_base_64() -> None:
    """Some libraries write so what they hold as bytes."""
    encoded = base64.b64encode(orjson.dumps(DIAL)).decode()
    assert command(structured(None, data_base64=encoded)) == command(structured())
    assert reason(structured(DIAL, data_base64=encoded)) is Reason.NOT_CLOUDEVENTS
    assert reason(structured(None, data_base64=5)) is Reason.NOT_CLOUDEVENTS
    assert reason(structured(None, data_base64="%%%")) is Reason.INVALID_FIELDS
    assert reason(structured(None, data_base64="AAAA")) is Reason.INVALID_FIELDS
    assert reason(structured(None, data_base64="MQ==")) is Reason.INVALID_FIELDS


def test_a_specversion_in_the_value_makes_it_structured() -> None:
    """The content type is not looked at, and headers may repeat the attributes."""
    value = orjson.dumps({**ATTRIBUTES, "id": "inner", "data": DIAL})
    for content_type in (b"application/json", b"text/plain", b"\xff"):
        headers: list[tuple[str, bytes | None]] = [("content-type", content_type), *headers_of(ATTRIBUTES)]
        assert command(record(headers, value)).id == "inner"


def test_a_null_member_is_absent() -> None:
    """The JSON format of CloudEvents says so; an empty text is the same to us."""
    assert command(structured(DIAL, time=None, correlationid=None)) == command(structured())
    assert command(binary(DIAL, time="", expirytime="", correlationid="")) == command(binary())
    assert command(record([("ce_time", None), *headers_of(ATTRIBUTES)], orjson.dumps(DIAL))) == command(binary())


def test_extensions_may_have_other_types() -> None:
    """Integers and booleans stand for their canonical texts; only what must be a string must be one."""
    read = command(structured(DIAL, correlationid=7, connection=42, other=[1], sampledrate=1.5))
    assert (read.correlation_id, read.connection) == ("7", "42")
    assert command(structured(DIAL, correlationid=True)).correlation_id == "true"
    for name, wrong, why in (
        ("id", 5, Reason.NOT_CLOUDEVENTS),
        ("source", True, Reason.NOT_CLOUDEVENTS),
        ("type", 1.5, Reason.NOT_CLOUDEVENTS),
        ("specversion", 1.0, Reason.NOT_CLOUDEVENTS),
        ("id", ["c-1"], Reason.NOT_CLOUDEVENTS),
        ("time", 1516102018, Reason.INVALID_FIELDS),
        ("expirytime", False, Reason.INVALID_FIELDS),
        ("connection", {}, Reason.INVALID_FIELDS),
        ("correlationid", 0.5, Reason.INVALID_FIELDS),
    ):
        refused = refusal(structured(DIAL, **{name: wrong}))
        assert refused.reason is why
        assert refused.detail.startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "connection"])
def test_a_missing_attribute_is_named(name: str) -> None:
    """In both modes, absent and empty; the connection is ours, so without it it is still a CloudEvent."""
    why = Reason.INVALID_FIELDS if name == "connection" else Reason.NOT_CLOUDEVENTS
    sent = [record(headers_of(without(name)), orjson.dumps(DIAL)), binary(DIAL, **{name: ""})]
    if name != "specversion":
        sent.append(record([], orjson.dumps({**without(name), "data": DIAL})))
    for each in sent:
        refused = refusal(each)
        assert (refused.reason, refused.detail) == (why, f"{name}: missing")
        assert (refused.address is None) == (name == "id")


def test_another_specversion_is_no_cloudevent_of_ours() -> None:
    """1.0 is what all of 1.0.x write."""
    for version in ("0.3", "1.0.2", "2.0"):
        assert reason(binary(DIAL, specversion=version)) is Reason.NOT_CLOUDEVENTS
        assert reason(structured(DIAL, specversion=version)) is Reason.NOT_CLOUDEVENTS
    assert reason(structured(DIAL, specversion=None)) is Reason.NOT_CLOUDEVENTS


def test_plain_json_is_no_cloudevent() -> None:
    """Neither headers nor a specversion."""
    refused = refusal(record([("reply_to", b"x")], orjson.dumps(DIAL)))
    assert refused.reason is Reason.NOT_CLOUDEVENTS
    assert refused.address is None
