"""A service of one role or of all: what it consists of, and the order in which its parts start and stop."""

import asyncio
from datetime import timedelta
from typing import NamedTuple

import structlog

from bridge.app.ingress import IngressRole
from bridge.app.process import Process
from bridge.app.worker import WorkerRole
from bridge.ops.health import Health
from bridge.ops.metrics import Metrics
from bridge.ops.settings import Role, Settings

UNREADY_FOR = timedelta(seconds=2)
# Between "not ready" and the first refusal: balancers look every second or two, and send here until they have seen it.

log = structlog.get_logger(__name__)


class Ports(NamedTuple):
    """Where the process listens; the first is 0 for a role that takes no webhooks."""

    ingress: int
    admin: int


class Service:
    """`bridge run`: what the role says, in one process."""

    def __init__(self, settings: Settings, role: Role) -> None:
        self._role = role
        self._process = Process(settings, role)
        self.ingress = IngressRole(self._process) if role in {Role.INGRESS, Role.ALL} else None
        self.worker = WorkerRole(self._process) if role in {Role.WORKER, Role.ALL} else None

    @property
    def health(self) -> Health:
        """What the probes ask."""
        return self._process.health

    @property
    def metrics(self) -> Metrics:
        """What a scrape shows."""
        return self._process.metrics

    @property
    def refusal(self) -> asyncio.Future[str]:
        """Done with a sentence when the service must not go on."""
        return self._process.topics.refusal

    async def start(self) -> Ports:
        """Start at once; Kafka and its topics are found in the background, and until then nothing is ready."""
        admin = await self._process.start()
        port = 0 if self.ingress is None else await self.ingress.start()
        if self.worker is not None:
            await self.worker.start()
        connections = len(self._process.settings.connections)
        log.info("started", role=self._role.value, port=port, admin_port=admin, connections=connections)
        return Ports(port, admin)

    async def stop(self, *, unready_for: timedelta = UNREADY_FOR) -> None:
        """Stop in the order that loses nothing; within 45 s even while Kafka is away."""
        log.info("stopping", in_flight=0 if self.ingress is None else self.ingress.in_flight)
        self.health.begin_stop()
        stopping = []
        if self.worker is not None:
            # Nobody is routed to it: the sooner its shards have another owner the better.
            stopping.append(self.worker.stop())
        if self.ingress is not None:
            stopping.append(self._stop_ingress(self.ingress, unready_for))
        for failure in await asyncio.gather(*stopping, return_exceptions=True):
            if failure is not None:
                log.error("a role did not stop well", exc_info=failure)
        await self._process.stop()
        log.info("stopped")

    @staticmethod
    async def _stop_ingress(ingress: IngressRole, unready_for: timedelta) -> None:
        ingress.begin_leave()
        await asyncio.sleep(unready_for.total_seconds())
        await ingress.stop()
