"""An event as a line for people."""

import orjson

from bridge.cli.event_line import event_line
from bridge.events.cloudevents import ReceivedEvent

ATTRIBUTES = {
    "specversion": "1.0",
    "id": "i",
    "source": "/connections/acme",
    "type": "pbx.lost-caller.added.v1",
    "connection": "acme",
    "subject": "lost-caller/%2B37060012345/23332222",
    "receivedtime": "2017-10-16T21:27:00.250Z",
    "origin": "webhook",
}


def line(**data: object) -> str:
    return event_line(ReceivedEvent(ATTRIBUTES, orjson.dumps(data)))


def test_a_line_has_time_event_connection_subject_and_details() -> None:
    """Whole telephone numbers stand nowhere in it."""
    assert line(caller="+37060012345", destination="23332222", attempts=2) == (
        "2017-10-16 21:27:00.250  lost-caller.added     acme      lost-caller/***45/***22  ***45 -> ***22  attempts 2"
    )


def test_what_strangers_send_cannot_move_the_cursor_or_forge_a_line() -> None:
    """Escape sequences, bells, new lines and reversed writing are shown by their codes."""
    shown = line(direction="in\x1b[31m\a\r\nFAKE \u202egnitirw")
    assert shown.endswith("direction in\\u001b[31m\\u0007\\u000d\\u000aFAKE \\u202egnitirw")
    assert shown.isprintable()


def test_an_event_that_no_webhook_brought_says_so() -> None:
    """Reconciled events are told apart at a glance."""
    assert event_line(ReceivedEvent({**ATTRIBUTES, "origin": "reconcile"}, b"{}")).endswith("(reconcile)")
