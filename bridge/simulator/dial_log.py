"""The judge's log of requests to dial: how often each number was asked for, by whom, and what came of it. Pure.

Rows are kept for the last `kept`; so many pairs of key and destination are counted one by one, further ones together.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

# What is counted by destination; whoever asks for more numbers than these is no client that forgot one.
_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class DialRequest:
    """One `POST /dial` that arrived, whatever its key. `call_id` None = no call comes of it."""

    arrived: float
    key: str
    contact_id: int | None
    destination: str | None
    processed: bool
    call_id: int | None


@dataclass(slots=True)
class DialCounts:
    """`requests` arrived, of which `processed` were carried out, of which `calls` lead to a call."""

    requests: int = 0
    processed: int = 0
    calls: int = 0

    def add(self, dial: DialRequest) -> None:
        self.requests += 1
        self.processed += dial.processed
        self.calls += dial.call_id is not None


class DialLog:
    """Every request to dial, whatever became of it. `others` counts those beyond the pairs that are counted."""

    def __init__(self, kept: int) -> None:
        self.rows: deque[DialRequest] = deque(maxlen=kept)
        self.others = DialCounts()
        self._counts: dict[tuple[str, str | None], DialCounts] = {}

    def __iter__(self) -> Iterator[DialRequest]:
        """Give the kept rows, oldest first."""
        return iter(tuple(self.rows))

    def __len__(self) -> int:
        return len(self.rows)

    def note(self, dial: DialRequest) -> None:
        self.rows.append(dial)
        pair = (dial.key, dial.destination)
        counts = self._counts.get(pair)
        if counts is None:
            counts = self.others
            if len(self._counts) < _COUNTED:
                counts = self._counts[pair] = DialCounts()
        counts.add(dial)

    def of(self, *, key: str | None = None) -> Iterator[DialRequest]:
        """Yield the kept rows of the key, None = of all, oldest first."""
        return (row for row in self.rows if key in {None, row.key})

    def to(self, destination: str | None, *, key: str | None = None) -> DialCounts:
        """Return the counts of a destination, None = of requests that named none, by one key or by all."""
        return self.by_destination(key=key).get(destination, DialCounts())

    def by_destination(self, *, key: str | None = None) -> dict[str | None, DialCounts]:
        """Return the counts of each destination, by one key or by all."""
        sums: dict[str | None, DialCounts] = {}
        for (by, destination), counts in self._counts.items():
            if key in {None, by}:
                total = sums.setdefault(destination, DialCounts())
                total.requests += counts.requests
                total.processed += counts.processed
                total.calls += counts.calls
        return sums
