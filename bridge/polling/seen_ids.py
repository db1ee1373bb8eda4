"""Which rows of a list have been published lately, by the hour when each began. Pure, but it changes in place.

A list with dates is looked through again for rows that appear late; this tells them from those that are known. A row
without a usable id, of any list, is known by its digest, under the hour in which it was put into the quarantine.
"""

from collections.abc import Mapping

from bridge.calls.journal import JournalRecord
from bridge.calls.journal_format import forget, put
from bridge.calls.journal_keys import SeenKey
from bridge.calls.journal_values import HOUR_MS, Seen, seen_forgotten_at

MOST_PER_HOUR = 10_000
# Some 200 KB, which one record of the journal may have. An hour with more is not looked through again.
_FURTHEST_HOURS = 31 * 24
# How far ahead of the brokers a vendor's clock may be; what is dated later is remembered by nobody.
_RENEWED_AFTER_HOURS = 24
# A broken row that is still listed: well before its digest is forgotten.


class SeenIds:
    """What one list of one connection has seen; `hours` is what the journal holds of it."""

    def __init__(self, connection: str, collection: str, hours: Mapping[int, Seen]) -> None:
        self._connection = connection
        self._collection = collection
        self._hours = {hour: set(seen.ids) for hour, seen in hours.items()}
        self._hour_of = {mark: hour for hour, marks in self._hours.items() for mark in marks}
        self._changed: set[int] = set()

    def __contains__(self, mark: int) -> bool:
        return mark in self._hour_of

    def covers(self, began_s: int, now_ms: int) -> bool:
        """Tell whether every row that began at a moment, and was published, is still known."""
        hour = began_s * 1000 // HOUR_MS
        known = seen_forgotten_at(hour) > now_ms and hour <= now_ms // HOUR_MS + _FURTHEST_HOURS
        return known and len(self._hours.get(hour, ())) < MOST_PER_HOUR

    def add(self, mark: int, began_s: int, now_ms: int) -> None:
        """Remember a row, if its moment is one of those that are remembered."""
        if self.covers(began_s, now_ms):
            self._put(mark, began_s * 1000 // HOUR_MS)

    def renew(self, mark: int, now_ms: int) -> None:
        """Remember a row that is known, and still there, for longer."""
        hour, this_hour = self._hour_of[mark], now_ms // HOUR_MS
        if hour + _RENEWED_AFTER_HOURS <= this_hour and self.covers(now_ms // 1000, now_ms):
            self._hours[hour].discard(mark)
            self._changed.add(hour)
            self._put(mark, this_hour)

    def records(self, now_ms: int) -> list[JournalRecord]:
        """Give what the journal has to be told since the last time; whoever asks appends it at once."""
        forgotten = [hour for hour in self._hours if seen_forgotten_at(hour) <= now_ms]
        for hour in forgotten:
            for mark in self._hours.pop(hour):
                del self._hour_of[mark]
        records = [forget(self._key(hour)) for hour in forgotten]
        records += [
            put(self._key(hour), Seen(tuple(sorted(self._hours[hour]))))
            for hour in sorted(self._changed & self._hours.keys())
        ]
        self._changed.clear()
        return records

    def _put(self, mark: int, hour: int) -> None:
        self._hours.setdefault(hour, set()).add(mark)
        self._hour_of[mark] = hour
        self._changed.add(hour)

    def _key(self, hour: int) -> SeenKey:
        return SeenKey(self._connection, self._collection, hour)
