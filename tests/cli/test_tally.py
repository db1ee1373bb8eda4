"""The demo's table cannot say that all is well when it is not."""

import pytest

from bridge.cli.demo.tally import Books, Delivery, DialSeen, Reading, table, verdict
from bridge.events.catalogue import EventName
from bridge.events.cloudevents import ReceivedEvent

DIALLED = DialSeen("ok", 5)


def read(*ids: str, origin: str = "webhook") -> Reading:
    reading = Reading()
    for id_ in ids:
        attributes = {"specversion": "1.0", "id": id_, "source": "/c", "type": "pbx.call.completed.v1"}
        reading.add(ReceivedEvent({**attributes, "subject": f"call/{id_}", "origin": origin}, b"{}"))
    return reading


def books(*answers: bytes | None, happened: int | None = None, subjects: frozenset[str] = frozenset()) -> Books:
    count = len(answers) if happened is None else happened
    deliveries = [Delivery("CallCompleted", answer) for answer in answers]
    return Books({"CallCompleted": count}, deliveries, {EventName.CALL_COMPLETED: subjects})


A, B = b'{"id":"a"}', b'{"id":"b"}'


@pytest.mark.parametrize(
    ("reading", "told", "sentence"),
    [
        (read("a", "b"), books(A, B), None),
        (read("a", "a", "b"), books(A, B), None),
        (read("a"), books(A, B), "1 events are not in Kafka that should be"),
        (read("a"), books(A, None, happened=2), "1 webhooks were never answered 202"),
        (read("a"), books(A, happened=3), None),
        (read("a"), books(A, happened=3, subjects=frozenset({"call/a", "call/c"})), "1 events are not in Kafka"),
        (read(), books(), "nothing happened at the PBX"),
    ],
)
def test_what_is_missing_is_said(reading: Reading, told: Books, sentence: str | None) -> None:
    """Promised or still listed, and not in Kafka; or never taken. What nobody can recover is no fault."""
    found = verdict(reading.rows(told), told.undelivered, DIALLED, call_seen=True)
    assert found == sentence if sentence is None else (found or "").startswith(sentence)


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
    assert verdict(read("a").rows(books(A)), 0, dial, call_seen=call_seen) == sentence


def test_a_dial_s_call_is_known_by_its_subject() -> None:
    """Any event of the call will do; where the PBX got no dial there is none to wait for."""
    assert not read("a").holds_call(DIALLED)
    assert read("a").holds_call(DialSeen("ok", None))
    assert read("5").holds_call(DIALLED)


def test_the_table_has_a_row_per_event_and_a_total() -> None:
    """Ten events, two rules, a head and the sum; what was recovered and what is lost are counted by id."""
    lines = table(read("a", "a", origin="reconcile").rows(books(A, happened=3)))
    assert len(lines) == 14
    assert lines[4].split() == ["call.completed", "3", "1", "1", "1", "2", "0"]
    assert lines[-1].split() == ["all", "3", "1", "1", "1", "2", "0"]
