"""Times as the vendor sends them, and as we publish them: RFC 3339 in UTC with `Z`."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

_SENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?(?:([Zz])|([+-]\d\d)(?::?([0-5]\d))?)",
    re.ASCII,
)
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", re.ASCII)
_LONGEST_SENT = 64
# Far above any clock's precision; what is longer was not made by a clock.


class Moment(NamedTuple):
    """A moment that the vendor gave: `text` for people and headers, `epoch_s` (rounded down) for ids."""

    text: str
    epoch_s: int


def parse_moment(sent: str) -> Moment | None:
    """Read a time with an offset, such as `2017-10-16T21:26:59+0000`; None when it cannot be understood.

    Fractions of a second are kept as sent. A time without an offset could mean any zone, so it is not understood.
    """
    if _USUAL.fullmatch(sent) is not None:
        # The vendor's own form, which needs no arithmetic: 0.8 us instead of 2.3, two or three times an event.
        try:
            return Moment(sent[:19] + "Z", int(datetime.fromisoformat(sent).timestamp()))
        except ValueError:
            return None
    return _parse_any(sent)


def _parse_any(sent: str) -> Moment | None:
    if len(sent) > _LONGEST_SENT or (match := _SENT.fullmatch(sent)) is None:
        return None
    day, clock, fraction, zulu, offset_hours, offset_minutes = match.groups()
    offset = "+00:00" if zulu else f"{offset_hours}:{offset_minutes or '00'}"
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Moment(f"{moment.isoformat()[:19]}{fraction or ''}Z", int(moment.timestamp()))


@lru_cache(maxsize=4)  # receipts of one second follow one another
def _second_text(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def receipt_text(epoch_ms: int) -> str:
    """Return the moment of a receipt with its milliseconds, such as `2017-10-16T21:27:00.250Z`."""
    seconds, milliseconds = divmod(epoch_ms, 1000)
    return f"{_second_text(seconds)}.{milliseconds:03d}Z"
