"""Which fields of a payload are told to be unknown, mistyped or missing."""

from pathlib import Path

import orjson
import pytest

from bridge.events.catalogue import EventName
from bridge.pbx.payloads import PAYLOADS
from bridge.pbx.translation import Translation, translate
from bridge.pbx.webhooks import read_webhook

SAMPLES = Path(__file__).parents[1] / "samples" / "webhooks"


def no_region(_: str) -> None:
    return None


def told(event: EventName, sent: dict[str, object]) -> Translation:
    translation = translate(PAYLOADS[event], sent, no_region, orjson.dumps(sent), ())
    assert isinstance(translation, Translation)
    return translation


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_vendors_samples_have_not_drifted(path: Path) -> None:
    """Nothing in them is unknown, mistyped or missing."""
    translation = read_webhook(path.read_bytes(), no_region)
    assert isinstance(translation, Translation)
    assert not translation.has_drifted


def test_what_the_contract_has_and_the_vendor_left_out_is_missing() -> None:
    """By the vendor's names, in the order of his contract; null and empty are not missing, he has said so."""
    sent: dict[str, object] = {"callID": 1, "caller": None, "destination": "", "status": 1}
    translation = told(EventName.CALL_STARTED, sent)
    assert translation.missing == ("direction", "callStarted", "contactID")
    assert translation.has_drifted


@pytest.mark.parametrize(
    ("event", "lacking", "expected"),
    [
        (EventName.CALL_COMPLETED, {"callConnected", "previous_contactID", "callEnded", "recordingID"}, "status"),
        (EventName.CALL_LISTED, {"callConnected", "recordingID"}, "callEnded"),
        (EventName.LOST_CALLER_ADDED, {"contact_name"}, "attempts"),
    ],
)
def test_what_only_some_payloads_have_is_not_missing(event: EventName, lacking: set[str], expected: str) -> None:
    """A missed call was not answered, a webhook does not know the end, and the list knows no transfer."""
    sent: dict[str, object] = dict.fromkeys(PAYLOADS[event].vendor_names - lacking, "1")
    assert told(event, sent).missing == ()
    del sent[expected]
    assert told(event, sent).missing == (expected,)


def test_fields_inside_lists_are_told_by_their_path() -> None:
    """Once for a payload, however many objects have them."""
    member = {"contactID": "x", "role": "lead"}
    group = {"groupID": 12, "members": [member, member], "colour": "red"}
    translation = told(EventName.CONTACT_LISTED, {"contactID": 1, "group_membership": [group, group]})
    assert translation.unknown == ("group_membership.colour", "group_membership.members.role")
    assert translation.mistyped == ("group_membership.members.contactID",)
