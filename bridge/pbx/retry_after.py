"""How long the vendor asks to be left alone: `Retry-After` in both its forms. Pure."""

from collections.abc import Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

_LONGEST_DIGITS = 9
# Some thirty years of seconds. A longer number was not meant.
_LONGEST_S = 86_400.0
# A day: whoever says more has made a mistake, and the journal would keep the connection frozen over any restart.


def retry_after_s(values: Sequence[str], date: str | None, now_epoch_s: float) -> float | None:
    """Return the seconds that `Retry-After` asks for, 0 to a day; None when it is absent or cannot be understood.

    A date counts from the answer's own `Date`, else from `now_epoch_s`. Of several values the longest counts.
    """
    delays = [delay for value in values if (delay := _delay_s(value.strip(), date, now_epoch_s)) is not None]
    return min(max(delays), _LONGEST_S) if delays else None


def _delay_s(value: str, date: str | None, now_epoch_s: float) -> float | None:
    if value.isascii() and value.isdigit():
        return float(value) if len(value) <= _LONGEST_DIGITS else None
    until = _epoch_s(value)
    if until is None:
        return None
    answered = None if date is None else _epoch_s(date)
    return max(0.0, until - (now_epoch_s if answered is None else answered))


def _epoch_s(http_date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(http_date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # The form without a zone, of C's asctime, means UTC as the others do.
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
