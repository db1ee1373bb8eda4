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
    return timedelta(milliseconds=float(match[1]) * _MILLISECONDS[match[2]])
