"""Walking a list of the vendor page by page, newest first, while rows come and go. Pure.

A page is asked for by how many rows to leave out, so each row that comes or goes above shifts all that follow. Pages
therefore overlap by one row. Where the page holds the last row that was gathered, what stands behind it follows without
a gap, and what stands before it tells how many rows have come above. Where it does not, that row has gone, and maybe
others that nobody has seen: the walk begins again.

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
MOST_SETBACKS = 5
# Of one walk. A list that changes faster than that is left for the next poll.


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
    `shifted`: so many rows have come above what is gathered. `setbacks`: pages that led no further.
    """

    limit: int
    longest_page: int
    most: int | None = None
    first_page: bool = False
    gathered: tuple[ListedRow, ...] = ()
    shifted: int = 0
    setbacks: int = 0

    @property
    def offset(self) -> int:
        """How many rows the next page leaves out."""
        return len(self.gathered) - 1 + self.shifted if self.gathered else 0

    def take(self, page: Sequence[ListedRow]) -> "Walk | Whole | TooMany | Unsettled":
        """Take the page that was asked for with `offset` and `limit`."""
        longest = max(self.longest_page, len(page))
        known = self._known(page)
        if known is None:
            return _set_back(replace(self, longest_page=longest, gathered=(), shifted=0))
        new = page[known + 1 :]
        gathered = (*self.gathered, *new)
        # The known row alone is no whole page: any vendor gives more than one row at once.
        if self.first_page or len(page) < min(self.limit, self.longest_page) or (not new and known <= 0):
            return Whole(gathered)
        if self.most is not None and len(gathered) >= self.most:
            return TooMany(max((row.told_s for row in gathered if row.told_s is not None), default=None))
        onward = replace(self, longest_page=longest, gathered=gathered, shifted=self.shifted + max(0, known))
        return onward if new else _set_back(onward)

    def _known(self, page: Sequence[ListedRow]) -> int | None:
        """Give where the last row that was gathered stands, -1 when there is none; None when it has gone."""
        if not self.gathered:
            return -1
        last = self.gathered[-1].mark
        return next((number for number, row in enumerate(page) if row.mark == last), None)


def _set_back(walk: Walk) -> Walk | Unsettled:
    return Unsettled() if walk.setbacks == MOST_SETBACKS else replace(walk, setbacks=walk.setbacks + 1)
