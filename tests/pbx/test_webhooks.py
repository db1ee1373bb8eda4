"""What a body says, and what is done with what it should not say."""

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.events.catalogue import EventName
from bridge.pbx.numbers import e164_reader
from bridge.pbx.translation import Translation
from bridge.pbx.webhooks import EVENT_TYPES, Reason, Rejection, read_webhook

NO_REGION = e164_reader(None)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def body_of(event_type: object, data: object) -> bytes:
    return json.dumps({"type": "Event", "eventType": event_type, "version": "v1", "data": data}).encode()


def told(data: dict[str, object], event_type: str = "CallStarted", region: str | None = None) -> Translation:
    translation = read_webhook(body_of(event_type, data), e164_reader(region))
    assert isinstance(translation, Translation), translation
    return translation


def value_of(translation: Translation) -> dict[str, object]:
    return cast("dict[str, object]", json.loads(translation.data))


@pytest.mark.parametrize(
    ("body", "rejection"),
    [
        (b"", Rejection(Reason.NOT_JSON, "the body is empty")),
        (b'{"eventType": "CallSta', Rejection(Reason.NOT_JSON, "line 1 column 23")),
        ('{"eventType": "CallStarted"}'.encode("utf-16"), Rejection(Reason.NOT_JSON, "line 1 column 1")),
        (b"\xff\xfe", Rejection(Reason.NOT_JSON, "line 1 column 1")),
        (b"{'eventType': 1}", Rejection(Reason.NOT_JSON, "line 1 column 2")),
        (b'{"x": 1e400}', Rejection(Reason.NOT_JSON, "line 1 column 7")),
        (b"[" * 100_000, Rejection(Reason.NOT_JSON, "line 1 column 1026")),
        (b"[]", Rejection(Reason.NOT_AN_OBJECT, "the body is an array")),
        (b"null", Rejection(Reason.NOT_AN_OBJECT, "the body is null")),
        (b'"CallStarted"', Rejection(Reason.NOT_AN_OBJECT, "the body is a string")),
        (b"7", Rejection(Reason.NOT_AN_OBJECT, "the body is a number")),
        (b"true", Rejection(Reason.NOT_AN_OBJECT, "the body is a boolean")),
        (b"{}", Rejection(Reason.UNKNOWN_EVENT, "eventType: missing")),
        (body_of(None, {}), Rejection(Reason.UNKNOWN_EVENT, "eventType: null")),
        (body_of(7, {}), Rejection(Reason.UNKNOWN_EVENT, "eventType: a number")),
        (body_of({}, {}), Rejection(Reason.UNKNOWN_EVENT, "eventType: an object")),
        (body_of("", {}), Rejection(Reason.UNKNOWN_EVENT, "eventType: none of the ten events")),
        (body_of("callstarted", {}), Rejection(Reason.UNKNOWN_EVENT, "eventType: none of the ten events")),
        (body_of("FaxReceived", {}), Rejection(Reason.UNKNOWN_EVENT, "eventType: none of the ten events")),
        (b'{"eventType": "CallStarted"}', Rejection(Reason.INVALID_FIELDS, "data: missing")),
        (body_of("CallStarted", None), Rejection(Reason.INVALID_FIELDS, "data: null")),
        (body_of("CallStarted", [1]), Rejection(Reason.INVALID_FIELDS, "data: an array")),
        (body_of("CallStarted", {}), Rejection(Reason.INVALID_FIELDS, "data.callID: missing")),
        (body_of("CallStarted", {"callID": None}), Rejection(Reason.INVALID_FIELDS, "data.callID: empty")),
        (body_of("CallStarted", {"callID": ""}), Rejection(Reason.INVALID_FIELDS, "data.callID: empty")),
        (body_of("CallRecorded", {"callID": 1}), Rejection(Reason.INVALID_FIELDS, "data.recordingID: missing")),
        (
            body_of("LostCallerAdded", {"callerid": "1", "destination": {}}),
            Rejection(Reason.INVALID_FIELDS, "data.destination: not a telephone number"),
        ),
        (
            body_of("LostCallerAdded", {"callerid": "1" * 257, "destination": "2"}),
            Rejection(Reason.INVALID_FIELDS, "data.callerid: longer than 256 characters"),
        ),
        (
            body_of("CallStarted", {"callID": 1, "x": json.loads("[" * 300 + "]" * 300)}),
            Rejection(Reason.INVALID_FIELDS, "data.extra: nested too deep"),
        ),
    ],
)
def test_what_is_no_event_of_ours_has_a_reason(body: bytes, rejection: Rejection) -> None:
    """The fixed word, and a detail that quotes nothing of the body."""
    assert read_webhook(body, NO_REGION) == rejection


@pytest.mark.parametrize("sent", [-1, 2**63, 1.5, 1e3, True, "-1", "1.0", " 1", "٣", "1" * 20, [], {}])
def test_what_is_no_id_cannot_be_a_subject(sent: object) -> None:
    """An id is an integer from 0 to 2^63-1, or a string of its digits."""
    rejection = read_webhook(body_of("CallStarted", {"callID": sent}), NO_REGION)
    assert rejection == Rejection(Reason.INVALID_FIELDS, "data.callID: not an id")


@pytest.mark.parametrize(
    ("sent", "meant"),
    [(0, 0), (2**63 - 1, 2**63 - 1), ("150818921852", 150818921852), ("007", 7), ("0" * 30 + "9", 9)],
)
def test_an_id_may_come_as_a_string_of_digits(sent: object, meant: int) -> None:
    """Both spellings are one id."""
    translation = told({"callID": sent, "contactID": sent})
    assert translation.key_fields == (meant, meant)
    assert translation.subject == f"call/{meant}"
    assert value_of(translation)["contact_id"] == meant


@pytest.mark.parametrize(
    ("alias", "event"),
    [
        ("CallCompletedEvent", EventName.CALL_COMPLETED),
        ("CallConnectedEvent", EventName.CALL_CONNECTED),
        ("LostCallerCreated", EventName.LOST_CALLER_ADDED),
        ("LostCallerDeleted", EventName.LOST_CALLER_REMOVED),
    ],
)
def test_an_alias_is_the_same_event(alias: str, event: EventName) -> None:
    """The vendor's reference and its wire disagree on four names."""
    name = next(name for name, known in EVENT_TYPES.items() if known is event)
    data: dict[str, object] = {"callID": 1, "callerid": "22222222", "destination": "23332222"}
    assert told(data, alias) == told(data, name)
    assert told(data, alias).event is event


def test_absent_null_and_empty_are_the_same() -> None:
    """All three are null in the data and in the id."""
    absent = told({"callID": 1})
    for nothing in (None, ""):
        said = told({"callID": 1, "contactID": nothing, "caller": nothing, "callStarted": nothing})
        assert said._replace(missing=absent.missing) == absent
    assert absent.key_fields == (1, None)
    assert value_of(absent) == {
        "call_id": 1,
        "caller": None,
        "caller_e164": None,
        "destination": None,
        "destination_e164": None,
        "direction": None,
        "status": None,
        "call_started": None,
        "contact_id": None,
        "extra": {},
    }


def test_a_field_of_another_type_is_kept_as_it_was_sent() -> None:
    """Null in its place, its value under `extra` with the vendor's name, and the event is published."""
    sent: dict[str, object] = {
        "callID": 1,
        "caller": {"number": "1"},
        "direction": 1,
        "status": "one",
        "callStarted": "2017-10-16T21:26:59",
        "contactID": -5,
    }
    translation = told(sent)
    value = value_of(translation)
    assert value.pop("extra") == {name: sent[name] for name in sent if name != "callID"}
    assert [name for name, field in value.items() if field is not None] == ["call_id"]
    assert translation.mistyped == ("caller", "direction", "status", "callStarted", "contactID")
    assert translation.key_fields == (1, None)
    assert translation.time is None


def test_a_field_that_nobody_knows_is_kept_and_named() -> None:
    """`extra` holds it as it was sent, in the order in which it was sent."""
    translation = told({"z": {"b": 1, "a": [None, ""]}, "callID": 1, "a": ""})
    assert translation.data.endswith(b'"extra":{"z":{"b":1,"a":[null,""]},"a":""}}')
    assert translation.unknown == ("z", "a")


@pytest.mark.parametrize(
    "number",
    ["1.10", "-0.0", "123456789012345678901234567890", "18446744073709551616", "1E5", "0.1e-7"],
)
def test_a_number_in_extra_stays_as_the_vendor_wrote_it(number: str) -> None:
    """What no float can hold is no reason to change what was sent."""
    body = b'{"eventType":"CallStarted","data":{"callID":1,"x":[{"y":%b}],"status":%b}}' % (
        number.encode(),
        number.encode(),
    )
    translation = read_webhook(body, NO_REGION)
    assert isinstance(translation, Translation)
    assert translation.data.endswith(b'"extra":{"x":[{"y":%b}],"status":%b}}' % (number.encode(), number.encode()))


def test_a_telephone_number_sent_as_a_json_number_is_that_string() -> None:
    """Also where it is a part of a subject and an id."""
    translation = told({"callerid": 37060012345, "destination": 23332222}, "LostCallerUpdated")
    assert translation.key_fields == ("37060012345", "23332222", None, None)
    assert translation.subject == "lost-caller/37060012345/23332222"
    assert value_of(translation)["caller"] == "37060012345"


@pytest.mark.parametrize(
    ("sent", "region", "e164"),
    [
        ("+37060012345", "LT", "+37060012345"),
        ("60012345", "LT", "+37060012345"),
        ("0037060012345", "LT", "+37060012345"),
        ("(8-600) 12345", "LT", "+37060012345"),
        ("+37126123456", "LT", "+37126123456"),
        ("26123456", "LV", "+37126123456"),
        (37060012345, "LT", "+37060012345"),
        ("22222222", "LT", None),
        ("112", "LT", None),
        ("anonymous", "LT", None),
        ("+", "LT", None),
        ("6" * 251, "LT", None),
        ("+37060012345", None, None),
    ],
)
def test_a_number_is_normalised_where_a_region_is_set(sent: object, region: str | None, e164: str | None) -> None:
    """The number itself stays as it was sent."""
    value = value_of(told({"callID": 1, "caller": sent}, region=region))
    assert value["caller_e164"] == e164
    assert value["caller"] == str(sent)


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    """As in every other JSON reader."""
    body = b'{"eventType":"FaxReceived","eventType":"CallStarted","data":{"callID":1,"callID":2}}'
    translation = read_webhook(body, NO_REGION)
    assert isinstance(translation, Translation)
    assert translation.subject == "call/2"


def test_only_event_type_and_data_are_looked_at() -> None:
    """A changed envelope of the vendor's changes nothing."""
    body = json.dumps({"type": 5, "version": None, "new": [], "eventType": "CallStarted", "data": {"callID": 1}})
    assert read_webhook(body.encode(), NO_REGION) == told({"callID": 1})


@given(st.sampled_from(sorted(EVENT_TYPES)), st.dictionaries(st.text(), JSON, max_size=5))
def test_no_payload_makes_the_reader_fail(event_type: str, data: dict[str, object]) -> None:
    """Whatever stands in `data`, the answer is a fact or a reason, and nothing that was sent is dropped."""
    data |= {"callID": 1, "recordingID": 1, "voicemailID": 1, "callerid": "1", "destination": "2"}
    translation = read_webhook(body_of(event_type, data), NO_REGION)
    assert isinstance(translation, Translation)
    extra = cast("dict[str, object]", value_of(translation)["extra"])
    assert {name: data[name] for name in extra} == extra
    assert set(extra) == {*translation.unknown, *translation.mistyped}


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_makes_the_reader_fail(body: bytes) -> None:
    """Any bytes are a fact or a reason."""
    assert isinstance(read_webhook(body, NO_REGION), Translation | Rejection)
