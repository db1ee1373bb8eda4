"""The role `ingress`: takes webhooks and makes them durable."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import timedelta

from bridge.app.kafka_access import max_record_bytes
from bridge.app.process import Process, missing_topics
from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.events.contract_files import contract_files
from bridge.events.topics import event_topic, quarantine_topic
from bridge.ingress.hook_keys import KeyRing
from bridge.ingress.intake import Intake
from bridge.ingress.server import IngressServer
from bridge.ingress.webhooks import HookedConnection, WebhookHandler, WebhookLimits
from bridge.kafka.producer_session import SessionOptions
from bridge.kafka.publisher import Publisher
from bridge.ops.clock import epoch_ms
from bridge.ops.secret_files import OptionalSecretSource, SecretSource
from bridge.ops.settings import ConnectionSettings
from bridge.pbx.numbers import e164_reader

REFUSING_FOR = timedelta(seconds=1)
# While new requests are told to go elsewhere and the socket is still open: a polite 503 instead of a closed port.
REQUESTS_WITHIN = timedelta(seconds=12)
# A body takes at most its time-out and its publish the deadline, 6.5 s at defaults.
FLUSH_WITHIN = timedelta(seconds=5)
# With the time for balancers before, all stay under the 25 s after which a supervisor may lose its patience.


class IngressRole:
    """Listens for webhooks as soon as it is started; Kafka and its topics are found in the background."""

    def __init__(self, process: Process) -> None:
        self._process = process
        settings = process.settings
        ingress, prefix = settings.ingress, settings.topics.prefix
        names = [event_topic(prefix, event) for event in WEBHOOK_EVENTS.values()]
        self.publisher = Publisher(
            lambda: SessionOptions(process.kafka.options(), max_record_bytes(settings)),
            [*names, quarantine_topic(prefix)],
            deadline=ingress.publish_deadline.total_seconds(),
        )
        process.publishes_with(self.publisher)
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
            metrics=process.metrics,
            epoch_ms=epoch_ms,
        )
        self._server = IngressServer(
            self._handler,
            contract_files(),
            host=ingress.host,
            port=ingress.port,
            requests_within_s=REQUESTS_WITHIN.total_seconds(),
        )
        process.health.require("kafka", lambda: None if self.publisher.ready else self._kafka_problem())
        process.health.warn("topics", lambda: missing_topics(self.publisher))

    async def start(self) -> int:
        """Listen at once, and return the port; until Kafka is there nothing is ready."""
        await self.publisher.start()
        return await self._server.start()

    def begin_leave(self) -> None:
        """Take what comes, and tell whoever keeps a connection to open another one elsewhere."""
        self._server.begin_leave()

    async def stop(self) -> None:
        """Stop in the order that loses nothing; within 18 s even while Kafka is away."""
        self.begin_leave()
        await self._server.close_idle()
        self._handler.begin_stop()
        await asyncio.sleep(REFUSING_FOR.total_seconds())
        await self._server.stop()
        await self.publisher.stop(FLUSH_WITHIN.total_seconds())

    @property
    def in_flight(self) -> int:
        """How many requests are between their head and their answer."""
        return self._handler.in_flight

    def _connect(self, name: str, connection: ConnectionSettings) -> HookedConnection:
        current, previous = connection.open_webhook_secret(), connection.open_webhook_secret_previous()
        self._process.refreshes += [current.refresh, previous.refresh]
        return HookedConnection(
            keys=KeyRing(_two_secrets(current, previous)),
            allowed_ips=connection.allowed_ips,
            intake=Intake(
                name,
                to_e164=e164_reader(connection.default_region),
                topic_prefix=self._process.settings.topics.prefix,
                public_url=self._process.settings.ingress.public_url,
                randomness=secrets.token_bytes,
            ),
        )

    def _kafka_problem(self) -> str:
        return missing_topics(self.publisher) or f"no acknowledgement to be had: {self.publisher.state}"


def _two_secrets(current: SecretSource, previous: OptionalSecretSource) -> Callable[[], tuple[bytes, bytes]]:
    def both() -> tuple[bytes, bytes]:
        secret = current.current()
        return secret, previous.current() or secret

    return both


def _two_unknown_secrets() -> Callable[[], tuple[bytes, bytes]]:
    both = secrets.token_bytes(32), secrets.token_bytes(32)
    return lambda: both
