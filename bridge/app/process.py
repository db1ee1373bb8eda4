"""What a process has whatever its role: metrics, health, the admin port, the topics, and secrets that change."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version

import structlog

from bridge.app.kafka_access import KafkaAccess, topic_options
from bridge.kafka.log_filter import quieten_library
from bridge.kafka.publisher import Publisher
from bridge.kafka.rights import KafkaRole, rights
from bridge.kafka.rights_watch import RightsWatch
from bridge.kafka.topic_keeper import TopicKeeper
from bridge.kafka.topic_table import wanted_topics
from bridge.ops.admin import AdminServer
from bridge.ops.health import Health
from bridge.ops.metrics import Metrics
from bridge.ops.settings import Role, Settings

log = structlog.get_logger(__name__)

SECRETS_EVERY = timedelta(seconds=1)
# How soon a changed secret file counts; one stat() a file.


class Process:
    """The common ground of the roles that run in one process."""

    def __init__(self, settings: Settings, role: Role) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.health = Health(time.monotonic())
        self.kafka = KafkaAccess(settings.kafka)
        self._access = self.kafka.watched()
        quieten_library(time.monotonic, self._has_told_why)
        self.refreshes: list[Callable[[], object]] = [self.kafka.refresh]
        """Called again and again, so that changed secrets are taken up."""
        manage, topics = settings.topics.manage, topic_options(settings)
        self.topics = TopicKeeper(topics, self.kafka.options, manage=manage)
        self._rights = RightsWatch(
            rights(KafkaRole(role.value), topics.prefix, manage=manage),
            [topic.name for topic in wanted_topics(topics)],
            self.kafka.options,
        )
        self.health.warn("access", lambda: self._access.denial)
        self.health.warn("rights", self._rights.problem)
        if self.kafka.tokens is not None:
            self.health.warn("tokens", self.kafka.tokens.problem)
        self._publishers: list[Publisher] = []
        self._admin = AdminServer(
            self.health, self.metrics, host=settings.admin.host, port=settings.admin.port, monotonic=time.monotonic
        )
        self._watch: asyncio.Task[None] | None = None
        self._describe(role)

    def publishes_with(self, publisher: Publisher) -> None:
        """Count what a publisher of this process does."""
        self._publishers.append(publisher)

    async def start(self) -> int:
        """Look for the topics in the background, and listen on the admin port, which is returned."""
        self.topics.start()
        self._rights.start()
        port = await self._admin.start()
        self._watch = asyncio.create_task(self._watch_secrets())
        return port

    async def stop(self) -> None:
        """End it all; the probes answer until here."""
        await self.topics.stop()
        await self._rights.stop()
        await self._access.stop()
        if self._watch is not None:
            self._watch.cancel()
        await self._admin.stop()

    def _has_told_why(self) -> bool:
        # Where only one of the brokers keeps us out the service is ready, and the library may tell of something else.
        return self._access.denial is not None and bool(self.health.problems())

    def _describe(self, role: Role) -> None:
        metrics, publishers = self.metrics, self._publishers
        metrics.gauge("bridge_build_info", (version("mobili-stotele-bridge"), role)).set(1)
        metrics.gauge("bridge_ready", (role,)).set_function(lambda: not self.health.problems())
        metrics.gauge("bridge_kafka_producer_up").set_function(lambda: all(one.ready for one in publishers))
        metrics.read_gauge("bridge_kafka_certificate_expiry_timestamp_seconds", self._certificate_expiry)
        metrics.read_gauge("bridge_kafka_token_fetch_failing", self._token_fetch_failing)
        metrics.read_counter("bridge_kafka_publish_failures_total", self._failures)
        metrics.read_counter(
            "bridge_kafka_producer_replacements_total",
            lambda: {(): float(sum(one.counts.replaced for one in publishers))},
        )
        metrics.read_counter(
            "bridge_kafka_outages_total", lambda: {(): float(sum(one.counts.outages for one in publishers))}
        )

    def _certificate_expiry(self) -> dict[tuple[str, ...], float]:
        expires_ms = self.kafka.options().certificate_expires_ms
        return {} if expires_ms is None else {(): expires_ms / 1000}

    def _token_fetch_failing(self) -> dict[tuple[str, ...], float]:
        tokens = self.kafka.tokens
        return {} if tokens is None else {(): float(tokens.problem() is not None)}

    def _failures(self) -> dict[tuple[str, ...], float]:
        failures: dict[tuple[str, ...], float] = {}
        for publisher in self._publishers:
            for reason, count in publisher.counts.failed.items():
                failures[reason,] = failures.get((reason,), 0.0) + count
        return failures

    async def _watch_secrets(self) -> None:
        failing = set[Callable[[], object]]()
        while True:
            await asyncio.sleep(SECRETS_EVERY.total_seconds())
            for refresh in self.refreshes:
                try:
                    refresh()
                except Exception:
                    # A fault of ours. If it ended the watch, no later rotation of any secret would count.
                    if refresh not in failing:
                        log.exception("a changed secret cannot be looked at")
                    failing.add(refresh)
                else:
                    failing.discard(refresh)


def missing_topics(publisher: Publisher) -> str | None:
    """Name the topics that a publisher misses, for people; None when it misses none."""
    missing = sorted(publisher.missing)
    return f"missing: {', '.join(missing)}" if missing else None
