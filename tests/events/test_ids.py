"""Ids and subjects, to the byte."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from bridge.events.catalogue import EventName
from bridge.events.ids import KeyField, event_id, subject

KEY_FIELD: st.SearchStrategy[KeyField] = st.one_of(st.none(), st.integers(0, 2**63 - 1), st.text())


def test_the_published_call_started_has_its_id() -> None:
    """The contract's first example."""
    assert event_id("acme", EventName.CALL_STARTED, [150818921852, 224]) == "eaef3f364db3a1ed322d01625ee2173e"


def test_the_derived_lost_caller_updated_has_its_id() -> None:
    """The contract's second example."""
    key: list[KeyField] = ["22222222", "23332222", 4, 1516102270]
    assert event_id("acme", EventName.LOST_CALLER_UPDATED, key) == "406a57f287bcd217721fdf6e31b7c4ad"


@given(st.lists(KEY_FIELD, max_size=5))
def test_an_id_hashes_the_compact_json_array_without_escapes(key_fields: list[KeyField]) -> None:
    """The formula again, by another JSON writer."""
    array = json.dumps(["acme", "call.started", *key_fields], separators=(",", ":"), ensure_ascii=False)
    assert event_id("acme", "call.started", key_fields) == hashlib.sha256(array.encode()).hexdigest()[:32]


def test_a_subject_escapes_all_but_unreserved_characters() -> None:
    """RFC 3986: letters, digits, hyphen, dot, underscore and tilde stay; hex is upper-case."""
    assert subject("lost-caller", ["+370 6/00", "a-b._~ž"]) == "lost-caller/%2B370%206%2F00/a-b._~%C5%BE"


def test_a_subject_of_an_id_is_its_digits() -> None:
    """Ids are written as they are."""
    assert subject("call", [150818921852]) == "call/150818921852"
