"""What the schemas say of identity, origin and headers, held against the code that makes the records."""

from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from bridge.calls.conclusions import TAKEN_OVER
from bridge.calls.dial_states import Resolution
from bridge.commands.command import Reason as CommandReason
from bridge.commands.items import SHAPES
from bridge.commands.result_records import ResultRecords
from bridge.commands.vendor_requests import vendor_request
from bridge.events.annotations import EVENT_HEADERS, QUARANTINE_HEADERS, RESULT_HEADERS, annotations
from bridge.events.catalogue import WEBHOOK_EVENTS, EventName, event_type
from bridge.events.command_catalogue import RESOLVED_TYPE, RESULT_TYPE, CommandName
from bridge.events.command_examples import COMMAND_EXAMPLES
from bridge.events.command_facts import COMMAND_FACTS
from bridge.events.command_models import COMMAND_MODELS
from bridge.events.event_facts import EVENT_FACTS
from bridge.events.header_models import EventHeaders, Headers, ResultHeaders
from bridge.events.quarantine_models import QuarantinedCommand, QuarantinedItem, QuarantinedWebhook
from bridge.events.record_examples import event_record, named
from bridge.events.schemas import schema
from bridge.ops.settings.connections import NAME
from bridge.pbx.item_events import INVALID_FIELDS, NOT_AN_OBJECT, TOO_LARGE
from bridge.pbx.payloads import PAYLOADS
from bridge.pbx.requests import Collection, Dial, GetItem, ListLostCalls
from bridge.pbx.webhooks import Reason as WebhookReason
from tests.commands.records import APPENDED_MS, DIAL, TRACEPARENT, binary, command, record, refusal


@pytest.mark.parametrize("event", EventName)
def test_identity_and_time_are_made_of_what_the_schema_says(event: EventName) -> None:
    """The table that makes the records decides; the schema repeats it for consumers and for the gate."""
    facts, payload = EVENT_FACTS[event], PAYLOADS[event]
    assert facts.subject == "/".join((payload.subject_prefix, *(f"{{{part}}}" for part in payload.subject_parts)))
    assert (facts.id_fields, facts.time_fields) == (payload.key, payload.time)


@pytest.mark.parametrize("event", EventName)
def test_a_time_counts_in_an_id_as_epoch_seconds(event: EventName) -> None:
    """And nothing else does."""
    fields = schema(event_type(event))["properties"]
    said = annotations(event_type(event))["x-id"]
    for name in EVENT_FACTS[event].id_fields or ():
        is_time = any(one.get("format") == "date-time" for one in fields[name].get("anyOf", ()))
        assert f"{'epoch seconds of ' if is_time else ''}{{{name}}}" in said  # type: ignore[operator]  # a list there


@pytest.mark.parametrize("event", EventName)
def test_an_event_comes_from_where_the_schema_says(event: EventName) -> None:
    """Ten webhooks under their registered names, and eight lists under their paths."""
    facts = EVENT_FACTS[event]
    assert facts.webhook == next((name for name, of in WEBHOOK_EVENTS.items() if of is event), None)
    assert facts.collection is None or facts.collection in {*Collection, "lost_calls"}
    if facts.webhook is None:
        assert annotations(event_type(event))["x-sources"] == [f"list /trigger/{facts.collection}"]


@pytest.mark.parametrize("event", EventName)
def test_a_whole_example_has_the_headers_of_an_event(event: EventName) -> None:
    """Made by the code that makes the real ones, so its headers are those."""
    Draft202012Validator(schema(EVENT_HEADERS)).validate(named(event_record(event)))


def test_the_example_of_call_started_is_the_contracts() -> None:
    """The whole record of the contract's section 4, to the byte."""
    record = event_record(EventName.CALL_STARTED)
    assert (record.topic, record.key) == ("pbx.call.started.v1", b"acme/call/150818921852")
    assert record.headers == [
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
    ]
    assert record.value == (
        b'{"call_id":150818921852,"caller":"22222222","caller_e164":null,"destination":"23333333",'
        b'"destination_e164":null,"direction":"in","status":1,"call_started":"2017-10-16T21:26:59Z",'
        b'"contact_id":224,"extra":{}}'
    )


def test_real_answers_and_copies_have_the_headers_of_their_schemas() -> None:
    """A result, a resolution, an answer to what is hardly a command, and the copies in the quarantine."""
    records = ResultRecords(topic_prefix="pbx", public_url=None, to_e164=lambda _: lambda _: None)
    sent = binary(DIAL, correlationid="order 7", traceparent=TRACEPARENT)
    nameless = refusal(record([("ce_id", b"c-2")], b"{}"))
    invalid = records.invalid(nameless, APPENDED_MS)
    assert invalid is not None
    answers = [
        records.result(command(sent).reference, TAKEN_OVER, None, APPENDED_MS),
        records.resolved(command(sent).reference, Resolution("not_observed"), APPENDED_MS),
        invalid,
    ]
    for answer in answers:
        Draft202012Validator(schema(RESULT_HEADERS)).validate(named(answer))
    large = refusal(record([("ce_id", b"c-3")] * 1000, b" " * 70_000))
    for refused in (nameless, large):
        copy = records.quarantined(refused, "01C3ZZZZZZZZZZZZZZZZZZZZZZ")
        Draft202012Validator(schema(QUARANTINE_HEADERS)).validate(named(copy))


def test_the_headers_of_events_are_all_described() -> None:
    """None is written that the schema does not know."""
    described = {field.alias or name for name, field in EventHeaders.model_fields.items()}
    assert {name for name, _ in event_record(EventName.CALL_STARTED).headers} == described


@pytest.mark.parametrize("name", CommandName)
def test_a_command_asks_the_vendor_for_what_the_schema_says(name: CommandName) -> None:
    """Method and path, and what the answer looks like."""
    facts = COMMAND_FACTS[name]
    match vendor_request(COMMAND_MODELS[name].model_validate(COMMAND_EXAMPLES[name][0])):  # type: ignore[arg-type]  # the model's type is known to the table alone
        case Dial():
            assert facts.vendor_call == "POST /dial"
        case ListLostCalls():
            assert facts.vendor_call == "GET /lost_calls"
        case GetItem(collection):
            assert facts.vendor_call == f"GET /{collection}/{{id}}"
    assert facts.result == SHAPES.get(name)
    assert facts.is_list == (name is CommandName.LIST_LOST_CALLS)


@pytest.mark.parametrize(
    ("model", "field", "words"),
    [
        (QuarantinedWebhook, "reason", set(WebhookReason)),
        (QuarantinedItem, "reason", {NOT_AN_OBJECT, INVALID_FIELDS, TOO_LARGE}),
        (QuarantinedCommand, "reason", set(CommandReason)),
        (ResultHeaders, "ce_type", {RESULT_TYPE, RESOLVED_TYPE}),
    ],
)
def test_fixed_words_are_those_of_the_code(model: type[Headers], field: str, words: set[str]) -> None:
    """A word more or less would be refused by a consumer who trusts the schema."""
    assert set(get_args(model.model_fields[field].annotation)) == {str(word) for word in words}


def test_a_connections_name_is_what_the_settings_allow() -> None:
    """The base install cannot import them, so the pattern is written twice."""
    assert EventHeaders.model_json_schema()["properties"]["ce_connection"]["pattern"] == f"^{NAME.pattern}$"
