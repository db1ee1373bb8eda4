"""What events and the vendor's history tell of calls, for those who look for the call of a dial."""

import json
from pathlib import Path

import orjson
import pytest

from bridge.calls.doubts import ObservedCall
from bridge.commands.observed_calls import CALL_EVENTS, ObservedCalls, calls_in_event, calls_in_history
from bridge.events.catalogue import EventName
from bridge.events.models import MODELS
from bridge.events.topics import event_topic
from bridge.pbx.responses import Rows

RECORDS = Path(__file__).parents[1] / "samples" / "records"
STARTED_MS = 1_508_189_219_000
# 2017-10-16T21:26:59Z, the call of all the vendor's samples
APPENDED_MS = STARTED_MS + 400_000
HEADERS = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"1"),
    ("ce_source", b"/connections/acme"),
    ("ce_type", b"pbx.call.completed.v1"),
    ("ce_connection", b"acme"),
]


def told(**data: object) -> tuple[ObservedCall, ...]:
    value = orjson.dumps({"call_id": 5, "contact_id": 224, "destination": "23333333", **data})
    found = calls_in_event(HEADERS, value, APPENDED_MS)
    assert found is not None
    assert found[0] == "acme"
    return found[1]


@pytest.mark.parametrize(
    ("sample", "contacts"),
    [
        ("call-started", [224]),
        ("call-connected", [224]),
        ("call-transfered", [225, 224]),
        ("call-completed", [224, 221]),
        ("call-recorded", []),  # the vendor's own sample says nothing of who called whom
    ],
)
def test_every_event_of_a_call_tells_of_it(sample: str, contacts: list[int]) -> None:
    """The same call, whichever webhooks somebody has registered; a call that was handed on is the first one's, too."""
    record = json.loads((RECORDS / f"{sample}.json").read_text())
    assert record["topic"] in {event_topic("pbx", event) for event in CALL_EVENTS}
    headers = [(name, value.encode()) for name, value in record["headers"]]
    found = calls_in_event(headers, record["value"].encode(), APPENDED_MS)
    assert found is not None
    connection, calls = found
    assert connection == "acme"
    assert list(calls) == [ObservedCall(150818921852, contact, "23333333", STARTED_MS) for contact in contacts]


def test_the_events_are_those_that_name_a_call_its_contact_and_its_destination() -> None:
    """A new event of that kind has to be followed, too."""
    named = {"call_id", "contact_id", "destination"}
    assert {event for event in EventName if named <= MODELS[event].model_fields.keys()} == set(CALL_EVENTS)


def test_without_its_start_a_call_is_as_old_as_it_must_be() -> None:
    """It was under way when it connected; it had lasted when it ended, which was when the event came at the latest."""
    assert told()[0].started_ms == APPENDED_MS
    assert told(connection_time=60)[0].started_ms == APPENDED_MS - 60_000
    assert told(connection_time=60, call_ended="2017-10-16T21:28:59Z")[0].started_ms == STARTED_MS + 60_000
    assert told(connection_time=60, call_connected="2017-10-16T21:27:59.5Z")[0].started_ms == STARTED_MS + 60_500
    assert told(connection_time=-60)[0].started_ms == APPENDED_MS


def test_no_call_starts_after_its_event() -> None:
    """The vendor's clock may be ahead, or its time nonsense."""
    for time in ("2017-10-16T22:26:59Z", "9999-01-01T00:00:00Z"):
        assert told(call_started=time)[0].started_ms == told(call_ended=time)[0].started_ms == APPENDED_MS


def test_what_names_no_call_tells_nothing() -> None:
    """Contact, destination or call may be null in an event; then it explains nothing."""
    assert told(contact_id=None) == told(destination=None) == told(destination="") == told(call_id=None) == ()
    assert [call.contact_id for call in told(contact_id=None, previous_contact_id=221)] == [221]
    assert [call.contact_id for call in told(previous_contact_id=224)] == [224]


def test_what_is_no_event_tells_nothing() -> None:
    """Whoever may write to the topics may write anything."""
    whole = b'{"call_id":5}'
    for headers, value in (
        (HEADERS[1:], whole),
        (HEADERS[:-1], whole),
        (HEADERS, None),
        (HEADERS, b"[]"),
        (HEADERS, b"{"),
        (HEADERS, b'{"call_id":[5]}'),
        (HEADERS, b'{"call_id":5,"call_started":"yesterday"}'),
    ):
        assert calls_in_event(headers, value, APPENDED_MS) is None


def test_the_history_s_rows_are_calls() -> None:
    """In the vendor's own words; a row that cannot be understood keeps nobody from the others."""
    row = {"callID": "7", "contactID": 224, "destination": 23333333, "callStarted": "2017-10-16T21:26:59+0000"}
    late = row | {"callID": 8, "callStarted": None, "callEnded": "2017-10-16T21:28:59+0000", "connectionTime": 60}
    rows: list[object] = [late, "?", {"callID": "no id"}, row | {"contactID": None}, row]
    answer = Rows(tuple(rows), orjson.dumps({"data": rows}))
    assert calls_in_history(answer, APPENDED_MS) == [
        ObservedCall(8, 224, "23333333", STARTED_MS + 60_000),
        ObservedCall(7, 224, "23333333", STARTED_MS),
    ]
    assert calls_in_history(Rows((), b""), APPENDED_MS) == []


def test_a_call_that_is_told_again_is_kept_once() -> None:
    """With the earliest of its moments: only an event without the start has a later one."""
    calls = ObservedCalls()
    first, later = ObservedCall(5, 224, "1", 1000), ObservedCall(5, 224, "1", 2000)
    calls.add("acme", [later])
    calls.add("acme", [first])
    calls.add("acme", [later])
    assert calls.of("acme") == (first,)
    assert calls.of("other") == ()


def test_old_calls_are_forgotten_unless_their_connection_needs_them() -> None:
    """Each connection has its own bound, if it has one."""
    calls = ObservedCalls()
    old, new = ObservedCall(5, 224, "1", 1000), ObservedCall(6, 224, "1", 2000)
    calls.add("acme", [old, new])
    calls.add("other", [old, new])
    calls.add("third", [old])
    calls.forget(2000, {"other": 1000})
    assert (calls.of("acme"), calls.of("other"), calls.of("third")) == ((new,), (old, new), ())
    calls.clear()
    assert calls.of("other") == ()
