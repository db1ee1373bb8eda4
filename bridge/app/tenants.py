"""What runs in each shard that this process owns: commands, polls, registrations, and the closing of gaps."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from weakref import WeakValueDictionary

from bridge.app.process import Process
from bridge.calls.journal_format import Remembered
from bridge.calls.journal_values import Verdict
from bridge.calls.shard_owner import OwnedShard, Tenant
from bridge.commands.doubt_watch import DoubtWatch, call_events
from bridge.commands.result_records import ResultRecords
from bridge.commands.shard_commands import ShardCommands
from bridge.events.catalogue import EventName
from bridge.events.topics import event_topic, quarantine_topic, results_topic
from bridge.kafka.publisher import Publisher
from bridge.ops.settings import ConnectionSettings
from bridge.pbx.item_events import ItemEvents
from bridge.pbx.numbers import ToE164, e164_reader
from bridge.polling.pollers import Pollers
from bridge.reconcile.event_tail import kafka_tail
from bridge.reconcile.gap_closers import GapClosers
from bridge.reconcile.published_reader import PublishedReader
from bridge.registration.admin_desk import AdminDesk, admin_requests
from bridge.registration.evidence import HookEvidence
from bridge.registration.hook_options import HookOptions
from bridge.registration.registration import Registration


class Tenants:
    """The capabilities of a worker, and what of them is one for the whole process."""

    def __init__(self, process: Process, publisher: Publisher, new_id: Callable[[], str]) -> None:
        self._process = process
        self._new_id = new_id
        settings = process.settings
        connections, prefix = settings.connections, settings.topics.prefix
        self._readers = {name: e164_reader(one.default_region) for name, one in connections.items()}
        self.results = ResultRecords(
            topic_prefix=prefix, public_url=settings.ingress.public_url, to_e164=self.reader_of
        )
        self._doubts = DoubtWatch(call_events(process.kafka.options, prefix), self.reader_of)
        evidence = HookEvidence()
        self._published = PublishedReader(kafka_tail(process.kafka.options, prefix), evidence)
        self._gap_closers = GapClosers(
            connections, settings.topics.retention.events, self._item_events, self._published, process.metrics
        )
        self._registration = Registration(
            {name: self._hook_options(one) for name, one in connections.items()},
            evidence,
            AdminDesk(admin_requests(process.kafka.options, prefix), publisher.publish, new_id, prefix),
            process.metrics,
        )
        self._pollers = Pollers(connections, self._item_events, process.metrics)
        # Weak, since a shard that was given up holds the dials of a day.
        self._shards: WeakValueDictionary[int, ShardCommands] = WeakValueDictionary()
        process.metrics.read_gauge("bridge_commands_remembered", self._remembered)
        process.metrics.read_gauge("bridge_doubts_open", self._open_doubts)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that are published to together with what a shard's journal remembers."""
        prefix = self._process.settings.topics.prefix
        return (
            results_topic(prefix),
            quarantine_topic(prefix),
            *(event_topic(prefix, event) for event in EventName),
        )

    def start(self) -> None:
        """Begin what is one for the process."""
        self._doubts.start()
        self._registration.start()
        self._published.start()

    async def stop(self) -> None:
        """End it, after all shards have been handed over."""
        await self._published.stop()
        await self._registration.stop()
        await self._doubts.stop()

    def settle(self, owned: OwnedShard, remembered: Remembered, commands: Mapping[str, Verdict]) -> Tenant:
        """Serve a shard that has been taken over."""
        self._registration.settle(owned, remembered)
        self._pollers.settle(owned, remembered)
        self._gap_closers.begin(owned, remembered)
        served = ShardCommands(owned, commands, self.results, self._doubts, self._process.metrics, self._new_id)
        self._shards[owned.shard] = served
        return served

    def reader_of(self, connection: str) -> ToE164:
        """Give what reads a connection's numbers; of one that is not configured any more nothing is known."""
        return self._readers.get(connection) or e164_reader(None)

    def _remembered(self) -> dict[tuple[str, ...], float]:
        return {(): float(sum(len(shard.commands.known) for shard in self._live()))}

    def _open_doubts(self) -> dict[tuple[str, ...], float]:
        counts: dict[tuple[str, ...], float] = {}
        for shard in self._live():
            for doubt in shard.commands.doubts.values():
                counts[doubt.connection,] = counts.get((doubt.connection,), 0.0) + 1
        return counts

    def _live(self) -> Iterator[ShardCommands]:
        return (shard for shard in self._shards.values() if not shard.ended)

    def _hook_options(self, connection: ConnectionSettings) -> HookOptions:
        secret = connection.open_webhook_secret()
        self._process.refreshes.append(secret.refresh)
        webhooks = connection.webhooks
        public_url = self._process.settings.ingress.public_url
        return HookOptions(webhooks.register_, webhooks.events, public_url, secret.current)

    def _item_events(self, connection: str) -> ItemEvents:
        settings = self._process.settings
        return ItemEvents(
            connection,
            to_e164=self.reader_of(connection),
            topic_prefix=settings.topics.prefix,
            public_url=settings.ingress.public_url,
            randomness=secrets.token_bytes,
            most_bytes=settings.ingress.max_body_bytes,
        )
