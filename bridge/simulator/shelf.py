"""Rows by id, newest last, bounded: the oldest leave. Pure."""

from bisect import bisect_right, insort
from collections.abc import Iterator
from typing import Generic, TypeVar

RowT = TypeVar("RowT")


class Shelf(Generic[RowT]):
    """A list of the vendor's with at most `kept` rows; rows may come in any order of ids."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._ids: list[int] = []
        self._rows: dict[int, RowT] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, row_id: int, row: RowT) -> None:
        """Add the row, or replace the one with this id."""
        if row_id not in self._rows:
            insort(self._ids, row_id)
        self._rows[row_id] = row
        if len(self._ids) > self._kept + self._kept // 8:  # a batch at a time: deleting from the front moves all
            surplus = len(self._ids) - self._kept
            for old in self._ids[:surplus]:
                del self._rows[old]
            del self._ids[:surplus]

    def take(self, row_id: int) -> RowT | None:
        """Remove and return the row, None when there is none."""
        row = self._rows.pop(row_id, None)
        if row is not None:
            del self._ids[bisect_right(self._ids, row_id) - 1]
        return row

    def get(self, row_id: int) -> RowT | None:
        return self._rows.get(row_id)

    def newest_first(self, after: int = -1) -> Iterator[RowT]:
        """Yield the rows with an id above `after`, highest id first."""
        for index in range(len(self._ids) - 1, bisect_right(self._ids, after) - 1, -1):
            yield self._rows[self._ids[index]]
