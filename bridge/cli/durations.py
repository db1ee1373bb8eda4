"""Durations on the command line, such as `20s` or `10m`."""

import re
from datetime import timedelta

import typer

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def parse_duration(text: str) -> timedelta:
    """Read a number with `ms`, `s`, `m`, `h` or `d`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no duration: use a number with ms, s, m, h or d, such as 20s")
    try:
        return timedelta(milliseconds=float(match[1]) * _MILLISECONDS[match[2]])
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is longer than any clock can tell") from None


def duration_text(duration: timedelta) -> str:
    """Write a duration with its two largest units, such as `2m 10s`; rounded down to seconds above one."""
    milliseconds = duration // timedelta(milliseconds=1)
    if milliseconds < _MILLISECONDS["s"]:
        return f"{milliseconds}ms"
    parts = []
    for unit in ("d", "h", "m", "s"):
        amount, milliseconds = divmod(milliseconds, _MILLISECONDS[unit])
        if amount:
            parts.append(f"{amount}{unit}")
    return " ".join(parts[:2])
