"""The role `worker`: takes commands, and makes every call to the vendor."""

import os
import platform
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial

import structlog

from bridge.app.kafka_access import max_record_bytes
from bridge.app.process import Process, missing_topics
from bridge.app.tenants import Tenants
from bridge.calls.brokers_clock import SeenTime
from bridge.calls.call_metrics import CallMetrics
from bridge.calls.connection_options import ConnectionOptions
from bridge.calls.ownership import Ownership
from bridge.calls.quota import Quota
from bridge.calls.shard_owner import Premises
from bridge.calls.sharding import shard_of
from bridge.calls.vendor import ConnectionVendor
from bridge.commands.router import CommandRouter
from bridge.events.topics import admin_results_topic, quarantine_topic, results_topic, work_topic
from bridge.events.ulid import RANDOM_BYTES, ulid
from bridge.kafka.group_member import GroupMember
from bridge.kafka.producer_session import SessionOptions
from bridge.kafka.publisher import Publisher
from bridge.kafka.shard_journal import JournalOptions, KafkaJournal
from bridge.ops.clock import epoch_ms
from bridge.ops.settings import ConnectionSettings
from bridge.pbx.client import Account, VendorClient
from bridge.pbx.numbers import ToE164

log = structlog.get_logger(__name__)

PUBLISH_WITHIN = timedelta(seconds=3)
# A try of the router, which tries for ever: longer than a broker's pause, and shorter than the 5 s that the router has
# at a stop for what is under way.
FLUSH_WITHIN = timedelta(seconds=2)
# With the router stopped nothing waits to be published.


class WorkerRole:
    """Joins its groups in the background; a worker that the group gives no shard stands by, and is ready."""

    def __init__(self, process: Process) -> None:
        self._process = process
        settings = process.settings
        prefix = settings.topics.prefix
        self._accounts = {name: self._account(one) for name, one in settings.connections.items()}
        self._metrics = CallMetrics(process.metrics)
        self._journal = KafkaJournal(
            lambda: JournalOptions(
                process.kafka.options(),
                prefix,
                self._tenants.topics,
                max_record_bytes(settings),
            )
        )
        self.publisher = Publisher(
            lambda: SessionOptions(process.kafka.options(), max_record_bytes(settings)),
            [work_topic(prefix), results_topic(prefix), quarantine_topic(prefix), admin_results_topic(prefix)],
            deadline=PUBLISH_WITHIN.total_seconds(),
        )
        process.publishes_with(self.publisher)
        self._tenants = Tenants(process, self.publisher, _new_ulid)
        shards = settings.topics.shards
        self._by_shard: dict[int, dict[str, ConnectionOptions]] = {shard: {} for shard in range(shards)}
        for name, one in settings.connections.items():
            options = _connection_options(one, self._tenants.reader_of(name))
            self._by_shard[shard_of(name, shards)][name] = options
        self._router = CommandRouter(
            process.kafka.options,
            topic_prefix=prefix,
            publish=self.publisher.publish,
            results=self._tenants.results,
            time=SeenTime(time.monotonic, epoch_ms),
            new_id=_new_ulid,
        )
        self._client: VendorClient | None = None
        self._ownership: Ownership | None = None
        self._member: GroupMember | None = None

    async def start(self) -> None:
        """Begin to join the groups, and return at once."""
        settings = self._process.settings
        prefix = settings.topics.prefix
        self._client = VendorClient()
        ownership = Ownership(
            Premises(
                journal=self._journal,
                vendor=ConnectionVendor(self._client, self._accounts, self._process.metrics),
                publisher=self._tenants.results,
                settle=self._tenants.settle,
                connections_of=self._connections_of,
                worker=f"{platform.node()}-{os.getpid()}",
                monotonic=time.monotonic,
                jitter=random.random,
                watch=self._metrics,
            )
        )
        member = GroupMember(
            self._process.kafka.options, topic=work_topic(prefix), group=f"{prefix}.owners", ownership=ownership
        )
        self._ownership, self._member = ownership, member
        self._metrics.describe(ownership)
        self._process.health.require("owners", member.problem)
        self._process.health.require("shards", ownership.problem)
        self._count_routing()
        self._process.health.require("router", self._router.problem)
        self._process.health.require("producer", self._producer_problem)
        ownership.start(member)
        member.start()
        self._tenants.start()
        await self.publisher.start()
        self._router.start()

    async def stop(self) -> None:
        """Hand everything over and leave; within 40 s even while Kafka is away."""
        steps: list[Callable[[], Awaitable[None]]] = [
            # What would be routed from now on waits for the shards' next owners.
            self._router.stop,
            *(part.stop for part in (self._member, self._ownership) if part is not None),
            self._tenants.stop,
            partial(self.publisher.stop, FLUSH_WITHIN.total_seconds()),
            *(part.close for part in (self._client,) if part is not None),
        ]
        for step in steps:
            try:
                await step()
            except Exception:  # the next steps hand over what is somebody else's soon
                log.exception("a part of the worker did not stop well")

    def _count_routing(self) -> None:
        counts, read = self._router.counts, self._process.metrics.read_counter
        read("bridge_commands_routed_total", lambda: {labels: float(count) for labels, count in counts.routed.items()})
        read("bridge_commands_refused_total", lambda: _by_label(counts.refused))
        read("bridge_router_retries_total", lambda: _by_label(counts.retried))
        read("bridge_router_dropped_total", lambda: _by_label(counts.dropped))
        read("bridge_router_unstored_commits_total", lambda: {(): float(counts.unstored_commits)})
        read("bridge_router_connections_total", lambda: {(): float(counts.connections)})

    def _producer_problem(self) -> str | None:
        return None if self.publisher.ready else missing_topics(self.publisher) or f"Kafka: {self.publisher.state}"

    def _connections_of(self, shard: int) -> Mapping[str, ConnectionOptions]:
        return self._by_shard[shard]

    def _account(self, connection: ConnectionSettings) -> Account:
        key = connection.open_api_key()
        self._process.refreshes.append(key.refresh)
        return Account(connection.base_url, key.current)


def _connection_options(connection: ConnectionSettings, to_e164: ToE164) -> ConnectionOptions:
    limit, commands = connection.rate_limit, connection.commands
    return ConnectionOptions(
        Quota(limit.calls, limit.window.total_seconds(), limit.guard.total_seconds()),
        commands.max_queued,
        _ms(commands.dial_ttl),
        _ms(commands.query_ttl),
        to_e164,
    )


def _by_label(counts: Mapping[str, int]) -> dict[tuple[str, ...], float]:
    return {(label,): float(count) for label, count in counts.items()}


def _new_ulid() -> str:
    return ulid(epoch_ms(), secrets.token_bytes(RANDOM_BYTES))


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
