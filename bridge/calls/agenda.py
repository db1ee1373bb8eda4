"""Things in the order of their moments, immutable: what waits by deadline, slots by the moment they are free. Pure.

A sequence of small tuples. An insertion copies one of them and the list of them: 1 us with a hundred items, 5 us with
a hundred thousand, which a balanced tree in Python does not reach. An older state stays valid beside a newer one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

ItemT = TypeVar("ItemT", bound=tuple[Any, ...])

_FULL = 128
# Items of a tuple that splits: copying 1 KB costs as much as the call around it.


@dataclass(frozen=True, slots=True)
class Agenda(Generic[ItemT]):
    """Items are tuples that begin with their moment, and are ordered by their first fields; no two are alike in them.

    `_parts` are rising tuples of at most `_FULL` items, none of them empty.
    """

    _parts: tuple[tuple[ItemT, ...], ...] = ()
    _size: int = 0

    @classmethod
    def of(cls, items: Iterable[ItemT]) -> "Agenda[ItemT]":
        """Give the agenda of items in any order."""
        rising = sorted(items)
        parts = tuple(tuple(rising[at : at + _FULL]) for at in range(0, len(rising), _FULL))
        return cls(parts, len(rising))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[ItemT]:
        """Go through all items, the earliest first."""
        return chain.from_iterable(self._parts)

    def __getitem__(self, position: int) -> ItemT:
        """Give the item at a position from 0 on."""
        for part in self._parts:
            if position < len(part):
                return part[position]
            position -= len(part)
        raise IndexError(position)

    def plus(self, item: ItemT) -> "Agenda[ItemT]":
        """Give the agenda with one item more."""
        parts = self._parts
        if not parts:
            return Agenda(((item,),), 1)
        where = max(0, bisect_right(parts, (item,)) - 1)
        part = parts[where]
        at = bisect_right(part, item)
        grown = (*part[:at], item, *part[at:])
        split = (grown,) if len(grown) <= _FULL else (grown[: _FULL // 2], grown[_FULL // 2 :])
        return Agenda(parts[:where] + split + parts[where + 1 :], self._size + 1)

    def rest(self) -> "Agenda[ItemT]":
        """Give the agenda without its first item."""
        first = self._parts[0][1:]
        return Agenda(((first, *self._parts[1:]) if first else self._parts[1:]), self._size - 1)

    def before(self, moment: float) -> int:
        """Count the items of moments before this one."""
        where = bisect_left(self._parts, ((moment,),)) - 1
        if where < 0:
            return 0
        return sum(map(len, self._parts[:where])) + bisect_left(self._parts[where], (moment,))

    def backwards(self, moment: float) -> Iterator[ItemT]:
        """Go through the items of moments before this one, the latest first."""
        where = bisect_left(self._parts, ((moment,),)) - 1
        if where < 0:
            return iter(())
        last = self._parts[where][: bisect_left(self._parts[where], (moment,))]
        earlier = map(reversed, reversed(self._parts[:where]))
        return chain(reversed(last), chain.from_iterable(earlier))
