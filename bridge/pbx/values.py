"""Reading single values of the vendor's payloads. Each reader answers None for what it does not understand.

Absent, null and `""` are the same to the vendor and never reach a reader.
"""

from collections.abc import Callable

from bridge.events.model_fields import ID_MAX
from bridge.events.times import Moment, parse_moment

_ID_MAX_DIGITS = len(str(ID_MAX))
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1

Reader = Callable[[object], object | None]


def read_id(sent: object) -> int | None:
    """Read an id: an integer from 0 to 2^63-1, or a string of its digits."""
    if type(sent) is int:  # bool is a subclass of int, and no id
        return sent if 0 <= sent <= ID_MAX else None
    if type(sent) is str and sent.isascii() and sent.isdigit():
        digits = sent.lstrip("0") or "0"
        if len(digits) <= _ID_MAX_DIGITS and (number := int(digits)) <= ID_MAX:
            return number
    return None


def read_integer(sent: object) -> int | None:
    """Read a plain integer, such as a status, a number of seconds or of attempts."""
    return sent if type(sent) is int and _INT64_MIN <= sent <= _INT64_MAX else None


def read_text(sent: object) -> str | None:
    """Read a text as it is."""
    return sent if type(sent) is str else None


def read_number(sent: object) -> str | None:
    """Read a telephone number: the string that was sent, or the digits of a JSON integer."""
    if type(sent) is str:
        return sent
    return str(sent) if type(sent) is int and sent >= 0 else None


def read_time(sent: object) -> Moment | None:
    """Read a time with an offset."""
    return parse_moment(sent) if type(sent) is str else None


def read_nothing(_sent: object) -> None:
    """Understand nothing: for fields that another reader takes."""
