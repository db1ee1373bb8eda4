"""Reading single values of the vendor's payloads. Each reader answers None for what it does not understand.

Absent, null and `""` are the same to the vendor and never reach a reader.
"""

from collections.abc import Callable

from bridge.events.sent_values import read_id, read_number
from bridge.events.times import Moment, parse_moment

__all__ = ["Reader", "read_id", "read_integer", "read_nothing", "read_number", "read_text", "read_time"]

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1

Reader = Callable[[object], object | None]


def read_integer(sent: object) -> int | None:
    """Read a plain integer, such as a status, a number of seconds or of attempts."""
    return sent if type(sent) is int and _INT64_MIN <= sent <= _INT64_MAX else None


def read_text(sent: object) -> str | None:
    """Read a text as it is."""
    return sent if type(sent) is str else None


def read_time(sent: object) -> Moment | None:
    """Read a time with an offset."""
    return parse_moment(sent) if type(sent) is str else None


def read_nothing(_sent: object) -> None:
    """Understand nothing: for fields that another reader takes."""
