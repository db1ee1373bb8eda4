"""Results, resolutions and quarantined copies, to the byte."""

import hashlib

import orjson
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bridge.calls.conclusions import TAKEN_OVER, Conclusion, NoSlot, Status, conclude_dial, conclude_waiting, too_large
from bridge.calls.dial_states import Publisher, Resolution
from bridge.commands.command import Command, Reason, Refusal, unknown_connection
from bridge.commands.reading import read_command
from bridge.commands.result_records import ResultRecords
from bridge.events.cloudevents import read_event
from bridge.events.command_models import COMMAND_MODELS
from bridge.events.records import Record
from bridge.events.schemas import schema
from bridge.pbx.numbers import e164_reader
from bridge.pbx.responses import (
    Done,
    Exchange,
    Item,
    Lost,
    LostReason,
    NotSent,
    NotSentReason,
    Outcome,
    Refused,
    Rows,
    Unusable,
    UnusableReason,
)
from tests.commands.records import (
    APPENDED_MS,
    ATTRIBUTES,
    DIAL,
    DIAL_TYPE,
    TRACEPARENT,
    binary,
    command,
    headers_of,
    record,
    refusal,
    structured,
)

RECORDS = ResultRecords(topic_prefix="pbx", public_url=None, to_e164=lambda _: e164_reader("LT"))
SENT = binary(DIAL, correlationid="order 7", traceparent=TRACEPARENT)
SENT_MS = APPENDED_MS + 60
FINISHED_MS = APPENDED_MS + 300
TEN = [
    "status",
    "code",
    "message",
    "command_type",
    "http_status",
    "data",
    "attempts",
    "accepted_time",
    "sent_time",
    "finished_time",
]
NOBODY_KNOWS = "Nobody knows whether the vendor did it:"
QUARANTINE_ID = "01C3ZZZZZZZZZZZZZZZZZZZZZZ"


def as_publisher(records: ResultRecords) -> Publisher:
    """Let mypy hold it against the port."""
    return records


def data_of(made: Record) -> dict[str, object]:
    read = orjson.loads(made.value)
    Draft202012Validator(schema("pbx.command.result.v1")).validate(read)
    assert [*read] == TEN
    assert isinstance(read, dict)
    return read


def result(conclusion: Conclusion, of: Command | None = None, sent_ms: int | None = None) -> dict[str, object]:
    reference = (of or command(SENT)).reference
    return data_of(RECORDS.result(reference, conclusion, sent_ms, FINISHED_MS))


def exchange(outcome: Outcome, status: int | None = None, first_byte_at: float | None = 1.0) -> Exchange:
    answered_at = None if status is None else 2.0
    return Exchange(outcome, 0.0, 3.0, first_byte_at, answered_at, status)


def hashed(array: bytes) -> str:
    return hashlib.sha256(array).hexdigest()[:32]


def test_a_result_to_the_byte() -> None:
    """The contract's section 7, as a whole record."""
    conclusion = conclude_dial(exchange(Done(), 200))
    assert RECORDS.result(command(SENT).reference, conclusion, SENT_MS, FINISHED_MS) == Record(
        "pbx.results.v1",
        b"c-1",
        b'{"status":"ok","code":null,"message":"The vendor accepted the dial.","command_type":"pbx.command.dial.v1",'
        b'"http_status":200,"data":null,"attempts":1,"accepted_time":"2018-01-16T11:26:59.120Z",'
        b'"sent_time":"2018-01-16T11:26:59.180Z","finished_time":"2018-01-16T11:26:59.420Z"}',
        [
            ("ce_specversion", b"1.0"),
            ("ce_id", hashed(b'["acme","/crm","c-1","result"]').encode()),
            ("ce_source", b"/connections/acme"),
            ("ce_type", b"pbx.command.result.v1"),
            ("ce_subject", b"c-1"),
            ("ce_time", b"2018-01-16T11:26:59.420Z"),
            ("ce_dataschema", b"urn:bridge:schema:pbx.command.result.v1"),
            ("ce_commandid", b"c-1"),
            ("ce_commandsource", b"/crm"),
            ("ce_connection", b"acme"),
            ("ce_correlationid", b"order 7"),
            ("ce_traceparent", TRACEPARENT.encode()),
            ("content-type", b"application/json"),
        ],
    )


def test_a_resolution_to_the_byte() -> None:
    """Same key and extensions, an id of its own."""
    resolution = Resolution("call_observed", 150818921852)
    made = RECORDS.resolved(command(SENT).reference, resolution, FINISHED_MS)
    assert made.key == b"c-1"
    assert made.value == b'{"outcome":"call_observed","call_id":150818921852}'
    event = read_event(made.headers, made.value)
    assert event.id == hashed(b'["acme","/crm","c-1","resolved"]')
    assert event.type == "pbx.command.resolved.v1"
    of_result = RECORDS.result(command(SENT).reference, TAKEN_OVER, None, FINISHED_MS)
    differing = {name for name, content in made.headers if (name, content) not in of_result.headers}
    assert differing == {"ce_id", "ce_type", "ce_dataschema"}
    nothing = RECORDS.resolved(command(SENT).reference, Resolution("not_observed"), FINISHED_MS)
    assert nothing.value == b'{"outcome":"not_observed","call_id":null}'


def test_optional_extensions_are_absent_where_the_command_has_none() -> None:
    """Not empty: consumers look whether they are there."""
    made = RECORDS.result(command(binary()).reference, TAKEN_OVER, None, FINISHED_MS)
    names = [name for name, _ in made.headers]
    assert "ce_correlationid" not in names
    assert "ce_traceparent" not in names


def test_the_schema_is_where_the_bridge_serves_it() -> None:
    """Under the public URL, as with events; the prefix names the topic."""
    records = ResultRecords(
        topic_prefix="two", public_url="https://hooks.example.com", to_e164=lambda _: e164_reader(None)
    )
    made = records.result(command(SENT).reference, TAKEN_OVER, None, FINISHED_MS)
    assert made.topic == "two.results.v1"
    assert dict(made.headers)["ce_dataschema"] == b"https://hooks.example.com/schemas/pbx.command.result.v1.json"


@pytest.mark.parametrize(
    ("conclusion", "status", "code", "http_status", "attempts", "sentence"),
    [
        (conclude_dial(exchange(Done(), 200)), "ok", None, 200, 1, "The vendor accepted the dial."),
        (
            conclude_dial(exchange(Refused(403, "forbidden", "Forbidden"), 403)),
            "rejected",
            "forbidden",
            403,
            1,
            'The vendor refused it (HTTP 403). The vendor says: "Forbidden".',
        ),
        (
            conclude_dial(exchange(Refused(418, "http_418", None), 418)),
            "rejected",
            "http_418",
            418,
            1,
            "The vendor refused it (HTTP 418).",
        ),
        (
            conclude_waiting(NoSlot.EXPIRED),
            "expired",
            None,
            None,
            0,
            "The deadline passed while it waited; nothing was sent.",
        ),
        (
            conclude_waiting(NoSlot.QUEUE_FULL),
            "overloaded",
            "queue_full",
            None,
            0,
            "The connection's queue is full; nothing was sent.",
        ),
        (
            conclude_waiting(NoSlot.TOO_LATE),
            "overloaded",
            "too_late",
            None,
            0,
            "The vendor's quota leaves no room before the deadline; nothing was sent.",
        ),
        (
            conclude_dial(exchange(NotSent(NotSentReason.DNS, "x"), first_byte_at=None)),
            "not_sent",
            "dns",
            None,
            0,
            "Not one byte was sent to the vendor: its host name could not be resolved.",
        ),
        (
            conclude_dial(exchange(NotSent(NotSentReason.TOO_LATE, "x"), first_byte_at=None)),
            "not_sent",
            "too_late",
            None,
            0,
            "Not one byte was sent to the vendor: the request could not leave in time.",
        ),
        (
            conclude_dial(exchange(Unusable(502, UnusableReason.SERVER_ERROR), 502)),
            "in_doubt",
            "server_error",
            502,
            1,
            f"{NOBODY_KNOWS} it answered with an error of its own (HTTP 502). It is not sent again.",
        ),
        (
            conclude_dial(exchange(Lost(LostReason.TIMEOUT, "x"))),
            "in_doubt",
            "timeout",
            None,
            1,
            f"{NOBODY_KNOWS} no whole answer came in time. It is not sent again.",
        ),
        (
            TAKEN_OVER,
            "in_doubt",
            "owner_lost",
            None,
            1,
            f"{NOBODY_KNOWS} the worker that dialled was lost before it could note the answer. It is not sent again.",
        ),
    ],
)
def test_every_outcome_of_a_dial_has_status_code_and_sentence(
    conclusion: Conclusion, status: str, code: str | None, http_status: int | None, attempts: int, sentence: str
) -> None:
    """The table of the contract's section 7."""
    data = result(conclusion)
    assert (data["status"], data["code"], data["http_status"], data["attempts"], data["message"]) == (
        status,
        code,
        http_status,
        attempts,
        sentence,
    )
    assert (data["command_type"], data["data"], data["sent_time"]) == (DIAL_TYPE, None, None)
    assert data["accepted_time"] == "2018-01-16T11:26:59.120Z"


REASONS = [*NotSentReason, *LostReason, *UnusableReason, "owner_lost"]


@pytest.mark.parametrize("status", [Status.NOT_SENT, Status.IN_DOUBT, Status.FAILED])
def test_each_reason_has_its_words(status: Status) -> None:
    """No code is left to itself, whatever status it comes with."""
    sentences = {str(result(Conclusion(status, code=code))["message"]) for code in REASONS}
    assert len(sentences) == len({str(code) for code in REASONS})
    assert not any("no usable answer is known" in sentence for sentence in sentences)


def test_a_result_holds_the_item() -> None:
    """In the shape of its event."""
    of = command(binary({"id": 55}, type="pbx.command.get-voip-endpoint.v1"))
    fields: dict[str, object] = {"id": 55, "name": "Reception desk", "employee_id": 224}
    answer = Item(fields, orjson.dumps({"data": fields}))
    data = result(Conclusion(Status.OK, http_status=200, answer=answer, attempts=2), of, SENT_MS)
    assert data["data"] == {"id": 55, "name": "Reception desk", "employee_id": 224, "extra": {}}
    assert (data["message"], data["attempts"], data["sent_time"]) == (
        "The vendor returned it.",
        2,
        "2018-01-16T11:26:59.180Z",
    )


def test_an_item_that_is_none_is_no_success() -> None:
    """A result does not lie: there is nothing in it."""
    of = command(binary({"id": 55}, type="pbx.command.get-voip-endpoint.v1"))
    answer = Item({"name": "x"}, b'{"data":{"name":"x"}}')
    data = result(Conclusion(Status.OK, http_status=200, answer=answer, attempts=1), of)
    assert (data["status"], data["code"], data["data"]) == ("failed", "unexpected_data", None)


def test_a_result_holds_the_list() -> None:
    """Empty for the vendor's 404; what is left out is said."""
    of = command(binary({}, type="pbx.command.list-lost-calls.v1"))
    empty = result(Conclusion(Status.OK, http_status=404, answer=Rows((), b""), attempts=1), of)
    assert (empty["status"], empty["code"], empty["data"], empty["http_status"]) == ("ok", None, [], 404)
    assert empty["message"] == "The vendor listed 0 lost callers."
    row = {"destination": "23332222", "callerid": "22222222"}
    some = result(Conclusion(Status.OK, answer=Rows((row, 5), orjson.dumps({"data": [row, 5]})), attempts=1), of)
    assert (some["status"], some["code"]) == ("ok", "incomplete")
    assert some["message"] == "The vendor listed 2 lost callers. Left out, since not understood: 1 lost caller."
    data = some["data"]
    assert isinstance(data, list)
    assert [each["caller"] for each in data] == ["22222222"]


def test_an_answer_that_fits_no_record_is_said_to_be_too_large() -> None:
    """And how to ask for less."""
    of = command(binary({}, type="pbx.command.list-lost-calls.v1"))
    data = result(too_large(Conclusion(Status.OK, http_status=200, answer=Rows((), b""), attempts=1)), of)
    assert (data["status"], data["code"], data["data"]) == ("failed", "too_large", None)
    assert "limit and offset" in str(data["message"])


def test_a_dial_that_was_accepted_stays_ok_without_its_answer() -> None:
    """However large that was: there is nothing in it that could be missed."""
    data = result(too_large(conclude_dial(exchange(Done(), 200))))
    assert (data["status"], data["message"]) == ("ok", "The vendor did it.")


def test_an_invalid_result_to_the_byte() -> None:
    """Its id is of its own kind, so that a later good command with the same identity has another."""
    made = RECORDS.invalid(refusal(binary({"contact_id": 224}, correlationid="7")), FINISHED_MS)
    assert made is not None
    assert (made.topic, made.key) == ("pbx.results.v1", b"c-1")
    assert data_of(made) == {
        "status": "invalid",
        "code": "invalid_fields",
        "message": "The command is wrong: data.destination: missing.",
        "command_type": DIAL_TYPE,
        "http_status": None,
        "data": None,
        "attempts": 0,
        "accepted_time": None,
        "sent_time": None,
        "finished_time": "2018-01-16T11:26:59.420Z",
    }
    attributes = read_event(made.headers, made.value).attributes
    assert attributes["id"] == hashed(b'["acme","/crm","c-1","invalid"]')
    assert (attributes["commandsource"], attributes["connection"], attributes["correlationid"]) == ("/crm", "acme", "7")


def test_an_invalid_result_says_what_can_be_read() -> None:
    """The id alone is enough for somebody to wait for it."""
    made = RECORDS.invalid(refusal(record([("ce_id", b"c-1")], b"x")), FINISHED_MS)
    assert made is not None
    attributes = read_event(made.headers, made.value).attributes
    assert attributes["id"] == hashed(b'[null,null,"c-1","invalid"]')
    assert attributes["source"] == "/connections"
    assert attributes.keys().isdisjoint({"commandsource", "connection", "correlationid"})
    assert data_of(made)["command_type"] is None
    odd = RECORDS.invalid(refusal(binary(DIAL, connection="Ačme/1")), FINISHED_MS)
    assert odd is not None
    assert dict(odd.headers)["ce_source"] == b"/connections/A%C4%8Dme%2F1"
    assert RECORDS.invalid(refusal(record([], b"x")), FINISHED_MS) is None


def test_an_unknown_connection_is_invalid() -> None:
    """Once its owner has waited for a roll-out: result and copy as for any refusal."""
    refused = unknown_connection(command(SENT), SENT)
    made = RECORDS.invalid(refused, FINISHED_MS)
    assert made is not None
    data = data_of(made)
    assert (data["status"], data["code"]) == ("invalid", "unknown_connection")
    assert dict(made.headers)["ce_correlationid"] == b"order 7"
    copy = RECORDS.quarantined(refused, QUARANTINE_ID)
    assert copy.value == SENT.value
    assert dict(copy.headers)["reason"] == b"unknown_connection"


def test_a_quarantined_command_to_the_byte() -> None:
    """The contract's section 5: the raw bytes, why, from where, and its own headers."""
    headers: list[tuple[str, bytes | None]] = [
        ("ce_id", b"c-1"),
        ("ce_connection", b"acme"),
        ("x", b"\xff"),
        ("y", None),
    ]
    assert RECORDS.quarantined(refusal(record(headers, b"")), QUARANTINE_ID) == Record(
        "pbx.quarantine.v1",
        b"acme",
        b"",
        [
            ("id", QUARANTINE_ID.encode()),
            ("reason", b"not_json"),
            ("detail", b"the value is empty"),
            ("kind", b"command"),
            ("connection", b"acme"),
            ("receivedtime", b"2018-01-16T11:26:59.120Z"),
            ("topic", b"pbx.commands.v1"),
            ("partition", b"2"),
            ("offset", b"17"),
            ("original_ce_id", b"c-1"),
            ("original_ce_connection", b"acme"),
            ("original_x", b"\xff"),
            ("original_y", b""),
        ],
    )


def test_a_quarantined_command_without_a_connection_has_a_key_all_the_same() -> None:
    """No record of ours is without one; a tombstone's copy is empty."""
    copy = RECORDS.quarantined(refusal(record([], None)), QUARANTINE_ID)
    assert (copy.key, copy.value) == (QUARANTINE_ID.encode(), b"")
    assert "connection" not in dict(copy.headers)


def test_a_quarantined_command_is_bounded() -> None:
    """The first 64 KiB of the value with its size, and of the headers with how many are gone."""
    value = bytes(range(256)) * 257
    copy = RECORDS.quarantined(refusal(record(headers_of(ATTRIBUTES), value)), QUARANTINE_ID)
    assert copy.value == value[:65_536]
    assert dict(copy.headers)["original_size"] == b"65792"
    assert "original_size" not in dict(RECORDS.quarantined(refusal(record([], value[:65_536])), QUARANTINE_ID).headers)
    many: list[tuple[str, bytes | None]] = [("size", b"mine"), *((f"h{n}", b"x" * 1000) for n in range(1000))]
    copy = RECORDS.quarantined(refusal(record(many, value)), QUARANTINE_ID)
    headers = dict(reversed(copy.headers))  # the first of a name counts
    assert headers["original_size"] == b"65792"
    assert int(headers["dropped_headers"]) == 1001 - sum(name.startswith("original_") for name, _ in copy.headers) + 1
    assert sum(len(name) + len(content) for name, content in copy.headers) < 70_000


def test_results_are_cloudevents_to_the_public_library() -> None:
    """The same attributes and data as by our own reader."""
    for made in (
        RECORDS.result(command(SENT).reference, TAKEN_OVER, None, FINISHED_MS),
        RECORDS.resolved(command(SENT).reference, Resolution("not_observed"), FINISHED_MS),
    ):
        message = KafkaMessage(headers=dict(made.headers), key=made.key, value=made.value)
        event = from_binary_event(message)
        assert event.get_id() == read_event(made.headers, made.value).id
        assert event.get_extension("commandid") == "c-1"
        assert event.get_data() == orjson.loads(made.value)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


@given(st.fixed_dictionaries({"id": TEXT, "source": TEXT, "connection": TEXT}), st.sampled_from([binary, structured]))
def test_whatever_can_be_read_is_answered(attributes: dict[str, str], mode: type) -> None:
    """A refusal with an id has a result that is a CloudEvent with that id in it."""
    read = read_command(mode({}, **attributes))
    assert isinstance(read, Refusal)
    made = RECORDS.invalid(read, FINISHED_MS)
    assert (made is None) == (len(attributes["id"].encode()) > 1024)
    if made is not None:
        event = read_event(made.headers, made.value)
        assert event.attributes["commandid"] == attributes["id"]
        assert data_of(made)["status"] == "invalid"
    assert RECORDS.quarantined(read, QUARANTINE_ID).key


def test_every_reason_is_the_contract_s() -> None:
    """Fixed words that others look for."""
    assert [*Reason] == [
        "not_json",
        "not_an_object",
        "invalid_fields",
        "not_cloudevents",
        "unknown_command",
        "unknown_connection",
        "too_large",
    ]
    assert len(COMMAND_MODELS) == 10
