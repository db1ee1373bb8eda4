"""What is known of one list, and which rows are new by that. Pure, but it changes in place.

The cursor is the highest id that was published, never that of the first row. Each item above it is new. An item below
it is new when its row appears late: ids are given when a call starts, and a row may appear when it ends.
"""

from collections.abc import Container, Iterable, Mapping, Sequence

from bridge.calls.journal import JournalRecord
from bridge.calls.journal_format import put
from bridge.calls.journal_keys import CursorKey
from bridge.calls.journal_values import Cursor, Seen
from bridge.polling.options import PollerOptions
from bridge.polling.rows import ListedRow
from bridge.polling.seen_ids import SeenIds

LEARNT_BACK_MS = 600_000
# Of a list that begins with its newest item: what came while its first poll was waited for is new all the same.


class ListMemory:
    """One list of one connection. `first_start_ms` is the connection's; `cursor` and `seen` are the journal's."""

    def __init__(
        self,
        connection: str,
        options: PollerOptions,
        first_start_ms: int,
        cursor: Cursor | None,
        seen: Mapping[int, Seen],
    ) -> None:
        self._connection = connection
        self._options = options
        self._first_start_ms = first_start_ms
        self._cursor = cursor
        self._seen = SeenIds(connection, options.collection, seen)
        self._stored = cursor

    @property
    def learns(self) -> bool:
        """Whether the next poll is the first one of a list that begins with its newest item."""
        return self._cursor is None and self._options.start == "newest"

    @property
    def after(self) -> int:
        """The id after which to ask for items."""
        return self._start if self._cursor is None else self._cursor.id

    def learn(self, rows: Iterable[ListedRow], now_ms: int) -> list[ListedRow]:
        """Begin at the newest item that there is; give those that came after the first start, earliest first."""
        rows = list(rows)
        since_ms = self._since_ms(now_ms)
        self._cursor = Cursor(max((row.mark for row in rows if row.mark >= 0), default=0), since_ms)
        return self._publishable((row for row in rows if row.mark < 0 or _is_since(row, since_ms)), now_ms)

    def fresh(self, rows: Iterable[ListedRow], now_ms: int) -> list[ListedRow]:
        """Give the items above the cursor, lowest id first."""
        return self.fresh_after(self.after, rows, now_ms)

    def fresh_after(
        self, after: int, rows: Iterable[ListedRow], now_ms: int, but: Container[int] = ()
    ) -> list[ListedRow]:
        """Give the items above an id, lowest id first, without those that have just been published."""
        return self._publishable(
            (row for row in rows if row.mark < 0 or (row.mark > after and row.mark not in but)), now_ms
        )

    def late(self, rows: Iterable[ListedRow], now_ms: int) -> list[ListedRow]:
        """Give the items below the cursor that have not been there before, lowest id first.

        Of what cannot be told apart from what was published long ago nothing is given.
        """
        cursor = self._cursor
        if cursor is None:
            return []
        return self._publishable(
            (
                row
                for row in rows
                if (row.mark < 0 or self._start < row.mark <= cursor.id)
                and row.began_s is not None
                and self._seen.covers(row.began_s, now_ms)
                and _is_since(row, cursor.since_ms)
            ),
            now_ms,
        )

    def take(self, rows: Sequence[ListedRow], now_ms: int) -> list[JournalRecord]:
        """Note that rows are published with the next append; give what the journal has to be told with it."""
        for row in rows:
            if row.mark < 0:
                self._seen.add(row.mark, now_ms // 1000, now_ms)
            elif self._options.rescan_s is not None and row.began_s is not None:
                self._seen.add(row.mark, row.began_s, now_ms)
        highest = max((row.mark for row in rows), default=-1)
        if highest >= 0 and highest > self.after:
            since_ms = self._since_ms(now_ms) if self._cursor is None else self._cursor.since_ms
            self._cursor = Cursor(highest, since_ms)
        records = self._seen.records(now_ms)
        # Each item comes with a record, if need be with the cursor as it is.
        if self._cursor is not None and (self._cursor != self._stored or (rows and not records)):
            self._stored = self._cursor
            collection: str = self._options.collection
            records.append(put(CursorKey(self._connection, collection), self._cursor))
        return records

    @property
    def _start(self) -> int:
        start = self._options.start
        return start if isinstance(start, int) else 0

    def _since_ms(self, now_ms: int) -> int:
        return max(self._first_start_ms, now_ms - LEARNT_BACK_MS)

    def _publishable(self, rows: Iterable[ListedRow], now_ms: int) -> list[ListedRow]:
        """Drop what is known and what is there twice; what has no id first, then by id."""
        new: dict[int, ListedRow] = {}
        for row in rows:
            if row.mark not in self._seen:
                # What could not be remembered would be put into the quarantine at each poll.
                if row.mark >= 0 or self._seen.covers(now_ms // 1000, now_ms):
                    new[row.mark] = row
            elif row.mark < 0:
                self._seen.renew(row.mark, now_ms)
        return [new[mark] for mark in sorted(new)]


def _is_since(row: ListedRow, since_ms: int) -> bool:
    # The vendor's times are cut to seconds.
    return row.told_s is not None and row.told_s * 1000 + 999 >= since_ms
