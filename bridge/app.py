"""The composition root: settings to objects, and the order in which they start and stop.

Nothing else knows which concrete classes run together.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version
from typing import NamedTuple

import structlog

from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.events.schemas import schema_files
from bridge.events.topics import event_topic, quarantine_topic
from bridge.ingress.hook_keys import KeyRing
from bridge.ingress.intake import Intake
from bridge.ingress.server import IngressServer
from bridge.ingress.webhooks import HookedConnection, WebhookHandler, WebhookLimits
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.log_filter import quieten_library
from bridge.kafka.producer_session import SessionOptions
from bridge.kafka.publisher import Publisher
from bridge.kafka.topic_keeper import TopicKeeper
from bridge.kafka.topic_table import TopicOptions
from bridge.ops.admin import AdminServer
from bridge.ops.clock import epoch_ms
from bridge.ops.health import Health
from bridge.ops.metrics import Metrics
from bridge.ops.secret_files import OptionalSecretSource, SecretSource
from bridge.ops.settings import ConnectionSettings, KafkaSettings, Settings, tls_context
from bridge.pbx.numbers import e164_reader

UNREADY_FOR = timedelta(seconds=2)
# Between "not ready" and the first refusal: balancers look every second or two, and send here until they have seen it.
REFUSING_FOR = timedelta(seconds=1)
# While new requests are told to go elsewhere and the socket is still open: a polite 503 instead of a closed port.
REQUESTS_WITHIN = timedelta(seconds=12)
# A body takes at most its time-out and its publish the deadline, 6.5 s at defaults.
FLUSH_WITHIN = timedelta(seconds=5)
# All four together stay under the 25 s after which a supervisor may lose its patience.
SECRETS_EVERY = timedelta(seconds=1)
# How soon a changed secret file counts; one stat() a file.

RECORD_OVERHEAD_BYTES = 65_536
# What a record has beyond the body it came from: headers, the key, normalised numbers, a null for each absent field.

log = structlog.get_logger(__name__)


class Ports(NamedTuple):
    """Where the process listens."""

    ingress: int
    admin: int


def max_record_bytes(settings: Settings) -> int:
    """Return the size of the largest record that a webhook can become, key and headers included."""
    return settings.ingress.max_body_bytes + RECORD_OVERHEAD_BYTES


def topic_options(settings: Settings) -> TopicOptions:
    """Return what the installation's topics are made of."""
    topics = settings.topics
    return TopicOptions(
        prefix=topics.prefix,
        replication_factor=topics.replication_factor,
        partitions={
            "events": topics.partitions.events,
            "commands": topics.partitions.commands,
            "results": topics.partitions.results,
            "quarantine": topics.partitions.quarantine,
            "admin": topics.partitions.admin,
        },
        retention_ms={
            "events": _ms(topics.retention.events),
            "commands": _ms(topics.retention.commands),
            "results": _ms(topics.retention.results),
            "quarantine": _ms(topics.retention.quarantine),
            "admin": _ms(topics.retention.admin),
        },
        shards=topics.shards,
        max_record_bytes=max_record_bytes(settings),
    )


class KafkaAccess:
    """How this process reaches Kafka, with the certificates and the password as they are now."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._password = settings.open_sasl_password()

    def options(self) -> ClientOptions:
        """Return the options for a new client. Raises ValueError when a certificate has become unusable."""
        settings, password = self._settings, self._password.current()
        return ClientOptions(
            bootstrap_servers=settings.bootstrap_servers,
            security_protocol=settings.security_protocol,
            ssl_context=tls_context(settings),
            sasl_mechanism=settings.sasl_mechanism or "SCRAM-SHA-512",
            sasl_username=settings.sasl_username,
            sasl_password=None if password is None else password.decode(),
        )

    def refresh(self) -> None:
        """Look at the password's file again."""
        self._password.refresh()


class IngressService:
    """`bridge run --role ingress`: takes webhooks and makes them durable."""

    def __init__(self, settings: Settings) -> None:
        quieten_library(time.monotonic)
        self._settings = settings
        self.metrics = Metrics()
        self.health = Health(time.monotonic())
        self._kafka = KafkaAccess(settings.kafka)
        self._refreshes: list[Callable[[], object]] = [self._kafka.refresh]
        ingress, topics = settings.ingress, settings.topics
        names = [event_topic(topics.prefix, event) for event in WEBHOOK_EVENTS.values()]
        self.publisher = Publisher(
            lambda: SessionOptions(self._kafka.options(), max_record_bytes(settings)),
            [*names, quarantine_topic(topics.prefix)],
            deadline=ingress.publish_deadline.total_seconds(),
        )
        self._topics = TopicKeeper(topic_options(settings), self._kafka.options, manage=topics.manage)
        self._handler = WebhookHandler(
            {name: self._connect(name, connection) for name, connection in settings.connections.items()},
            unknown_connection=KeyRing(_two_unknown_secrets()),
            publisher=self.publisher,
            limits=WebhookLimits(
                max_body_bytes=ingress.max_body_bytes,
                body_timeout_s=ingress.body_timeout.total_seconds(),
                max_in_flight=ingress.max_in_flight,
                trusted_proxies=ingress.trusted_proxies,
            ),
            metrics=self.metrics,
            epoch_ms=epoch_ms,
        )
        self._server = IngressServer(
            self._handler,
            schema_files(),
            host=ingress.host,
            port=ingress.port,
            requests_within_s=REQUESTS_WITHIN.total_seconds(),
        )
        self._admin = AdminServer(
            self.health, self.metrics, host=settings.admin.host, port=settings.admin.port, monotonic=time.monotonic
        )
        self._watch: asyncio.Task[None] | None = None
        self._describe()

    async def start(self) -> Ports:
        """Listen at once; Kafka and its topics are found in the background, and until then nothing is ready."""
        await self.publisher.start()
        self._topics.start()
        admin = await self._admin.start()
        port = await self._server.start()
        self._watch = asyncio.create_task(self._watch_secrets())
        log.info("ingress started", port=port, admin_port=admin, connections=len(self._settings.connections))
        return Ports(port, admin)

    @property
    def refusal(self) -> asyncio.Future[str]:
        """Done with a sentence when the service must not go on."""
        return self._topics.refusal

    async def stop(self, *, unready_for: timedelta = UNREADY_FOR) -> None:
        """Stop in the order that loses nothing; within 25 s even while Kafka is away."""
        log.info("stopping", in_flight=self._handler.in_flight)
        self.health.begin_stop()
        await asyncio.sleep(unready_for.total_seconds())
        self._handler.begin_stop()
        await asyncio.sleep(REFUSING_FOR.total_seconds())
        await self._server.stop()
        await self._topics.stop()
        await self.publisher.stop(FLUSH_WITHIN.total_seconds())
        if self._watch is not None:
            self._watch.cancel()
        await self._admin.stop()
        log.info("stopped")

    def _connect(self, name: str, connection: ConnectionSettings) -> HookedConnection:
        current, previous = connection.open_webhook_secret(), connection.open_webhook_secret_previous()
        self._refreshes += [current.refresh, previous.refresh]
        return HookedConnection(
            keys=KeyRing(_two_secrets(current, previous)),
            allowed_ips=connection.allowed_ips,
            intake=Intake(
                name,
                to_e164=e164_reader(connection.default_region),
                topic_prefix=self._settings.topics.prefix,
                public_url=self._settings.ingress.public_url,
                randomness=secrets.token_bytes,
            ),
        )

    def _describe(self) -> None:
        self.health.require("kafka", lambda: None if self.publisher.ready else self._kafka_problem())
        self.health.warn("topics", self._missing_topics)
        metrics, counts = self.metrics, self.publisher.counts
        metrics.gauge("bridge_build_info", (version("mobili-stotele-bridge"), "ingress")).set(1)
        metrics.gauge("bridge_ready", ("ingress",)).set_function(lambda: not self.health.problems())
        metrics.gauge("bridge_kafka_producer_up").set_function(lambda: self.publisher.ready)
        metrics.read_counter(
            "bridge_kafka_publish_failures_total",
            lambda: {(reason,): float(count) for reason, count in counts.failed.items()},
        )
        metrics.read_counter("bridge_kafka_producer_replacements_total", lambda: {(): float(counts.replaced)})
        metrics.read_counter("bridge_kafka_outages_total", lambda: {(): float(counts.outages)})

    def _kafka_problem(self) -> str:
        return self._missing_topics() or f"no acknowledgement to be had: {self.publisher.state}"

    def _missing_topics(self) -> str | None:
        missing = sorted(self.publisher.missing)
        return f"missing: {', '.join(missing)}" if missing else None

    async def _watch_secrets(self) -> None:
        while True:
            await asyncio.sleep(SECRETS_EVERY.total_seconds())
            for refresh in self._refreshes:
                refresh()


def _two_secrets(current: SecretSource, previous: OptionalSecretSource) -> Callable[[], tuple[bytes, bytes]]:
    def both() -> tuple[bytes, bytes]:
        secret = current.current()
        return secret, previous.current() or secret

    return both


def _two_unknown_secrets() -> Callable[[], tuple[bytes, bytes]]:
    both = secrets.token_bytes(32), secrets.token_bytes(32)
    return lambda: both


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
