"""The pollers of this process: eight for each connection at most, in the shards that it owns."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from bridge.calls.first_starts import first_starts, unstored_first_starts
from bridge.calls.journal import JournalRecord
from bridge.calls.journal_format import Remembered, forget
from bridge.calls.journal_keys import CursorKey
from bridge.calls.journal_values import Seen, seen_forgotten_at
from bridge.calls.shard_owner import OwnedShard
from bridge.ops.metrics import Metrics
from bridge.ops.settings.connections import ConnectionSettings
from bridge.pbx.item_events import ItemEvents
from bridge.polling.list_memory import ListMemory
from bridge.polling.options import poller_options
from bridge.polling.poll_watch import PollWatch
from bridge.polling.poller import Poller


class Pollers:
    """Made once by the composition root. `item_events` gives what makes the events of a connection."""

    def __init__(
        self,
        connections: Mapping[str, ConnectionSettings],
        item_events: Callable[[str], ItemEvents],
        metrics: Metrics,
    ) -> None:
        self._options = {name: poller_options(settings) for name, settings in connections.items()}
        self._item_events = item_events
        self._watch = PollWatch(metrics)

    def settle(self, owned: OwnedShard, remembered: Remembered) -> None:
        """Poll for a shard that has been taken over, until its tasks are ended; returns at once."""
        now_ms = owned.clock.epoch_ms(owned.clock.now())
        starts = first_starts(owned.connections, remembered, now_ms)
        # Whatever is no list of ours any more: no poller will forget it.
        old = [forget(key) for key in remembered.seen if seen_forgotten_at(key.hour) <= now_ms]
        if records := [*unstored_first_starts(starts, remembered), *old]:
            owned.tasks.work(_store(owned, records))
        seen: defaultdict[tuple[str, str], dict[int, Seen]] = defaultdict(dict)
        for key, kept in remembered.seen.items():
            if seen_forgotten_at(key.hour) > now_ms:
                seen[key.connection, key.collection][key.hour] = kept.value
        for connection in owned.connections:
            item_events = self._item_events(connection)
            for options in self._options.get(connection, ()):
                collection = options.collection.value
                cursor = remembered.cursors.get(CursorKey(connection, collection))
                memory = ListMemory(
                    connection,
                    options,
                    starts[connection],
                    None if cursor is None else cursor.value,
                    seen[connection, collection],
                )
                poller = Poller(owned, connection, options, memory, item_events, self._watch)
                owned.tasks.background(poller.poll())
                if options.rescan_s is not None:
                    owned.tasks.background(poller.look_for_late_rows())


async def _store(owned: OwnedShard, records: Sequence[JournalRecord]) -> None:
    await owned.means.writer.append(records)
