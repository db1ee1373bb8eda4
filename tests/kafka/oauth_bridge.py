"""A whole bridge, ingress and worker, and its vendor: for what logs in to Kafka in ways of its own."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
import yaml
from aiokafka import AIOKafkaProducer

from bridge.app import Service
from bridge.events.catalogue import EventName
from bridge.events.topics import commands_topic, event_topic, results_topic
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.reader import TopicReader
from bridge.ops.settings import Role, Settings, load_settings
from bridge.pbx.hook_keys import HookName, hook_key
from bridge.simulator import AccountOptions, SimulatorOptions
from bridge.testing.running_pbx import RunningPbx

SECRET = "the webhook secret of acme"
API_KEY = "the-key"
CALLS = 600
# A minute: the load of these tests must not wait for the vendor's quota.
READY_WITHIN_S = 30.0
READ_WITHIN_S = 15.0


def settings_text(kafka: Mapping[str, object], base_url: str) -> str:
    """Write the configuration of an installation of its own."""
    connection = {
        "base_url": base_url,
        "api_key": API_KEY,
        "webhook_secret": SECRET,
        "webhooks": {"register": False},
        "pollers": {"defaults": {"enabled": False}},
        "reconcile": {"enabled": False},
        "rate_limit": {"calls": CALLS, "window": "60s"},
    }
    return yaml.safe_dump(
        {
            "kafka": dict(kafka),
            "topics": {
                "prefix": f"o{uuid.uuid4().hex[:8]}",
                "replication_factor": 1,
                "shards": 2,
                "partitions": {"events": 1, "commands": 1, "results": 1},
            },
            "ingress": {"host": "127.0.0.1", "port": 0},
            "admin": {"host": "127.0.0.1", "port": 0},
            "connections": {"acme": connection},
        }
    )


@dataclass
class WholeBridge:
    """What runs, and what was sent through it; `plain` is for what the test does at Kafka by itself."""

    services: Sequence[Service]
    settings: Settings
    pbx: RunningPbx
    plain: ClientOptions
    port: int
    producer: AIOKafkaProducer
    answered: list[str] = field(default_factory=list)
    """The ids of the events that were answered 202."""
    refused: list[int] = field(default_factory=list)
    """The other answers' statuses."""
    commanded: list[str] = field(default_factory=list)
    """The ids of the commands."""

    @property
    def prefix(self) -> str:
        return self.settings.topics.prefix

    def problems(self) -> list[str]:
        """Say what keeps any of it from being ready."""
        return [str(problem) for service in self.services for problem in service.health.problems()]

    async def ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until all of it is ready."""
        try:
            async with asyncio.timeout(within_s):
                while self.problems():  # noqa: ASYNC110 - readiness is looked at, as a probe does
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not ready: {self.problems()}") from None

    def count(self, name: str, **labels: str) -> float:
        """Give a metric's value, of all services together."""
        values = [service.metrics.registry.get_sample_value(name, labels) for service in self.services]
        return sum(value or 0.0 for value in values)

    async def hook(self, session: aiohttp.ClientSession, call: int) -> None:
        """Post a webhook as the vendor does, once, and note the answer."""
        key = hook_key(SECRET.encode(), "acme", HookName("CallStarted", 0))
        data = {"callID": call, "contactID": 7, "caller": "22222222", "destination": "23333333", "direction": "in"}
        body = {"eventType": "CallStarted", "data": {**data, "status": 1, "callStarted": "2017-10-16T21:26:59Z"}}
        async with session.post(f"http://127.0.0.1:{self.port}/hooks/acme/{key}", json=body) as response:
            if response.status == 202:
                self.answered.append((await response.json())["id"])
            else:
                self.refused.append(response.status)

    async def dial(self, number: str) -> None:
        """Publish a dial as anybody may."""
        contact = self.pbx.do(lambda pbx: pbx.accounts[API_KEY].directory.staff[0].contact_id)
        attributes = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/test", "type": "pbx.command.dial.v1"}
        attributes["connection"] = "acme"
        headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
        value = json.dumps({"contact_id": contact, "destination": number}).encode()
        await self.producer.send_and_wait(commands_topic(self.prefix), value, headers=headers)
        self.commanded.append(attributes["id"])

    async def read_back(self) -> Mapping[str, int]:
        """Give how often each event that was answered 202 is stored, once all are."""
        return await self._stored(event_topic(self.prefix, EventName.CALL_STARTED), "ce_id", self.answered)

    async def results(self) -> Mapping[str, int]:
        """Give how many results each command has, once all have one."""
        return await self._stored(results_topic(self.prefix), "ce_commandid", self.commanded)

    def posts(self) -> Mapping[str | None, int]:
        """Give how often each number was dialled at the vendor."""
        return self.pbx.do(lambda pbx: Counter(dial.destination for dial in pbx.requests.dials))

    async def _stored(self, topic: str, header: str, wanted: Sequence[str]) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        async with asyncio.timeout(READ_WITHIN_S), TopicReader(self.plain) as reader:
            await reader.follow([topic], 0)
            while not set(wanted) <= found.keys():
                async for record in reader.until_now():
                    found[dict(record.headers)[header].decode()] += 1
        return {id_: found[id_] for id_ in wanted}


@asynccontextmanager
async def whole_bridge(
    kafka: Mapping[str, object], bootstrap: str, folder: Path, roles: Sequence[Role] = (Role.INGRESS, Role.WORKER)
) -> AsyncIterator[WholeBridge]:
    """Run one for a while, at `kafka`, a section of its configuration; `bootstrap` is a way in without a login."""
    async with AsyncExitStack() as stack:
        options = SimulatorOptions(keys={API_KEY: AccountOptions(limit=CALLS)})
        pbx = stack.enter_context(RunningPbx(options))
        file = folder / "bridge.yaml"
        file.write_text(settings_text(kafka, pbx.base_url))
        settings = load_settings(file, {}, Role.ALL)
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        stack.push_async_callback(producer.stop)
        services = [Service(settings, role) for role in roles]
        ports = [await service.start() for service in services]
        for service in services:
            stack.push_async_callback(service.stop, unready_for=timedelta(0))
        yield WholeBridge(
            services, settings, pbx, ClientOptions(bootstrap), max(port.ingress for port in ports), producer
        )
