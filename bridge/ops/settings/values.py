"""Types of single values: durations, sizes, numbers, names and secrets, each with its sentence for what is not allowed.

Values come from YAML (text, whole numbers, true, false, null) or from variables (text alone), so each reads text, too.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from bridge.ops.secret_files import Secret
from bridge.ops.settings.problems import unfit

_DURATION: Final = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_MILLISECONDS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SIZE: Final = re.compile(r"(\d{1,15})(KiB|MiB|GiB)?", re.ASCII)
_BYTES: Final = {None: 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_WHOLE: Final = re.compile(r"0|-?[1-9]\d{0,18}", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_REGION: Final = re.compile(r"[A-Z]{2}", re.ASCII)

LARGEST_ID: Final = (1 << 63) - 1
"""The vendor's ids are 64-bit."""


T = TypeVar("T")
Parser = Callable[[object], T]
"""Reads what was given or raises the error of `unfit`."""


@dataclass(frozen=True)
class ListOfValues:
    """Marks a key that holds a list: its variable is JSON."""


@dataclass(frozen=True)
class MapOfValues:
    """Marks a key that holds a map with keys of the user's own: its variable is JSON."""


def duration(least: str, most: str) -> Parser[timedelta]:
    """Accept `1500ms`, `5s` or `1.5h` within the bounds, as a timedelta."""
    low, high = _milliseconds(least), _milliseconds(most)

    def parse(given: object) -> timedelta:
        if isinstance(given, timedelta):
            amount = Decimal(given // timedelta(microseconds=1)) / 1000
        elif isinstance(given, str) and _DURATION.fullmatch(given):
            amount = _milliseconds(given)
        elif isinstance(given, bool) or number_of(given) is None:
            raise unfit(f"a number with a unit (ms, s, m, h or d), from {least} to {most}")
        else:
            raise unfit(f"a duration from {least} to {most}", fault=f"is {given} without a unit (ms, s, m, h or d)")
        if not low <= amount <= high:
            raise unfit(f"a duration from {least} to {most}")
        return timedelta(microseconds=int(amount * 1000))

    return parse


def size(least: str, most: str) -> Parser[int]:
    """Accept `256KiB`, `1GiB`, or a plain number of bytes, within the bounds, as bytes."""
    low, high = _bytes(least), _bytes(most)

    def parse(given: object) -> int:
        written = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
        if not isinstance(written, str) or not _SIZE.fullmatch(written):
            raise unfit(f"a size such as 256KiB (KiB, MiB or GiB) or a whole number of bytes, from {least} to {most}")
        if not low <= (value := _bytes(written)) <= high:
            raise unfit(f"a size from {least} to {most}")
        return value

    return parse


def whole(least: int, most: int) -> Parser[int]:
    """Accept a whole number within the bounds."""

    def parse(given: object) -> int:
        value = number_of(given)
        if value is None or not least <= value <= most:
            raise unfit(f"a whole number from {least} to {most}")
        return value

    return parse


def one_of(*names: str) -> Parser[str]:
    """Accept one of the names, spelt exactly so."""

    def parse(given: object) -> str:
        if isinstance(given, str) and given in names:
            return given
        raise unfit(alternatives(names))

    return parse


def or_null(parse: Parser[T]) -> Callable[[object], T | None]:
    """Accept null as well."""
    return lambda given: None if given is None else parse(given)


def boolean(given: object) -> bool:
    """Accept true and false."""
    if isinstance(given, bool):
        return given
    if given in ("true", "false"):
        return given == "true"
    raise unfit("true or false")


def text(what: str) -> Parser[str]:
    """Accept text that is not empty."""

    def parse(given: object) -> str:
        written = _written(given)
        if written is None or not written.strip():
            raise unfit(what)
        return written

    return parse


def path(given: object) -> Path:
    """Accept the path of a file; whether it is there is another question."""
    if isinstance(given, Path):
        return given
    if not isinstance(given, str) or not given.strip() or "\0" in given:
        raise unfit("the path of a file")
    return Path(given)


def secret(given: object) -> Secret:
    """Accept the text of a secret; white space around it is dropped. What was given is never repeated."""
    if isinstance(given, Secret):
        return given
    written = _written(given)
    if written is None:
        raise unfit("text, in quotes where YAML would read it as something else", fault="is not text")
    if not written.strip():
        raise unfit("the secret itself, or a file that holds it", fault="is empty")
    return Secret(written.strip().encode())


def identifier(given: object) -> int:
    """Accept an id of the vendor."""
    return whole(0, LARGEST_ID)(given)


def moment(given: object) -> datetime:
    """Accept an RFC 3339 time with an offset."""
    if isinstance(given, datetime) and given.tzinfo is not None:
        return given
    if isinstance(given, str) and _MOMENT.fullmatch(given):
        with suppress(ValueError):
            return datetime.fromisoformat(given)
    raise unfit("a time with an offset, such as 2026-01-31T08:00:00Z")


def region(given: object) -> str:
    """Accept an ISO 3166 country code that has a numbering plan."""
    if isinstance(given, str) and _REGION.fullmatch(given):
        # Imported here, since most commands need no region and its tables cost start-up time.
        from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - see above

        if given in SUPPORTED_REGIONS:
            return given
    raise unfit("a country code of two upper-case letters that has telephone numbers, such as LT, or null")


def number_of(given: object) -> int | None:
    """Read a whole number, from text only without sign and zeros in front; None where it is none."""
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        return given
    return int(given) if isinstance(given, str) and _WHOLE.fullmatch(given) else None


def alternatives(names: tuple[str, ...]) -> str:
    """Write `A, B or C`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def written_duration(value: timedelta) -> str:
    """Write a duration with the largest unit that leaves no fraction: `90s`, `2h`."""
    amount = value // timedelta(milliseconds=1)
    unit = next((name for name in ("d", "h", "m", "s") if amount and amount % _MILLISECONDS[name] == 0), "ms")
    return f"{amount // _MILLISECONDS[unit]}{unit}" if amount else "0s"


def written_size(value: int) -> str:
    """Write a size with the largest unit that leaves no fraction: `256KiB`; plain bytes without a unit."""
    unit = next((name for name in ("GiB", "MiB", "KiB") if value and value % _BYTES[name] == 0), None)
    return f"{value // _BYTES[unit]}{unit or ''}"


def _milliseconds(written: str) -> Decimal:
    number, unit = _DURATION.fullmatch(written).groups()  # type: ignore[union-attr]  # callers have matched it
    return Decimal(number) * _MILLISECONDS[unit]


def _bytes(written: str) -> int:
    number, unit = _SIZE.fullmatch(written).groups()  # type: ignore[union-attr]  # callers have matched it
    return int(number) * _BYTES[unit]


def _written(given: object) -> str | None:
    """Return text as it stood in the file: our YAML reads whole numbers alone as numbers, and those without loss."""
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    return given if isinstance(given, str) else None
