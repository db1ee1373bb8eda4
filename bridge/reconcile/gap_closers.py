"""The reconciliation of this process: one gap closer for each connection of the shards that it owns."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from bridge.calls.first_starts import first_starts, unstored_first_starts
from bridge.calls.journal import JournalRecord
from bridge.calls.journal_format import Remembered
from bridge.calls.journal_keys import ComparedKey
from bridge.calls.shard_owner import OwnedShard
from bridge.ops.metrics import Metrics
from bridge.ops.settings import ConnectionSettings
from bridge.pbx.item_events import ItemEvents
from bridge.reconcile.closing import Closing
from bridge.reconcile.gap_closer import GapCloser, known_from_ms
from bridge.reconcile.lost_caller_gaps import LOST_FOR_MS
from bridge.reconcile.options import ReconcileOptions, reconcile_options
from bridge.reconcile.published_facts import PublishedFacts
from bridge.reconcile.published_reader import Begin, PublishedReader
from bridge.reconcile.reconcile_watch import ReconcileWatch

HOOKS_BACK_MS = 900_000
# Of the events that only show that their webhooks come: enough to know which hooks are alive.


class GapClosers:
    """Made once by the composition root. `item_events` gives what makes the events of a connection.

    `retention` is how long the event topics keep their records.
    """

    def __init__(
        self,
        connections: Mapping[str, ConnectionSettings],
        retention: timedelta,
        item_events: Callable[[str], ItemEvents],
        reader: PublishedReader,
        metrics: Metrics,
    ) -> None:
        self._options: dict[str, ReconcileOptions] = {}
        for name, settings in connections.items():
            options = reconcile_options(settings, retention)
            if options is not None:
                self._options[name] = options
        self._item_events = item_events
        self._reader = reader
        self._watch = ReconcileWatch(metrics)

    def begin(self, owned: OwnedShard, remembered: Remembered) -> None:
        """Compare for a shard that has been taken over, until its tasks are ended; returns at once."""
        now_ms = owned.clock.epoch_ms(owned.clock.now())
        starts = first_starts(owned.connections, remembered, now_ms)
        if unstored := unstored_first_starts(starts, remembered):
            owned.tasks.work(_store(owned, unstored))
        for connection in owned.connections:
            options = self._options.get(connection)
            if options is not None:
                since_ms = starts[connection]
                kept = remembered.compared.get(ComparedKey(connection))
                compared_ms = since_ms if kept is None else max(since_ms, kept.value.ms)
                owned.tasks.background(self._compare(owned, connection, options, since_ms, compared_ms))

    async def _compare(
        self, owned: OwnedShard, connection: str, options: ReconcileOptions, since_ms: int, compared_ms: int
    ) -> None:
        now_ms = owned.clock.epoch_ms(owned.clock.now())
        facts = self._follow(connection, options, min(compared_ms, now_ms), now_ms)
        try:
            closing = Closing(
                owned,
                connection,
                options,
                since_ms=since_ms,
                stored_ms=compared_ms,
                facts=facts,
                reader=self._reader,
                item_events=self._item_events(connection),
                watch=self._watch,
            )
            await GapCloser(closing, self._reader).run()
        finally:
            self._reader.leave(connection, facts)

    def _follow(self, connection: str, options: ReconcileOptions, compared_ms: int, now_ms: int) -> PublishedFacts:
        items_ms = max(0, known_from_ms(compared_ms, options.rescan_ms))
        lost_callers_ms = max(0, min(items_ms, compared_ms - LOST_FOR_MS))
        return self._reader.follow(connection, Begin(items_ms, lost_callers_ms, max(0, now_ms - HOOKS_BACK_MS)))


async def _store(owned: OwnedShard, records: list[JournalRecord]) -> None:
    await owned.means.writer.append(records)
