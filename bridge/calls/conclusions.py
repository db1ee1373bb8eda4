"""How a command ends: what each answer of the vendor, and each way to get none, means for its result. Pure.

A dial is judged by one exchange, and never sent again. The other commands only read, so they may be asked again where
another answer can be hoped for. The words for people are the publisher's: here are statuses, codes and facts.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, assert_never

from bridge.pbx.responses import (
    Done,
    Exchange,
    Item,
    Lost,
    NotSent,
    Refused,
    Registered,
    Rows,
    Sent,
    Unusable,
    UnusableReason,
    Usable,
)

MOST_TRIES = 3
# Of a command that reads; the contract's number. A 429 does not count: the vendor has not looked at the question.
_FIRST_DELAY_S = 0.5
# Doubled for each further try: three tries span some seconds, within any deadline that people set.

_WORTH_ANOTHER_TRY = frozenset({UnusableReason.SERVER_ERROR, UnusableReason.NO_ENVELOPE, UnusableReason.CONTRADICTION})
# What a gateway or a restart causes. A redirect, a larger or another body would come again.


class Status(StrEnum):
    """The contract's words; `invalid` is not among them, since an order is a command that is well-formed."""

    OK = "ok"
    REJECTED = "rejected"
    EXPIRED = "expired"
    OVERLOADED = "overloaded"
    NOT_SENT = "not_sent"
    IN_DOUBT = "in_doubt"
    FAILED = "failed"


class NoSlot(StrEnum):
    """Why a command got no slot."""

    EXPIRED = "expired"
    QUEUE_FULL = "queue_full"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The facts of a result. `message` is the vendor's own, cut.

    `attempts` counts the requests that left, or may have. `sent_at` is when the last of them left, as a moment of the
    monotonic clock; None when none is known to have.
    """

    status: Status
    code: str | None = None
    message: str | None = None
    http_status: int | None = None
    answer: Usable | None = None
    attempts: int = 0
    sent_at: float | None = None


class Again(NamedTuple):
    """Not the end: ask once more, from the moment `at` on."""

    at: float


@dataclass(frozen=True, slots=True)
class Tries:
    """The tries of a command that reads: `counted` against `MOST_TRIES`, `left` those of which a byte left."""

    counted: int = 0
    left: int = 0
    sent_at: float | None = None
    last: Exchange | None = None

    def after(self, exchange: Exchange) -> "Tries":
        left = exchange.sent is not Sent.NO
        return Tries(
            self.counted + (not exchange.throttled),
            self.left + left,
            exchange.first_byte_at if left else self.sent_at,
            exchange,
        )


TAKEN_OVER = Conclusion(Status.IN_DOUBT, code="owner_lost", attempts=1)
"""A dial whose owner died, or was fenced, between its intent and its outcome: it may have left."""


def conclude_waiting(no_slot: NoSlot, tries: Tries | None = None) -> Conclusion:
    """Conclude what got no slot: for the first time, or for another try after one that had no usable answer."""
    if tries is not None and tries.last is not None:
        return _conclude_tries(tries, tries.last)
    if no_slot is NoSlot.EXPIRED:
        return Conclusion(Status.EXPIRED)
    return Conclusion(Status.OVERLOADED, code=no_slot.value)


def conclude_dial(exchange: Exchange) -> Conclusion:
    """Conclude a dial. Whatever is not certain is `in_doubt`."""
    match exchange.outcome:
        case Refused():
            status = Status.REJECTED
        case NotSent():
            status = Status.NOT_SENT
        case Unusable() | Lost():
            status = Status.IN_DOUBT
        case Done() | Item() | Rows() | Registered():
            status = Status.OK
        case _:
            assert_never(exchange.outcome)
    return _conclusion(status, Tries().after(exchange), exchange)


def conclude_query(tries: Tries, exchange: Exchange, now: float, jitter: float) -> Conclusion | Again:
    """Conclude a command that reads, or ask again. `tries` include the exchange; `jitter` is from 0 up to 1.

    A freeze that the vendor asked for is the limiter's business: whoever asks again waits for a slot as before.
    """
    outcome = exchange.outcome
    match outcome:
        case Refused():
            again = exchange.throttled
        case NotSent() | Lost():
            again = tries.counted < MOST_TRIES
        case Unusable(reason=reason):
            # Some vendors say 429 without being understood: the limiter freezes then, too.
            again = exchange.throttled or (reason in _WORTH_ANOTHER_TRY and tries.counted < MOST_TRIES)
        case Done() | Item() | Rows() | Registered():
            return _conclusion(Status.OK, tries, exchange)
        case _:
            assert_never(outcome)
    if again:
        # Half of the delay is fixed, so that a vendor in trouble is left alone for some time in any case.
        return Again(now + _FIRST_DELAY_S * 2 ** max(0, tries.counted - 1) * (0.5 + jitter / 2))
    return _conclude_tries(tries, exchange)


def too_large(conclusion: Conclusion) -> Conclusion:
    """Conclude a command whose answer is larger than a record may be; a dial has none that could be missed."""
    status = Status.OK if isinstance(conclusion.answer, Done) else Status.FAILED
    return replace(conclusion, status=status, code="too_large", answer=None)


def _conclude_tries(tries: Tries, last: Exchange) -> Conclusion:
    """Conclude by the last try, which had no usable answer; what never left at all is `not_sent`."""
    if isinstance(last.outcome, Refused):
        return _conclusion(Status.REJECTED, tries, last)
    return _conclusion(Status.FAILED if tries.left else Status.NOT_SENT, tries, last)


def _conclusion(status: Status, tries: Tries, last: Exchange) -> Conclusion:
    code = message = answer = None
    match last.outcome:
        case Refused():
            code, message = last.outcome.code, last.outcome.message
        case Unusable():
            code, message = last.outcome.reason.value, last.outcome.message
        case NotSent() | Lost():
            code = last.outcome.reason.value
        case Done() | Item() | Rows() | Registered():
            answer = last.outcome
        case _:
            assert_never(last.outcome)
    return Conclusion(status, code, message, last.status, answer, tries.left, tries.sent_at)
