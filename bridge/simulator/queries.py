"""What a request may ask of a list, read from its parameters. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.simulator.clock import read_stamp

# How many rows an answer has when nothing is said, and at most; the vendor publishes neither.
DEFAULT_LIMIT, MAX_LIMIT = 100, 500

DATES = frozenset({"date_from", "date_to"})
_TEXTS = frozenset({"destination", "source", "direction"})


class RefusedQueryError(ValueError):
    """A parameter that is missing, or has a value that its type does not allow."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a request asks of a list; dates are epoch seconds, both ends included."""

    after: int = -1
    row_id: int | None = None
    equal: Mapping[str, str | int] = field(default_factory=dict)
    date_from: float | None = None
    date_to: float | None = None
    limit: int = DEFAULT_LIMIT
    offset: int = 0


def read_query(parameters: Mapping[str, str], filters: frozenset[str], id_name: str | None = None) -> Query:
    """Return what is asked; parameters that the contract does not name for this list are ignored.

    `id_name` is the list's own id, None for the lost callers, who have none. Raises RefusedQueryError.
    """
    after, row_id = -1, None
    if id_name is not None:
        if f"initial_{id_name}" not in parameters:
            raise RefusedQueryError(f"initial_{id_name} is required")
        after = _number(parameters, f"initial_{id_name}")
        row_id = _number(parameters, id_name) if id_name in parameters else None
    limit = _number(parameters, "limit") if "limit" in parameters else DEFAULT_LIMIT
    if not 1 <= limit <= MAX_LIMIT:
        raise RefusedQueryError(f"limit is 1 to {MAX_LIMIT}")
    return Query(
        after=after,
        row_id=row_id,
        equal={name: _value(parameters, name) for name in sorted(filters - DATES) if name in parameters},
        date_from=_date(parameters, "date_from", filters),
        date_to=_date(parameters, "date_to", filters),
        limit=limit,
        offset=_number(parameters, "offset") if "offset" in parameters else 0,
    )


def whole_number(text: str) -> int | None:
    """Return the number, None when the text is no whole number in plain digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _value(parameters: Mapping[str, str], name: str) -> str | int:
    if name == "direction" and parameters[name] not in {"in", "out"}:
        raise RefusedQueryError("direction is in or out")
    return parameters[name] if name in _TEXTS else _number(parameters, name)


def _number(parameters: Mapping[str, str], name: str) -> int:
    number = whole_number(parameters[name])
    if number is None:
        raise RefusedQueryError(f"{name} is a whole number")
    return number


def _date(parameters: Mapping[str, str], name: str, filters: frozenset[str]) -> float | None:
    if name not in filters or name not in parameters:
        return None
    moment = read_stamp(parameters[name])
    if moment is None:
        raise RefusedQueryError(f"{name} is a date-time")
    return moment
