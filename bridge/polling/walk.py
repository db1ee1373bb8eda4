"""Walking a list of the vendor page by page, newest first, while rows come and go. Pure.

A page is asked for by how many rows to leave out, so each row that comes or goes above shifts all that follow. Pages
therefore overlap by one row. Where the page holds the last row that was gathered, what stands behind it follows without
a gap, however much has come above. Where it does not, that row has gone, and maybe others that nobody has seen: the
walk begins again.

How many rows the vendor gives at most is not published. A page that is shorter than another one was is the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from bridge.polling.rows import ListedRow

PAGE_ROWS = 500
# Asked for at once: an answer of the history is some 150 KB then.
MOST_GATHERED = 2_000
# Of a list with dates: what is longer is walked in stretches of time, so that memory and what a crash undoes are
# bounded.
MOST_RESTARTS = 5
# Of one walk. A list that loses rows faster than that is left for the next poll.


class Whole(NamedTuple):
    """All rows that were asked for, in the vendor's order."""

    rows: Sequence[ListedRow]


class TooMany(NamedTuple):
    """There are more than was asked for; `newest_s` is the last moment of those that were seen, if any has one."""

    newest_s: int | None


class Unsettled(NamedTuple):
    """The list changes too fast."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk under way. `limit` rows are asked for at once; `longest_page`: the vendor has given as many at once.

    `most`: give up once so many rows are gathered and there are more; None: never. `first_page`: that is all.
    """

    limit: int
    longest_page: int
    most: int | None = None
    first_page: bool = False
    gathered: tuple[ListedRow, ...] = ()
    restarts: int = 0

    @property
    def offset(self) -> int:
        """How many rows the next page leaves out."""
        return max(0, len(self.gathered) - 1)

    def take(self, page: Sequence[ListedRow]) -> "Walk | Whole | TooMany | Unsettled":
        """Take the page that was asked for with `offset` and `limit`."""
        longest = max(self.longest_page, len(page))
        new = self._behind_known(page)
        if new is None:
            if self.restarts == MOST_RESTARTS:
                return Unsettled()
            return replace(self, longest_page=longest, gathered=(), restarts=self.restarts + 1)
        gathered = (*self.gathered, *new)
        if self.first_page or not new or len(page) < min(self.limit, self.longest_page):
            return Whole(gathered)
        if self.most is not None and len(gathered) >= self.most:
            return TooMany(max((row.told_s for row in gathered if row.told_s is not None), default=None))
        return replace(self, longest_page=longest, gathered=gathered)

    def _behind_known(self, page: Sequence[ListedRow]) -> Sequence[ListedRow] | None:
        if not self.gathered:
            return page
        known = self.gathered[-1].mark
        for index, row in enumerate(page):
            if row.mark == known:
                return page[index + 1 :]
        return None
