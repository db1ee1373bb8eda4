"""How a drill is held and what its row says."""

import asyncio
import time
from collections import Counter
from typing import NamedTuple

from tests.drills.catalogue import Drill
from tests.drills.judge import Judgement
from tests.drills.processes import NotReady
from tests.drills.scene import Ground

_MOST_SENTENCES = 12
# Of one drill: whoever breaks an invariant breaks it for many commands at once.
HEAD = ("drill", "commands", "POSTs", "results", "resolved", "doubles", "late", "429s", "seconds", "verdict")


class Row(NamedTuple):
    """What came of a drill. `wrong` is empty when all is as it should be."""

    name: str
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
            await scene.traffic.settled()
        except (TimeoutError, NotReady, AssertionError) as error:
            scene.wrong.append(f"{type(error).__name__}: {error}")
        await scene.stop()
        await scene.read_to_the_end()
        judgement = scene.judged(frozen=drill.frozen, least_ok=drill.least_ok)
    return Row(drill.name, judgement, time.monotonic() - began, (*scene.wrong, *judgement.wrong))


def table(rows: list[Row]) -> str:
    """Give the rows as a table in Markdown."""
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    lines = [_line(row, widths) for row in cells]
    return "\n".join([lines[0], "|".join(["", *("-" * (width + 2) for width in widths), ""]), *lines[1:]])


def complaints(row: Row) -> str:
    """Give what is wrong with a row, a line each."""
    more = len(row.wrong) - _MOST_SENTENCES
    told = [*row.wrong[:_MOST_SENTENCES], *([f"and {more} more"] if more > 0 else [])]
    return "\n".join(f"    {row.name}: {sentence}" for sentence in told)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def _counted(words: Counter[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in words.most_common()) or "-"
