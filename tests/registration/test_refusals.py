"""What an answer of the vendor means for a registration, and what people are told."""

import pytest

from bridge.pbx.responses import (
    Done,
    Exchange,
    Item,
    Lost,
    LostReason,
    NotSent,
    NotSentReason,
    Outcome,
    Refused,
    Registered,
    Rows,
    Unusable,
    UnusableReason,
)
from bridge.registration.refusals import Ending, ending_of_registration, ending_of_removal, trouble_of

LOST = Lost(LostReason.TIMEOUT, "10 s")
NOT_SENT = NotSent(NotSentReason.CONNECT, "refused")
UNUSABLE = Unusable(500, UnusableReason.SERVER_ERROR, None)
NO_ID = Unusable(200, UnusableReason.UNEXPECTED_DATA, None)


def exchange(outcome: Outcome) -> Exchange:
    return Exchange(outcome, 0, 1, status=getattr(outcome, "status", None))


@pytest.mark.parametrize(
    ("outcome", "registered", "removed"),
    [
        (Registered(7), "done", "unknown"),
        (Done(), "unknown", "done"),
        (Refused(403, "forbidden", None), "not_done", "not_done"),
        (Refused(404, "not_found", None), "not_done", "done"),
        (NOT_SENT, "not_done", "not_done"),
        (LOST, "unknown", "unknown"),
        (UNUSABLE, "unknown", "unknown"),
        (NO_ID, "unknown", "unknown"),
    ],
)
def test_only_what_is_certain_is_said(outcome: Outcome, registered: Ending, removed: Ending) -> None:
    """A registration without a usable answer may exist; one that is gone already is removed."""
    assert ending_of_registration(exchange(outcome)) == registered
    assert ending_of_removal(exchange(outcome)) == removed


@pytest.mark.parametrize(
    ("outcome", "final", "advice"),
    [
        (Refused(403, "forbidden", "Webhook limit reached"), True, "look at API -> WEB HOOKS in the vendor's panel"),
        (Refused(422, "unprocessable", None), True, "Look at ingress.public_url"),
        (Refused(401, "unauthorized", None), False, "mend api_key or its file"),
        (Refused(429, "rate_limited", None), False, "tried again every minute"),
        (UNUSABLE, False, "tried again every minute"),
        (LOST, False, "tried again every minute"),
        (NOT_SENT, False, "tried again every minute"),
    ],
)
def test_a_trouble_says_what_to_do(outcome: Outcome, final: bool, advice: str) -> None:
    """And whether it is tried again by itself."""
    trouble = trouble_of("register", "CallStarted.1", exchange(outcome))
    assert trouble.final is final
    assert trouble.sentence.startswith("The vendor does not register CallStarted.1: ")
    assert advice in trouble.sentence


@pytest.mark.parametrize("outcome", [Done(), Registered(7), Rows((), b""), Item({}, b"")])
def test_what_was_done_is_no_trouble(outcome: Outcome) -> None:
    """Whoever asks for it has a fault."""
    with pytest.raises(ValueError, match="the vendor did it"):
        trouble_of("register", "CallStarted.1", exchange(outcome))
