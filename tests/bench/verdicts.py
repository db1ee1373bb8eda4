"""The table at the end of a bench: what was measured, what it should be, and whether it is."""

# ruff: noqa: T201 - a bench prints

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Row:
    """One figure. `target` is "" where there is none; then `met` says nothing."""

    name: str
    figure: str
    target: str = ""
    met: bool = True

    @classmethod
    def at_most(cls, name: str, figure: float, most: float, unit: str, digits: int = 0) -> Self:
        """Give the row of a figure that is not to be larger."""
        return cls(name, f"{figure:,.{digits}f}{unit}", f"<= {most:g}{unit}", figure <= most)

    @classmethod
    def at_least(cls, name: str, figure: float, least: float, unit: str, digits: int = 0) -> Self:
        """Give the row of a figure that is not to be smaller."""
        return cls(name, f"{figure:,.{digits}f}{unit}", f">= {least:g}{unit}", figure >= least)


def show(title: str, rows: Sequence[Row]) -> bool:
    """Print a table; return whether all targets are met."""
    names, figures, targets = (
        max(len(text) for text in column)
        for column in zip(*((row.name, row.figure, row.target) for row in rows), strict=True)
    )
    print(f"\n{title} ({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} in the last minute)")
    for row in rows:
        verdict = "" if not row.target else "met" if row.met else "MISSED"
        print(f"{row.name:<{names}}  {row.figure:>{figures}}  {row.target:<{targets}}  {verdict}".rstrip())
    return all(row.met for row in rows)


def share(ordered: Sequence[float], part: float) -> float:
    """Give the value that a part of rising ones does not exceed: 0.5 the median, 0.99 the p99."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
