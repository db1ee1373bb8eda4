"""Rows of the vendor's lists as records: events with the contract's ids, and quarantine records of the rest."""

import json
from hashlib import sha256
from itertools import count

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.events.catalogue import EventName
from bridge.events.envelope import Origin
from bridge.events.records import Record
from bridge.pbx.item_events import ItemEvent, ItemEvents, NoEvent, Page
from bridge.pbx.numbers import e164_reader
from bridge.pbx.responses import Rows
from bridge.pbx.row_texts import row_texts

RECEIVED_MS = 1_508_189_340_250
CALL = b'{"callID": 150818921852, "contactID": 224, "callStarted": "2017-10-16T21:26:59+0000", "x": 1.10}'


def item_events(most_bytes: int = 10_000) -> ItemEvents:
    numbers = count(1)
    return ItemEvents(
        "acme",
        to_e164=e164_reader("LT"),
        topic_prefix="pbx",
        public_url=None,
        randomness=lambda size: next(numbers).to_bytes(size, "big"),
        most_bytes=most_bytes,
    )


def rows_of(*texts: bytes) -> Rows:
    raw = b'{"data": [' + b", ".join(texts) + b'], "statusCode": 200}'
    return Rows(tuple(orjson.loads(raw)["data"]), raw)


def page(
    event: EventName = EventName.CALL_LISTED,
    origin: Origin = Origin.POLL,
    *texts: bytes,
    events: ItemEvents | None = None,
    collection: str = "call_history",
) -> Page:
    return (events or item_events()).page(event, collection, origin, rows_of(*texts), RECEIVED_MS)


def headers(record: Record) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


def event(page: Page, index: int = 0) -> ItemEvent:
    read = page.read(index)
    assert isinstance(read, ItemEvent)
    return read


def no_event(page: Page, index: int = 0) -> NoEvent:
    read = page.read(index)
    assert isinstance(read, NoEvent)
    return read


def test_a_polled_row_is_the_contract_s_record() -> None:
    """Topic, key, attributes, and no hook: nobody called."""
    record = event(page(EventName.CALL_LISTED, Origin.POLL, b"{}", CALL), 1).record
    assert (record.topic, record.key) == ("pbx.call.listed.v1", b"acme/call/150818921852")
    assert headers(record) == {
        "ce_specversion": "1.0",
        "ce_id": sha256(b'["acme","call.listed",150818921852]').hexdigest()[:32],
        "ce_source": "/connections/acme",
        "ce_type": "pbx.call.listed.v1",
        "ce_subject": "call/150818921852",
        "ce_time": "2017-10-16T21:26:59Z",
        "ce_dataschema": "urn:bridge:schema:pbx.call.listed.v1",
        "ce_connection": "acme",
        "ce_origin": "poll",
        "ce_receivedtime": "2017-10-16T21:29:00.250Z",
        "content-type": "application/json",
    }
    assert record.value.endswith(b'"extra":{"x":1.10}}')


def test_a_row_without_a_time_happened_when_it_was_received() -> None:
    """The contract's last column."""
    prompt = page(EventName.AUDIO_PROMPT_LISTED, Origin.POLL, b'{"id": 7}', collection="audio_prompts")
    assert headers(event(prompt).record)["ce_time"] == "2017-10-16T21:29:00.250Z"


def test_a_history_row_tells_a_completed_call_with_the_id_of_its_webhook() -> None:
    """One fact, one id, whichever way it came."""
    completed = event(page(EventName.CALL_COMPLETED, Origin.RECONCILE, CALL))
    assert completed.id == sha256(b'["acme","call.completed",150818921852,224]').hexdigest()[:32]
    assert headers(completed.record)["ce_origin"] == "reconcile"


def test_an_event_without_a_derived_id_gets_a_new_one_each_time() -> None:
    """Two removals of one lost caller are two facts."""
    lost = page(
        EventName.LOST_CALLER_REMOVED, Origin.RECONCILE, b'{"callerid": "1", "destination": "2"}', collection="lost"
    )
    assert len({event(lost).id, event(lost).id}) == 2


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        (b"17", "not_an_object", "the item is no object"),
        (b'{"callID": "x", "contactID": 224}', "invalid_fields", "callID: not an id"),
        (b'{"contactID":224}', "invalid_fields", "callID: missing"),
        (b'{"callID": 1, "z": ' + b"[" * 300 + b"]" * 300 + b"}", "invalid_fields", "extra: nested too deep"),
    ],
)
def test_a_row_that_is_no_event_goes_to_the_quarantine_as_it_was_sent(row: bytes, reason: str, detail: str) -> None:
    """With the contract's headers; what was wrong is told without any of its values."""
    read = no_event(page(EventName.CALL_LISTED, Origin.POLL, CALL, row), 1)
    assert (read.reason, read.detail, read.text) == (reason, detail, row)
    assert read.record.topic == "pbx.quarantine.v1"
    assert (read.record.key, read.record.value) == (b"acme", row)
    assert headers(read.record) == {
        "id": "01BWKHE0JT0000000000000001",
        "reason": reason,
        "detail": detail,
        "kind": "item",
        "connection": "acme",
        "receivedtime": "2017-10-16T21:29:00.250Z",
        "collection": "call_history",
        "origin": "poll",
    }


def test_an_event_that_no_record_can_hold_goes_to_the_quarantine_cut() -> None:
    """It would be refused by the brokers for ever, and everything behind it would wait."""
    row = b'{"callID": 1, "x": "' + b"x" * 500 + b'"}'
    read = no_event(page(EventName.CALL_LISTED, Origin.POLL, row, events=item_events(most_bytes=500)))
    assert (read.reason, len(read.record.value)) == ("too_large", 500)
    assert headers(read.record)["original_size"] == str(len(row))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=5), st.dictionaries(st.text(), JSON, max_size=3), st.booleans(), st.integers(0, 3))
def test_the_text_of_each_row_is_found(data: list[object], others: dict[str, object], late: bool, indent: int) -> None:
    """Whatever stands around it, and however the vendor writes its JSON."""
    envelope = {**others, "data": data} if late else {"data": data, **others, "data ": "data", "z": {"data": [0]}}
    raw = json.dumps(envelope, indent=indent or None, ensure_ascii=indent % 2 == 0).encode("utf-8", "surrogatepass")
    wanted = envelope["data"]
    found = row_texts(raw)
    assert isinstance(wanted, list)
    assert [json.loads(text.decode("utf-8", "surrogatepass")) for text in found] == wanted


def test_of_two_lists_the_last_one_counts() -> None:
    """As for whoever read the rows, though the name may be written with escapes."""
    assert row_texts(b'{"data":[1], "d\\u0061ta" : [ {"a":"]"} , [] ]}') == [b'{"a":"]"}', b"[]"]
    assert row_texts(b'{"data":[1],"data":{"a":1}}') == []
