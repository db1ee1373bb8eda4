"""How a drill is held and what its row says."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tests.drills.catalogue import Drill
from tests.drills.judge import RESOLVED_WITHIN_MS, Judgement
from tests.drills.processes import NotReady
from tests.drills.scene import Ground

_MOST_SENTENCES = 12
# Of one drill: whoever breaks an invariant breaks it for many commands at once.
OPEN_DOUBTS_MS = 8_000
# How long a drill waits for the end of a doubt that may stay open: where a call is heard of, that takes seconds.
HEAD = ("drill", "commands", "POSTs", "results", "resolved", "doubles", "late", "429s", "fullest", "seconds", "verdict")


class Row(NamedTuple):
    """What came of a drill. `limit` is the quota of a window. `wrong` is empty when all is as it should be."""

    name: str
    limit: int
    judgement: Judgement
    seconds: float
    wrong: tuple[str, ...]

    def cells(self) -> tuple[str, ...]:
        """Give the row's texts, as `HEAD` names them."""
        judgement = self.judgement
        return (
            self.name,
            str(judgement.commands),
            str(judgement.posts),
            _counted(judgement.results),
            _counted(judgement.resolved),
            str(judgement.doubles),
            str(judgement.late),
            str(judgement.throttled),
            f"{judgement.fullest}/{self.limit}",
            f"{self.seconds:.0f}",
            "WRONG" if self.wrong else "right",
        )


async def hold(drill: Drill, ground: Ground, turns: asyncio.Semaphore) -> Row:
    """Hold a drill: its story when it is its turn, then the wait for its last answers, then the judgement."""
    began = time.monotonic()
    async with drill.scene(ground) as scene:
        try:
            async with turns:
                began = time.monotonic()
                await drill.story(scene)
            await scene.traffic.settled(OPEN_DOUBTS_MS if drill.terms.open_doubts else RESOLVED_WITHIN_MS)
        except (TimeoutError, NotReady, AssertionError) as error:
            scene.wrong.append(f"{type(error).__name__}: {error}")
        await scene.stop()
        await scene.read_to_the_end()
        judgement = scene.judged(drill.terms)
    wrong = (*scene.wrong, *judgement.wrong)
    return Row(drill.name, drill.quota.calls, judgement, time.monotonic() - began, wrong)


def table(rows: list[Row]) -> str:
    """Give the rows as a table in Markdown."""
    return markdown([HEAD, *(row.cells() for row in rows)])


def markdown(cells: Sequence[Sequence[str]]) -> str:
    """Give a table in Markdown; the first line is its head."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_line(row, widths) for row in cells]
    return "\n".join([lines[0], "|".join(["", *("-" * (width + 2) for width in widths), ""]), *lines[1:]])


def complaints(row: Row) -> str:
    """Give what is wrong with a row, a line each."""
    more = len(row.wrong) - _MOST_SENTENCES
    told = [*row.wrong[:_MOST_SENTENCES], *([f"and {more} more"] if more > 0 else [])]
    return "\n".join(f"    {row.name}: {sentence}" for sentence in told)


def _line(cells: Sequence[str], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def _counted(words: Counter[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in words.most_common()) or "-"
