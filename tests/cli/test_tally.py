"""The demo's table cannot say that all is well when it is not."""

import pytest

from bridge.cli.demo.tally import Delivery, Reading, table, verdict
from bridge.events.cloudevents import ReceivedEvent


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
    assert verdict(reading.rows(deliveries)) == sentence


def test_the_table_has_a_row_per_event_and_a_total() -> None:
    """Ten events, two rules, a head and the sum."""
    lines = table(read("a", "a").rows(told(b'{"id":"a"}')))
    assert len(lines) == 14
    assert lines[2].split() == ["call.started", "1", "1", "2", "1", "0"]
    assert lines[-1].split() == ["all", "1", "1", "2", "1", "0"]
