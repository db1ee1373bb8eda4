"""Walking down one of the vendor's lists, newest first, page by page, while rows come and go in it. Pure.

The vendor pages by offset, so rows shift under whoever walks. What is put in above moves rows down: they are seen
twice, which does no harm. What is deleted above moves rows up, past the next offset: they would never be seen. So pages
overlap, and a page is joined to what came before it only when its first row has been seen already: all that stands
above that row has been, too, but for what was put in since. Else the walk steps back until it is so.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

LARGEST_PAGE = 500
# The vendor gives no bound. This is the largest that the contract names; some 150 KB of calls.
_OVERLAP = 5
# Rows: so many may be deleted while a page is asked for without a step back.
_FIRST_STEP_BACK, _STEPS_GROW = 20, 5
# Rows: what is deleted is a handful; after three steps the walk stands where it began.
_MOST_BARREN = 5
# Pages in a row of nothing but known rows, so far down that as many must have been put in above in the meantime; or
# the vendor pays no heed to the offset, and the walk would never end.
_LEAST_CAP = 50
# A page that is shorter than asked for is the last one, unless the vendor has a largest page of its own. None that is
# known is smaller than this, so a shorter page is the last one without another question.


class Page(NamedTuple):
    """What to ask for next."""

    limit: int
    offset: int


class PageWalk:
    """One walk from the top of a list to its end. It changes in place."""

    def __init__(self, limit: int = LARGEST_PAGE) -> None:
        """Begin at the top; ValueError for pages of a single row, which cannot overlap."""
        if limit < 2:
            raise ValueError("pages of a single row cannot overlap")
        self._limit = limit
        self._overlap = min(_OVERLAP, limit - 1)
        self._seen: set[Hashable] = set()
        self._step_back = _FIRST_STEP_BACK
        self._barren = 0
        self.next: Page | None = Page(limit, 0)
        """The page to ask for; None: the end was reached."""
        self.pages = 0
        """How many pages were taken: calls to the vendor."""

    def take(self, keys: Sequence[Hashable]) -> list[int]:
        """Take the page that was asked for, by what tells its rows apart; give the indexes of rows not seen before.

        An empty page is an answer, too: no rows. ValueError after the end.
        """
        if self.next is None:
            raise ValueError("the walk is over")
        offset = self.next.offset
        self.pages += 1
        joined = offset == 0 or (bool(keys) and keys[0] in self._seen)
        if not joined:
            self.next = Page(self._limit, max(0, offset - self._step_back))
            self._step_back *= _STEPS_GROW
            return []
        self._step_back = _FIRST_STEP_BACK
        new: list[int] = []
        for index, key in enumerate(keys):
            if key not in self._seen:
                self._seen.add(key)
                new.append(index)
        self._barren = 0 if new or offset < len(self._seen) else self._barren + 1
        last = len(keys) < min(self._limit, _LEAST_CAP) or self._barren == _MOST_BARREN
        self.next = None if last else Page(self._limit, offset + len(keys) - self._overlap)
        return new
