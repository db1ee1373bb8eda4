"""Items of the vendor's lists, translated by the same tables as the webhooks."""

import json
from typing import cast

import orjson
import pytest

from bridge.events.catalogue import EventName
from bridge.events.examples import EXAMPLES
from bridge.pbx.numbers import e164_reader
from bridge.pbx.payloads import PAYLOADS
from bridge.pbx.translation import Translation, Unusable, translate

CALL = {
    "callID": 150818921852,
    "caller": "22222222",
    "destination": "23333333",
    "direction": "in",
    "status": 1,
    "callStarted": "2017-10-16T21:26:59+0000",
    "callConnected": "2017-10-16T21:27:07+0000",
    "callEnded": "2017-10-16T21:28:59+0000",
    "connectionTime": 112,
    "contactID": 224,
    "recordingID": 181118926553,
}
CONTACT = {
    "current_callerid": "+37060012345",
    "archived": 0,
    "firstname": "Andris",
    "lastname": "Berzins",
    "created": "2017-09-01T07:00:00+0000",
    "number": "+37060012345",
    "contactID": 224,
    "group_membership": [
        {
            "created": "2017-08-01T07:00:00+0000",
            "groupID": 12,
            "type": 1,
            "name": "Sales",
            "members": [{"contactID": 224}, {"contactID": 225}],
        }
    ],
    "avatar": None,
}


def item(event: EventName, sent: dict[str, object]) -> Translation:
    translation = translate(PAYLOADS[event], sent, e164_reader("LT"), orjson.dumps([sent]), (0,))
    assert isinstance(translation, Translation)
    return translation


def value(translation: Translation) -> dict[str, object]:
    return cast("dict[str, object]", json.loads(translation.data))


def test_a_listed_call_has_the_time_of_its_end() -> None:
    """The history knows when a call ended; where it does not, the start counts."""
    listed = item(EventName.CALL_LISTED, dict(CALL))
    assert (listed.subject, listed.key_fields, listed.time) == (
        "call/150818921852",
        (150818921852,),
        "2017-10-16T21:28:59Z",
    )
    assert value(listed) == EXAMPLES[EventName.CALL_LISTED][0]
    assert item(EventName.CALL_LISTED, {**CALL, "callEnded": None}).time == "2017-10-16T21:26:59Z"
    assert item(EventName.CALL_LISTED, {"callID": 1}).time is None


def test_a_history_row_completes_a_call_with_the_id_of_its_webhook() -> None:
    """One fact, one id, whichever way it came."""
    webhook: dict[str, object] = {"callID": 150818921852, "contactID": 224}
    assert item(EventName.CALL_COMPLETED, dict(CALL)).key_fields == item(EventName.CALL_COMPLETED, webhook).key_fields


def test_inner_objects_are_translated_as_outer_ones() -> None:
    """Names, times, ids, and an `extra` of their own."""
    assert value(item(EventName.CONTACT_LISTED, dict(CONTACT))) == EXAMPLES[EventName.CONTACT_LISTED][0]
    group = {"groupID": "12", "created": "x", "members": [{"contactID": 1, "new": 2}], "new": True}
    read = value(item(EventName.CONTACT_LISTED, {"contactID": 1, "group_membership": [group]}))
    assert read["group_membership"] == [
        {
            "created": None,
            "group_id": 12,
            "type": None,
            "name": None,
            "members": [{"contact_id": 1, "extra": {"new": 2}}],
            "extra": {"created": "x", "new": True},
        }
    ]


@pytest.mark.parametrize("sent", [1, "x", {}, [1], [{"groupID": 1}, None]])
def test_a_list_of_something_else_is_kept_as_it_was_sent(sent: object) -> None:
    """Half-understood lists would look complete."""
    read = value(item(EventName.CONTACT_LISTED, {"contactID": 1, "group_membership": sent}))
    assert (read["group_membership"], read["extra"]) == (None, {"group_membership": sent})


def test_a_number_in_extra_stays_as_it_was_sent() -> None:
    """Wherever on its page the item stands."""
    raw = b'[{}, {"id": 7, "x": 1.10}]'
    translation = translate(PAYLOADS[EventName.AUDIO_PROMPT_LISTED], orjson.loads(raw)[1], e164_reader(None), raw, (1,))
    assert isinstance(translation, Translation)
    assert translation.data.endswith(b'"extra":{"x":1.10}}')


@pytest.mark.parametrize("event", EventName)
def test_without_its_subject_nothing_is_an_event(event: EventName) -> None:
    """The vendor's own field name is told."""
    unusable = translate(PAYLOADS[event], {}, e164_reader(None), b"{}", ())
    assert isinstance(unusable, Unusable)
    assert unusable.problem == "missing"
    assert unusable.field in PAYLOADS[event].vendor_names
