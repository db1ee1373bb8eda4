"""The journal's keys and values as bytes, what is not understood, and what may be forgotten."""

from collections.abc import Mapping
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calls.journal import JournalRecord, StoredRecord
from bridge.calls.journal_format import Kept, Remembered, UnknownFormat, forget, forgettable, put, read
from bridge.calls.journal_keys import (
    CommandKey,
    ComparedKey,
    CursorKey,
    HookKey,
    OwnerKey,
    RefusalKey,
    SeenKey,
    SinceKey,
    SlotKey,
    ValueT,
    command_identity,
)
from bridge.calls.journal_values import Cursor, Hook, Intent, Moment, Owner, Refusal, Seen, Slot, Verdict
from bridge.calls.quota import Ending

HOUR = 3_600_000
NAME = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=8)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBER = st.integers(0, 2**53)
INTENT = st.builds(
    Intent,
    connection=NAME,
    source=TEXT,
    id=TEXT,
    accepted_ms=NUMBER,
    contact_id=NUMBER,
    destination=TEXT,
    slot=NUMBER,
    correlation_id=st.none() | TEXT,
    traceparent=st.none() | TEXT,
)
VERDICT = st.builds(
    Verdict,
    connection=NAME,
    dial=st.booleans(),
    status=TEXT,
    accepted_ms=NUMBER,
    intent=st.none() | INTENT,
    sent_ms=st.none() | NUMBER,
    resolved=st.sampled_from([None, "call_observed", "not_observed"]),
    call_id=st.none() | NUMBER,
)


def kept(values: st.SearchStrategy[ValueT]) -> st.SearchStrategy[Kept[ValueT]]:
    return st.builds(Kept, values, NUMBER)


REMEMBERED = st.builds(
    Remembered,
    slots=st.dictionaries(
        st.builds(SlotKey, NAME, NUMBER),
        kept(st.builds(Slot, st.booleans(), st.none() | st.sampled_from(Ending))),
        max_size=2,
    ),
    refusals=st.dictionaries(
        st.builds(RefusalKey, NAME), kept(st.builds(Refusal, st.floats(0, 1e6), NUMBER)), max_size=2
    ),
    commands=st.dictionaries(st.builds(CommandKey, NAME), kept(INTENT | VERDICT), max_size=3),
    cursors=st.dictionaries(st.builds(CursorKey, NAME, NAME), kept(st.builds(Cursor, NUMBER, NUMBER)), max_size=2),
    seen=st.dictionaries(
        st.builds(SeenKey, NAME, NAME, NUMBER), kept(st.builds(Seen, st.lists(NUMBER).map(tuple))), max_size=2
    ),
    since=st.dictionaries(st.builds(SinceKey, NAME), kept(st.builds(Moment, NUMBER)), max_size=2),
    compared=st.dictionaries(st.builds(ComparedKey, NAME), kept(st.builds(Moment, NUMBER)), max_size=2),
    hooks=st.dictionaries(
        st.builds(HookKey, NAME, NAME, NUMBER),
        kept(st.builds(Hook, st.sampled_from(["intent", "active", "unknown"]), TEXT, st.none() | NUMBER)),
        max_size=2,
    ),
    owner=st.dictionaries(st.builds(OwnerKey), kept(st.builds(Owner, TEXT, TEXT)), max_size=1),
)

INTENT_SAMPLE = Intent("acme", "crm", "7", 1000, 224, "37060000000", slot=3)


def stored(records: Mapping[JournalRecord, int]) -> dict[bytes, StoredRecord]:
    return {key: StoredRecord(value, time) for (key, value), time in records.items() if value is not None}


@given(REMEMBERED)
def test_what_is_stored_is_what_is_read(remembered: Remembered) -> None:
    """Every key and value comes back as it was, with its append time."""
    maps = [getattr(remembered, name) for name in Remembered.__slots__]
    records = {put(key, value): time for by_key in maps for key, (value, time) in by_key.items()}
    assert read(stored(records)) == remembered


def test_the_bytes_of_a_record_are_fixed() -> None:
    """What lies in a cluster today is read by the next release: these bytes only change with the version."""
    assert put(SlotKey("acme", 3), Slot(dial=True, ending=Ending.ANSWERED)) == (
        b"slot/acme/3",
        b'{"v":1,"is":"slot","dial":true,"ending":"answered"}',
    )
    assert put(HookKey("acme", "CallStarted", 2), Hook("active", "9f", 77)) == (
        b"hook/acme/CallStarted/2",
        b'{"v":1,"is":"hook","state":"active","address":"9f","id":77}',
    )
    assert forget(SeenKey("acme", "call_history", 482190)) == (b"seen/acme/call_history/482190", None)


def test_an_identity_is_the_hash_of_its_array() -> None:
    """SHA-256 of the compact JSON array, so that no two different triples share one."""
    # sha256 of the bytes of ["acme","crm","7"], made with sha256sum.
    assert command_identity("acme", "crm", "7") == "433579d5106b53d63da50ad9e01563a52f06cb1c2ad58a25a783e3816adc54ff"
    assert len({command_identity(*triple) for triple in [("a", "b", "c"), ("a", "bc", ""), ("a,", "b", "c")]}) == 3


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        (b"slot/acme/3", b'{"v":2,"is":"slot","dial":true,"ending":null}', "version 2"),
        (b"slot/acme/3", b'{"is":"slot","dial":true,"ending":null}', "no version"),
        (b"slot/acme/3", b"[]", "no version"),
        (b"slot/acme/3", b"\xff", "no version"),
        (b"slot/acme/3", b'{"v":1,"is":"cursor","id":5}', "the word cursor"),
        (b"slot/acme/3", b'{"v":1,"is":"slot","dial":true,"ending":"melted"}', "slot: ('ending',)"),
        (b"slot/acme/3", b'{"v":1,"is":"slot","dial":true,"ending":null,"colour":1}', "slot: ('colour',)"),
        (b"slot/acme/three", b'{"v":1,"is":"slot","dial":true,"ending":null}', "the key"),
        (b"slot/acme", b'{"v":1,"is":"slot","dial":true,"ending":null}', "the key"),
        (b"dream/acme", b'{"v":1,"is":"dream"}', "the key"),
        (b"\xff", b"{}", "the key"),
    ],
)
def test_what_is_not_understood_is_never_passed_over(key: bytes, value: bytes, found: str) -> None:
    """A newer version, an unknown field, word or key: the shard is a newer release's, and nothing is guessed."""
    with pytest.raises(UnknownFormat) as unknown:
        read({b"owner": StoredRecord(b'{"v":1,"is":"owner","epoch":"1","worker":"w"}', 5), key: StoredRecord(value, 5)})
    assert unknown.value.found == found
    assert unknown.value.key == key.decode(errors="replace")


@pytest.mark.parametrize("connection", ["", "a/b"])
def test_a_key_that_nobody_could_read_is_not_written(connection: str) -> None:
    """It would keep every later owner out of the shard."""
    with pytest.raises(ValueError, match="not a key"):
        put(SinceKey(connection), Moment(1))


@pytest.mark.parametrize(
    ("verdict", "horizon"),
    [
        (Verdict("acme", dial=True, status="ok", accepted_ms=1000), 24 * HOUR),
        (Verdict("acme", dial=True, status="expired", accepted_ms=1000), 24 * HOUR),
        (Verdict("acme", dial=False, status="ok", accepted_ms=1000), HOUR),
        (Verdict("acme", dial=True, status="in_doubt", accepted_ms=1000, resolved="not_observed"), 24 * HOUR),
        (Verdict("acme", dial=True, status="in_doubt", accepted_ms=1000, intent=INTENT_SAMPLE), None),
    ],
)
def test_an_identity_is_kept_for_its_horizon(verdict: Verdict, horizon: int | None) -> None:
    """Dials 24 h, others 1 h from when the command was accepted; a doubt as long as it is one, an intent always."""
    key = CommandKey("1")
    remembered = Remembered(commands={key: Kept(verdict, 5000), CommandKey("2"): Kept(INTENT_SAMPLE, 5000)})
    at = 1000 + (100 * HOUR if horizon is None else horizon)
    assert list(forgettable(remembered, at - 1)) == []
    assert list(forgettable(remembered, at)) == ([] if horizon is None else [forget(key)])


def test_seen_ids_are_kept_for_fifty_hours() -> None:
    """From the beginning of their hour; nothing else is ever forgotten by its age."""
    key = SeenKey("acme", "call_history", 100)
    remembered = replace(
        Remembered(),
        seen={key: Kept(Seen((1,)), 0)},
        cursors={CursorKey("acme", "contacts"): Kept(Cursor(1, 0), 0)},
        slots={SlotKey("acme", 1): Kept(Slot(dial=False), 0)},
    )
    assert list(forgettable(remembered, 150 * HOUR - 1)) == []
    assert list(forgettable(remembered, 150 * HOUR)) == [forget(key)]


def test_values_are_compact() -> None:
    """A hundred thousand dials are read at a take-over: no value carries blanks."""
    value = put(CommandKey("1"), Verdict("acme", dial=True, status="ok", accepted_ms=1, intent=INTENT_SAMPLE)).value
    assert value is not None
    assert value == orjson.dumps(orjson.loads(value))
