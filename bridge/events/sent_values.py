"""Ids and telephone numbers as others send them: the same rule for the vendor's payloads and for commands."""

from bridge.events.model_fields import ID_MAX

_ID_MAX_DIGITS = len(str(ID_MAX))


def read_id(sent: object) -> int | None:
    """Read an id: an integer from 0 to 2^63-1, or a string of its digits; None when it is neither."""
    if type(sent) is int:  # bool is a subclass of int, and no id
        return sent if 0 <= sent <= ID_MAX else None
    if type(sent) is str and sent.isascii() and sent.isdigit():
        digits = sent.lstrip("0") or "0"
        if len(digits) <= _ID_MAX_DIGITS and (number := int(digits)) <= ID_MAX:
            return number
    return None


def read_number(sent: object) -> str | None:
    """Read a telephone number: the string that was sent, or the digits of a JSON integer; None when it is neither."""
    if type(sent) is str:
        return sent
    return str(sent) if type(sent) is int and sent >= 0 else None
