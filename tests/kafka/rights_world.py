"""An installation on a broker whose authorizer is on, where each process has a user of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import yaml
from structlog.testing import capture_logs
from structlog.typing import EventDict
from typer.testing import CliRunner, Result

from bridge.app import Ports, Service
from bridge.cli.main import app
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.rights import Right
from bridge.ops.settings import Role, Settings, load_settings
from tests.kafka.rights_acls import Administrator, acls
from tests.kafka.rights_audit import Audit
from tests.kafka.secured_kafka import SecuredKafka

SECRET = "a webhook secret of 32 bytes or more"
API_KEY = "the-key-of-acme"
WITHIN_S = 30.0
# Longer than anything here takes on a busy machine.


async def until(condition: Callable[[], object], every: float = 0.05) -> None:
    """Wait for what tells nobody when it changes."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(every)


class World:
    """A broker, who gives rights on it, and a prefix; `pbx` is the vendor's base URL."""

    def __init__(self, kafka: SecuredKafka, administrator: Administrator, folder: Path, pbx: str) -> None:
        self.kafka = kafka
        self.administrator = administrator
        self.prefix = f"r{uuid4().hex[:8]}"
        self.everything = ClientOptions(kafka.bootstrap)
        self._folder = folder
        self._pbx = pbx

    def config(self, user: str, *, manage: bool = False) -> Path:
        """Write a configuration file for a user of Kafka."""
        file = self._folder / f"{self.prefix}-{user}.yaml"
        acme = {
            "base_url": self._pbx,
            "api_key": API_KEY,
            "webhook_secret": SECRET,
            "rate_limit": {"calls": 10_000},
            "pollers": {"defaults": {"interval": "1s", "start": "oldest"}},
            "reconcile": {"interval": "1s", "grace": "0s"},
        }
        topics = {"prefix": self.prefix, "replication_factor": 1, "shards": 1, "manage": manage}
        whole = {
            "kafka": self.kafka.section("PLAIN_ONLY", mechanism="PLAIN", user=user),
            "topics": topics,
            # Nobody listens there: each webhook of the vendor is lost, so that the reconciliation has all to do.
            "ingress": {"host": "127.0.0.1", "port": 0, "public_url": "http://127.0.0.1:9"},
            "admin": {"host": "127.0.0.1", "port": 0},
            "connections": {"acme": acme},
        }
        file.write_text(yaml.safe_dump(whole))
        return file

    def settings(self, user: str, role: Role, *, manage: bool = False) -> Settings:
        """Give the settings of a service."""
        return load_settings(self.config(user, manage=manage), {}, role)

    async def bridge(self, user: str, *arguments: str) -> Result:
        """Run a command line as a user to its end, beside the test."""
        whole = [*arguments, "--config", str(self.config(user))]
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, whole))

    def audit(self, user: str) -> Audit:
        """Read the decisions about a user from now on."""
        return Audit(self.kafka.broker.folder, user)

    @asynccontextmanager
    async def given(self, user: str, table: Sequence[Right]) -> AsyncIterator[Audit]:
        """Let a user do what a table says, and nothing else, for a while."""
        wanted = acls(user, table)
        await self.administrator.give(wanted)
        try:
            yield self.audit(user)
        finally:
            await self.administrator.take(wanted)

    @asynccontextmanager
    async def service(self, user: str, role: Role, *, manage: bool = False) -> AsyncIterator["Running"]:
        """Run a role of the service as a user for a while."""
        service = Service(self.settings(user, role, manage=manage), role)
        # Captured, since the command lines of a test take the place of where it would be written to.
        with capture_logs() as lines:
            ports = await service.start()
            try:
                yield Running(service, ports, lines)
            finally:
                await service.stop(unready_for=timedelta(0))


class Running(NamedTuple):
    """A service, and what it has logged so far."""

    service: Service
    ports: Ports
    lines: list[EventDict]

    @property
    def problems(self) -> Mapping[str, str]:
        """What keeps it from being ready."""
        return self.service.health.problems()

    @property
    def warnings(self) -> Mapping[str, str]:
        """What is wrong although it may be ready."""
        return self.service.health.warnings()

    def logged(self, event: str) -> list[EventDict]:
        """Give the lines of a kind."""
        return [line for line in self.lines if line["event"] == event]
