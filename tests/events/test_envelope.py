"""The envelope: the contract's record to the byte, and the CloudEvents SDK as the oracle, both ways."""

import json

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, from_structured_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from bridge.events.catalogue import EventName
from bridge.events.cloudevents import NotACloudEvent, read_event
from bridge.events.envelope import Envelope, Origin, dataschema
from bridge.events.records import Record

SUBJECT = "call/150818921852"
DATA = b'{"call_id":150818921852,"caller":"22222222","extra":{}}'
RECEIVED = "2017-10-16T21:27:00.250Z"


def seal(hook: str | None = "CallStarted.0", subject: str = SUBJECT, data: bytes = DATA) -> Record:
    envelope = Envelope("acme", EventName.CALL_STARTED, topic_prefix="pbx", public_url=None)
    id_ = envelope.derived_id((150818921852, 224))
    return envelope.seal(
        id_, subject, data, time="2017-10-16T21:26:59Z", received=RECEIVED, origin=Origin.WEBHOOK, hook=hook
    )


def test_the_published_call_started_is_the_contract_s_record() -> None:
    """Topic, key, header names, their order and their bytes."""
    assert seal() == Record(
        "pbx.call.started.v1",
        b"acme/call/150818921852",
        DATA,
        [
            ("ce_specversion", b"1.0"),
            ("ce_id", b"eaef3f364db3a1ed322d01625ee2173e"),
            ("ce_source", b"/connections/acme"),
            ("ce_type", b"pbx.call.started.v1"),
            ("ce_subject", b"call/150818921852"),
            ("ce_time", b"2017-10-16T21:26:59Z"),
            ("ce_dataschema", b"urn:bridge:schema:pbx.call.started.v1"),
            ("ce_connection", b"acme"),
            ("ce_origin", b"webhook"),
            ("ce_receivedtime", b"2017-10-16T21:27:00.250Z"),
            ("ce_hook", b"CallStarted.0"),
            ("content-type", b"application/json"),
        ],
    )


def test_an_event_that_no_webhook_brought_has_no_hook() -> None:
    """The extension stands on webhook events alone."""
    assert "ce_hook" not in dict(seal(hook=None).headers)


def test_a_schema_is_named_by_the_public_url_where_there_is_one() -> None:
    """The bridge serves what it names."""
    assert dataschema("pbx.call.started.v1", "https://hooks.example.com") == (
        "https://hooks.example.com/schemas/pbx.call.started.v1.json"
    )


def test_the_prefix_is_the_topic_s_and_not_the_type_s() -> None:
    """Two installations on one cluster publish the same types to different topics."""
    envelope = Envelope("acme", EventName.CALL_STARTED, topic_prefix="other", public_url=None)
    record = envelope.seal("i", SUBJECT, DATA, time="t", received="r", origin=Origin.POLL, hook=None)
    assert record.topic == "other.call.started.v1"
    assert dict(record.headers)["ce_type"] == b"pbx.call.started.v1"


@given(st.dictionaries(st.text(), st.integers(-(2**53), 2**53) | st.text() | st.none()))
def test_the_sdk_reads_our_records_as_we_meant_them(data: dict[str, object]) -> None:
    """Every attribute arrives, and the data as the JSON it is."""
    record = seal(data=json.dumps(data).encode())
    event = from_binary_event(KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value))
    assert event.get_id() == "eaef3f364db3a1ed322d01625ee2173e"
    assert event.get_source() == "/connections/acme"
    assert event.get_type() == "pbx.call.started.v1"
    assert event.get_subject() == SUBJECT
    assert str(event.get_time()) == "2017-10-16 21:26:59+00:00"
    assert event.get_dataschema() == "urn:bridge:schema:pbx.call.started.v1"
    assert event.get_datacontenttype() == "application/json"
    assert [event.get_extension(name) for name in ("connection", "origin", "receivedtime", "hook")] == [
        "acme",
        "webhook",
        RECEIVED,
        "CallStarted.0",
    ]
    assert event.get_data() == data


def test_we_read_the_sdk_s_records() -> None:
    """Another producer's binary CloudEvent is read with all its attributes."""
    sdk = to_binary_event(
        CloudEvent(
            {
                "id": "i-1",
                "source": "/s",
                "type": "t",
                "specversion": "1.0",
                "datacontenttype": "application/json",
                "correlationid": "c",
            },
            {"ž": 1},
        )
    )
    event = read_event(sdk.headers.items(), sdk.value)
    assert (event.id, event.type, event.attributes["source"], event.attributes["correlationid"]) == (
        "i-1",
        "t",
        "/s",
        "c",
    )
    assert json.loads(event.data) == {"ž": 1}


def test_the_structured_form_is_what_the_sdk_reads() -> None:
    """A line of `bridge tail --json` is a CloudEvent."""
    record = seal()
    line = read_event(record.headers, record.value).structured()
    event = from_structured_event(KafkaMessage(headers={}, key=None, value=line))
    assert event.get_id() == "eaef3f364db3a1ed322d01625ee2173e"
    assert event.get_data() == json.loads(DATA)


@pytest.mark.parametrize(
    ("header", "content", "sentence"),
    [
        ("ce_id", None, "the header ce_id is missing"),
        ("ce_source", None, "the header ce_source is missing"),
        ("ce_type", None, "the header ce_type is missing"),
        ("ce_specversion", None, "the header ce_specversion is missing"),
        ("ce_specversion", b"0.3", "the specversion is not 1.0"),
        ("ce_subject", b"\xff", "the header ce_subject is not UTF-8"),
    ],
)
def test_what_is_no_cloudevent_is_told_so(header: str, content: bytes | None, sentence: str) -> None:
    """One sentence says which header is wrong."""
    headers = dict(seal().headers)
    del headers[header]
    if content is not None:
        headers[header] = content
    with pytest.raises(NotACloudEvent, match=sentence):
        read_event(headers.items(), DATA)


@pytest.mark.parametrize("value", [None, b"", b"{"])
def test_a_value_that_is_not_json_is_told_so(value: bytes | None) -> None:
    """A tombstone is no event."""
    with pytest.raises(NotACloudEvent, match="the value is not JSON"):
        read_event(seal().headers, value)
