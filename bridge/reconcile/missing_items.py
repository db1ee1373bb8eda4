"""Which items of a list have not been published, and since when they are missed. Pure, but it changes in place.

An item is missing once it has been in the vendor's list for longer than the grace, since its webhook may be on its way.
How long that is, is known from the walks: what the last one did not show has come since. What the first walk of an
owner shows, or the first one after a failure, may have been there for long, so there its own moment counts, if that has
passed. Else the vendor's clock is not asked: it may be off.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from bridge.reconcile.compared_lists import ItemRow


class Missing(NamedTuple):
    """What is to be published, earliest first; `waiting_ms` is the earliest moment of what may still come by itself."""

    due: list[ItemRow]
    waiting_ms: int | None


class _Missed(NamedTuple):
    since_ms: int
    happened_ms: int


class MissingItems:
    """One list of one connection. `known` tells whether an id was published."""

    def __init__(self, known: Callable[[int], bool], grace_ms: int) -> None:
        self._known = known
        self._grace_ms = grace_ms
        self._missed: dict[int, _Missed] = {}
        self._watched = False

    def compare(self, rows: Iterable[ItemRow], now_ms: int, *, floor_ms: int, whole: bool) -> Missing:
        """Compare a walk's rows with what was published; what happened before the floor is none of ours.

        `whole`: the walk went back as far as any does, so that what it does not show has left the list.
        """
        before, self._missed = self._missed, {} if whole else dict(self._missed)
        due: list[ItemRow] = []
        for row in rows:
            if row.happened_ms < floor_ms or self._known(row.id):
                self._missed.pop(row.id, None)
                continue
            first_ms = now_ms if self._watched else min(now_ms, row.happened_ms)
            missed = before.get(row.id) or _Missed(first_ms, row.happened_ms)
            self._missed[row.id] = missed
            if missed.since_ms + self._grace_ms <= now_ms:
                due.append(row)
        return Missing(sorted(due, key=_by_moment), self._waiting_ms(now_ms))

    def compare_long(self, rows: Iterable[ItemRow], now_ms: int, *, floor_ms: int) -> list[ItemRow]:
        """Compare rows that are seldom walked: there is nothing but their own moment to go by."""
        due = [
            row for row in rows if floor_ms <= row.happened_ms <= now_ms - self._grace_ms and not self._known(row.id)
        ]
        return sorted(due, key=_by_moment)

    def watched(self, *, well: bool) -> None:
        """Note that a walk has shown all that there was, so that what comes from now on is new; or that it failed."""
        self._watched = well

    def _waiting_ms(self, now_ms: int) -> int | None:
        waiting = [missed.happened_ms for missed in self._missed.values() if missed.since_ms + self._grace_ms > now_ms]
        return min(waiting, default=None)


def _by_moment(row: ItemRow) -> tuple[int, int]:
    return row.happened_ms, row.id
