"""A whole ingress, from its socket to a real Kafka."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio

from bridge.app import KafkaAccess, Ports, Service
from bridge.kafka.local import LocalKafka
from bridge.kafka.reader import ReadRecord, TopicReader
from bridge.ops.settings import Role, Settings, load_settings
from bridge.pbx.hook_keys import HookName, hook_key

SECRET = "the webhook secret of acme"
PREVIOUS = "the one that acme had before"
OTHER_SECRET = "the webhook secret of other"
FOUND_WITHIN_S = 10.0
READY_WITHIN_S = 30.0


def settings_for(bootstrap: str, **changes: str) -> Settings:
    """Return the settings of an ingress of its own; `changes` are variables without their prefix."""
    environ = {
        "KAFKA__BOOTSTRAP_SERVERS": bootstrap,
        "TOPICS__PREFIX": f"t{uuid.uuid4().hex[:8]}",
        "TOPICS__REPLICATION_FACTOR": "1",
        "TOPICS__SHARDS": "1",
        "INGRESS__HOST": "127.0.0.1",
        "INGRESS__PORT": "0",
        "INGRESS__BODY_TIMEOUT": "1s",
        "INGRESS__TRUSTED_PROXIES": '["127.0.0.1"]',
        "ADMIN__HOST": "127.0.0.1",
        "ADMIN__PORT": "0",
        "CONNECTIONS__ACME__BASE_URL": "http://127.0.0.1/api/v2",
        "CONNECTIONS__ACME__WEBHOOK_SECRET": SECRET,
        "CONNECTIONS__ACME__WEBHOOK_SECRET_PREVIOUS": PREVIOUS,
        "CONNECTIONS__OTHER__BASE_URL": "http://127.0.0.1/api/v2",
        "CONNECTIONS__OTHER__WEBHOOK_SECRET": OTHER_SECRET,
        "CONNECTIONS__GUARDED__BASE_URL": "http://127.0.0.1/api/v2",
        "CONNECTIONS__GUARDED__WEBHOOK_SECRET": SECRET,
        "CONNECTIONS__GUARDED__ALLOWED_IPS": '["192.0.2.0/24"]',
        **changes,
    }
    return load_settings(None, {f"BRIDGE_{name}": value for name, value in environ.items()}, Role.INGRESS)


def hook_path(event: str = "CallStarted", connection: str = "acme", secret: str = SECRET, generation: int = 0) -> str:
    """Return the path of a webhook's URL."""
    return f"/hooks/{connection}/{hook_key(secret.encode(), connection, HookName(event, generation))}"


@dataclass
class Ingress:
    """A running ingress and what it wrote."""

    service: Service
    settings: Settings
    ports: Ports

    @property
    def port(self) -> int:
        """The webhook port."""
        return self.ports.ingress

    async def ready(self) -> None:
        """Wait until it can make webhooks durable."""
        async with asyncio.timeout(READY_WITHIN_S):
            while self.service.health.problems():  # noqa: ASYNC110 - readiness is looked at, as a probe does
                await asyncio.sleep(0.02)

    def count(self, name: str, **labels: str) -> float:
        """Return a metric's value, 0 while nobody has counted."""
        return self.service.metrics.registry.get_sample_value(name, labels) or 0.0

    async def find(self, topic: str, wanted: Callable[[ReadRecord], bool]) -> ReadRecord:
        """Return the first record of a topic (without its prefix) that is wanted."""
        async with asyncio.timeout(FOUND_WITHIN_S), TopicReader(KafkaAccess(self.settings.kafka).options()) as reader:
            await reader.follow([f"{self.settings.topics.prefix}.{topic}"], 0)
            async for record in reader.records():
                if wanted(record):
                    return record
        raise AssertionError("the reader has ended")

    async def event(self, topic: str, id_: str) -> ReadRecord:
        """Return the event with an id."""
        return await self.find(topic, lambda record: dict(record.headers).get("ce_id") == id_.encode())

    async def quarantined(self, id_: str) -> ReadRecord:
        """Return the quarantined record with an id."""
        return await self.find("quarantine.v1", lambda record: dict(record.headers).get("id") == id_.encode())


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Ingress]:
    """Run an ingress for a while."""
    service = Service(settings, Role.INGRESS)
    ports = await service.start()
    try:
        yield Ingress(service, settings, ports)
    finally:
        await service.stop(unready_for=timedelta(0))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ingress(kafka: LocalKafka) -> AsyncIterator[Ingress]:
    """Give the ingress that the tests share."""
    async with running(settings_for(kafka.bootstrap)) as started:
        await started.ready()
        yield started


@pytest.fixture
def metrics_of(ingress: Ingress) -> Callable[[str], float]:
    """Give how often a kind of answer has been counted so far."""
    return lambda outcome: ingress.count("bridge_ingress_requests_total", outcome=outcome)
