"""What each answer of the vendor means for a result."""

from math import inf

import pytest

from bridge.calls.conclusions import (
    Again,
    Conclusion,
    NoSlot,
    Status,
    Tries,
    conclude_dial,
    conclude_query,
    conclude_waiting,
    too_large,
)
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
    Rows,
    Unusable,
    UnusableReason,
)

ITEM = Item({"id": 1}, b"{}")


def exchange(outcome: Outcome, status: int | None = None) -> Exchange:
    """Give an exchange whose first byte left at 0.5, unless none did."""
    sent = not isinstance(outcome, NotSent)
    return Exchange(outcome, 0.0, 1.0, 0.5 if sent else None, None if status is None else 0.9, status)


SERVER_ERROR = exchange(Unusable(500, UnusableReason.SERVER_ERROR, "down"), 500)
TIMEOUT = exchange(Lost(LostReason.TIMEOUT, ""))
UNCONNECTED = exchange(NotSent(NotSentReason.CONNECT, ""))
THROTTLED = exchange(Refused(429, "rate_limited", "slow down"), 429)


@pytest.mark.parametrize(
    ("told", "conclusion"),
    [
        (exchange(Done(), 200), Conclusion(Status.OK, None, None, 200, Done(), 1, 0.5)),
        (
            exchange(Refused(404, "not_found", "no such contact"), 404),
            Conclusion(Status.REJECTED, "not_found", "no such contact", 404, None, 1, 0.5),
        ),
        (THROTTLED, Conclusion(Status.REJECTED, "rate_limited", "slow down", 429, None, 1, 0.5)),
        (UNCONNECTED, Conclusion(Status.NOT_SENT, "connect")),
        (exchange(NotSent(NotSentReason.TOO_LATE, "")), Conclusion(Status.NOT_SENT, "too_late")),
        (SERVER_ERROR, Conclusion(Status.IN_DOUBT, "server_error", "down", 500, None, 1, 0.5)),
        *(
            (exchange(Unusable(200, reason), 200), Conclusion(Status.IN_DOUBT, reason, None, 200, None, 1, 0.5))
            for reason in UnusableReason
        ),
        *(
            (exchange(Lost(reason, "")), Conclusion(Status.IN_DOUBT, reason, None, None, None, 1, 0.5))
            for reason in LostReason
        ),
    ],
)
def test_a_dial_is_judged_by_its_one_exchange(told: Exchange, conclusion: Conclusion) -> None:
    """What is not certain is in doubt: 5xx, 3xx, a 2xx without the envelope, a reset, a time-out."""
    assert conclude_dial(told) == conclusion


@pytest.mark.parametrize(
    ("no_slot", "conclusion"),
    [
        (NoSlot.EXPIRED, Conclusion(Status.EXPIRED)),
        (NoSlot.QUEUE_FULL, Conclusion(Status.OVERLOADED, "queue_full")),
        (NoSlot.TOO_LATE, Conclusion(Status.OVERLOADED, "too_late")),
    ],
)
def test_what_got_no_slot_was_never_asked(no_slot: NoSlot, conclusion: Conclusion) -> None:
    """Nothing left, no attempt is counted."""
    assert conclude_waiting(no_slot) == conclude_waiting(no_slot, Tries()) == conclusion


def after(*exchanges: Exchange) -> Tries:
    tries = Tries()
    for each in exchanges:
        tries = tries.after(each)
    return tries


def ask(*exchanges: Exchange, jitter: float = 0.0) -> Conclusion | Again:
    return conclude_query(after(*exchanges), exchanges[-1], 100.0, jitter)


@pytest.mark.parametrize("failure", [SERVER_ERROR, TIMEOUT, UNCONNECTED])
def test_a_command_that_reads_is_tried_three_times(failure: Exchange) -> None:
    """With a growing delay, half of which is jitter; then it has failed."""
    assert ask(failure) == Again(100.25)
    assert ask(failure, jitter=1.0) == Again(100.5)
    assert ask(failure, failure) == Again(100.5)
    last = ask(failure, failure, failure)
    assert isinstance(last, Conclusion)
    assert last.status is (Status.NOT_SENT if failure is UNCONNECTED else Status.FAILED)
    assert last.attempts == (0 if failure is UNCONNECTED else 3)


def test_what_left_once_is_not_called_unsent() -> None:
    """A time-out and two tries without a connection: the vendor may have been asked."""
    assert ask(TIMEOUT, UNCONNECTED, UNCONNECTED) == Conclusion(Status.FAILED, "connect", attempts=1, sent_at=0.5)


def test_a_429_is_asked_again_as_long_as_the_deadline_allows() -> None:
    """It is no try: the vendor has not looked at the question. When no slot comes in time it is what the answer was."""
    assert isinstance(ask(*[THROTTLED] * 10), Again)
    assert isinstance(ask(THROTTLED, THROTTLED, THROTTLED, TIMEOUT), Again)
    assert conclude_waiting(NoSlot.EXPIRED, after(THROTTLED, THROTTLED)) == Conclusion(
        Status.REJECTED, "rate_limited", "slow down", 429, None, 2, 0.5
    )


def test_a_deadline_between_two_tries_is_a_failure() -> None:
    """It has not expired while it waited: the vendor was asked, and had no usable answer."""
    for no_slot in NoSlot:
        assert conclude_waiting(no_slot, after(TIMEOUT)).status is Status.FAILED


@pytest.mark.parametrize(
    "reason",
    [UnusableReason.REDIRECT, UnusableReason.TOO_LARGE, UnusableReason.UNREADABLE, UnusableReason.UNEXPECTED_DATA],
)
def test_what_would_come_again_is_not_asked_again(reason: UnusableReason) -> None:
    """The quota is for questions that may have another answer."""
    conclusion = ask(exchange(Unusable(200, reason), 200))
    assert isinstance(conclusion, Conclusion)
    assert (conclusion.status, conclusion.code) == (Status.FAILED, reason)


def test_a_refusal_is_the_end() -> None:
    """The vendor has said no, once; tries before it are counted."""
    refusal = exchange(Refused(403, "forbidden", None), 403)
    assert ask(TIMEOUT, refusal) == Conclusion(Status.REJECTED, "forbidden", None, 403, None, 2, 0.5)


@pytest.mark.parametrize("usable", [ITEM, Rows((), b"")])
def test_an_answer_is_the_end(usable: Item | Rows) -> None:
    """Whatever was tried before; an empty list is an answer."""
    assert ask(SERVER_ERROR, exchange(usable, 200)) == Conclusion(Status.OK, None, None, 200, usable, 2, 0.5)


def test_delays_stay_finite() -> None:
    """Many freezes in a row do not make a delay that never ends: a 429 does not count."""
    again = ask(*[THROTTLED] * 100)
    assert isinstance(again, Again)
    assert again.at < 101 < inf


def test_an_answer_that_fits_no_record_is_not_passed_on() -> None:
    """The result says so instead."""
    ok = Conclusion(Status.OK, None, None, 200, ITEM, 1, 0.5)
    assert too_large(ok) == Conclusion(Status.FAILED, "too_large", None, 200, None, 1, 0.5)
