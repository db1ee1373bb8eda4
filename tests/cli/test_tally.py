"""The demo's table cannot say that all is well when it is not."""

import pytest

from bridge.cli.demo.tally import Delivery, DialSeen, Reading, table, verdict
from bridge.events.cloudevents import ReceivedEvent

DIALLED = DialSeen("ok", 5)


def read(*ids: str) -> Reading:
    reading = Reading()
    for id_ in ids:
        attributes = {"specversion": "1.0", "id": id_, "source": "/c", "type": "pbx.call.started.v1"}
        reading.add(ReceivedEvent(attributes, b"{}"))
    return reading


def told(*answers: bytes | None) -> list[Delivery]:
    return [Delivery("CallStarted", answer) for answer in answers]


@pytest.mark.parametrize(
    ("reading", "deliveries", "sentence"),
    [
        (read("a", "b"), told(b'{"id":"a"}', b'{"id":"b"}'), None),
        (read("a", "a", "b"), told(b'{"id":"a"}', b'{"id":"b"}'), None),
        (read("a"), told(b'{"id":"a"}', b'{"id":"b"}'), "1 events that were answered 202 are not in Kafka"),
        (read("a"), told(b'{"id":"a"}', None), "1 webhooks were never answered 202"),
        (read(), told(), "the PBX sent nothing"),
    ],
)
def test_what_is_missing_is_said(reading: Reading, deliveries: list[Delivery], sentence: str | None) -> None:
    """Promised and not in Kafka, or never taken."""
    assert verdict(reading.rows(deliveries), DIALLED, call_seen=True) == sentence


@pytest.mark.parametrize(
    ("dial", "call_seen", "sentence"),
    [
        (DIALLED, True, None),
        (DialSeen(None, 5), True, "the dial has no result"),
        (DialSeen("in_doubt", 5), True, "the dial has the result in_doubt"),
        (DialSeen("ok", None), True, "the dial's result is ok, and the PBX got no dial"),
        (DIALLED, False, "the dial's call has no event"),
    ],
)
def test_a_dial_that_went_wrong_is_said(dial: DialSeen, call_seen: bool, sentence: str | None) -> None:
    """Its result, the PBX's own knowledge, and the call's event have to agree."""
    rows = read("a").rows(told(b'{"id":"a"}'))
    assert verdict(rows, dial, call_seen=call_seen) == sentence


def test_a_dial_s_call_is_known_by_its_subject() -> None:
    """Any event of the call will do; where the PBX got no dial there is none to wait for."""
    reading = read("a")
    assert not reading.holds_call(DIALLED)
    assert reading.holds_call(DialSeen("ok", None))
    attributes = {"specversion": "1.0", "id": "b", "source": "/c", "type": "t", "subject": "call/5"}
    reading.add(ReceivedEvent(attributes, b"{}"))
    assert reading.holds_call(DIALLED)


def test_the_table_has_a_row_per_event_and_a_total() -> None:
    """Ten events, two rules, a head and the sum."""
    lines = table(read("a", "a").rows(told(b'{"id":"a"}')))
    assert len(lines) == 14
    assert lines[2].split() == ["call.started", "1", "1", "2", "1", "0"]
    assert lines[-1].split() == ["all", "1", "1", "2", "1", "0"]
