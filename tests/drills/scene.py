"""One drill's own little world: a vendor, an installation with a prefix of its own, and its processes."""

import asyncio
import itertools
import signal
import tempfile
import time
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple, Self

import yaml

from bridge.kafka.local import LocalKafka
from bridge.pbx.hook_keys import HookName, hook_key
from bridge.simulator import AccountOptions, Simulator, SimulatorOptions
from bridge.simulator.facts import EventName
from tests.bench.servers import free_port
from tests.drills import kill_points
from tests.drills.clients import Results, Sender
from tests.drills.dropping_proxy import DroppingProxy
from tests.drills.judge import Arrivals, Judgement, Post, Terms, judge
from tests.drills.processes import Process
from tests.drills.traffic import Traffic, key_of, until

COMMAND_PARTITIONS, RESULT_PARTITIONS, SHARDS = 3, 2, 4
WEBHOOK_SECRET = "what the drills sign their hooks with"
HOOKS: tuple[EventName, ...] = ("CallStarted", "CallConnected", "CallCompleted")
# What tells the bridge that somebody was called.
OBSERVED_WITHIN_MS = 30_000
# The call begins within two seconds, and its first event is read within two more; a take-over may come in between.


class Quota(NamedTuple):
    """A connection's quota, at the vendor and in the configuration alike."""

    calls: int = 100
    window_s: float = 60.0


USUAL = Quota()


class Ground(NamedTuple):
    """What several scenes share: a broker, and where files may be left."""

    kafka: LocalKafka
    sender: Sender
    folder: Path


class Scene:
    """An installation under drill. `dead_link`: the vendor is reached through `proxy`, a link that can go dead."""

    def __init__(
        self, name: str, ground: Ground, *, connections: int, quota: Quota = USUAL, dead_link: bool = False
    ) -> None:
        self.ground = ground
        self.prefix = f"drill-{name}-{uuid.uuid4().hex[:6]}"
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=ground.folder))
        self.connections = [f"acme-{number}" for number in range(connections)]
        self.quota = quota
        account = AccountOptions(limit=quota.calls, window=quota.window_s)
        self.simulator = Simulator(SimulatorOptions(keys={key_of(one): account for one in self.connections}))
        self.proxy = DroppingProxy() if dead_link else None
        self.processes: list[Process] = []
        self.wrong: list[str] = []
        self._results = Results(ground.kafka.bootstrap, f"{self.prefix}.results.v1", RESULT_PARTITIONS)
        self.traffic = Traffic(
            ground.sender, f"{self.prefix}.commands.v1", self.simulator, self.connections, self._results
        )
        self._config = self.folder / "bridge.yaml"
        self._ingress_port = free_port()
        self._hooked = False
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.simulator.start()
        self._stack.push_async_callback(self.simulator.stop)
        port = int(self.simulator.root_url.rpartition(":")[2])
        if self.proxy is not None:
            await self.proxy.start(port)
            self._stack.push_async_callback(self.proxy.stop)
            port = self.proxy.port
        self._stack.push_async_callback(self._results.stop)
        self._stack.push_async_callback(self._kill)
        self._config.write_text(yaml.safe_dump(self._settings(port)))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def start(self, name: str, *, role: str = "worker", environ: Mapping[str, str] | None = None) -> Process:
        """Start a process. What has the same name goes on in the same log."""
        log = self.folder / f"{name}.log"
        process = Process.start(name, role, self._config, log, {**self._ports(role), **(environ or {})})
        self.processes.append(process)
        return process

    async def started(
        self, *names: str, role: str = "worker", environ: Mapping[str, str] | None = None
    ) -> list[Process]:
        """Start processes, and wait until all of them are ready."""
        started = [self.start(name, role=role, environ=environ) for name in names]
        await asyncio.gather(*(process.ready() for process in started))
        # Now the topics are there.
        await self._results.start()
        return started

    async def hooked(self, role: str = "ingress") -> None:
        """Start an ingress, by itself or in a process of all roles, and have the vendor tell it of all calls.

        Registered in the vendor's books, not by requests: those would count in a quota that is the bridge's alone.
        """
        await self.started(role, role=role)
        receiver = f"http://127.0.0.1:{self._ingress_port}"
        for name, hook in itertools.product(self.connections, HOOKS):
            key = hook_key(WEBHOOK_SECRET.encode(), name, HookName(hook, 0))
            self.simulator.accounts[key_of(name)].hooks.register(hook, f"{receiver}/hooks/{name}/{key}", receiver)
        self._hooked = True

    def point(self, at: str, do: Literal["kill", "stop"], of: str) -> dict[str, str]:
        """Give the environment of processes of which the first one that comes to a point dies or freezes there."""
        mark = str(self._mark(at))
        return {kill_points.AT: at, kill_points.DO: do, kill_points.OF: of, kill_points.MARK: mark}

    async def struck(self, at: str, within_s: float = 30.0) -> Process:
        """Wait until a process has come to a point; return it. Raises TimeoutError."""
        await until(self._mark(at).exists, within_s, f"nobody came to {at}")
        pid = int(self._mark(at).read_text())
        return next(process for process in self.processes if process.pid == pid)

    async def stop(self) -> None:
        """Stop all that still lives, as a supervisor does."""
        living = [process for process in self.processes if process.exit_code is None]
        for process, code in zip(living, await asyncio.gather(*(one.stop() for one in living)), strict=True):
            self.expect_clean_end(process, code)

    async def read_to_the_end(self) -> None:
        """Read what there is of results; nothing more can come."""
        await self._results.stop()

    def expect_clean_end(self, process: Process, code: int) -> None:
        """Take note of a process that was asked to stop and has not done so cleanly."""
        if code != 0:
            self.wrong.append(f"{process.name} ended with {code} when asked to stop: {process.last_words()}")

    def judged(self, terms: Terms) -> Judgement:
        """Judge what has happened; all processes have ended, and the results are read to their end."""
        log = self.simulator.requests
        epoch_ms = time.time_ns() // 1_000_000 - int(time.monotonic() * 1000)
        posts = [Post(dial.destination, epoch_ms + int(dial.arrived * 1000)) for dial in log.dials]
        arrivals = Arrivals(
            sum(counts.refusals for counts in log.keys.values()),
            max(counts.arrivals.highest for counts in log.keys.values()),
        )
        terms = replace(
            terms,
            expected=self.traffic.expected,
            outage_ms=int(self.traffic.outage_s * 1000),
            observed_within_ms=OBSERVED_WITHIN_MS if self._hooked else None,
        )
        return judge(self.traffic.commands, self.traffic.answers, posts, arrivals, terms)

    async def _kill(self) -> None:
        for process in self.processes:
            process.send(signal.SIGCONT)
            await process.kill()

    def _mark(self, at: str) -> Path:
        return self.folder / f"struck-{at}"

    def _ports(self, role: str) -> dict[str, str]:
        # Two workers have no ingress; whichever other process has one is alone.
        return {"BRIDGE_ADMIN__PORT": str(free_port()), "BRIDGE_INGRESS__PORT": str(self._ingress_port)}

    def _settings(self, vendor_port: int) -> dict[str, object]:
        connection = {
            "base_url": f"http://127.0.0.1:{vendor_port}/api/v2",
            "webhook_secret": WEBHOOK_SECRET,
            "default_region": "LT",
            "webhooks": {"register": False},
            "pollers": {"defaults": {"enabled": False}},
            "reconcile": {"enabled": False},
            "rate_limit": {"calls": self.quota.calls, "window": f"{self.quota.window_s:g}s"},
        }
        return {
            "kafka": {"bootstrap_servers": self.ground.kafka.bootstrap},
            "topics": {
                "prefix": self.prefix,
                "replication_factor": 1,
                "shards": SHARDS,
                "partitions": {"events": 1, "commands": COMMAND_PARTITIONS, "results": RESULT_PARTITIONS},
            },
            "ingress": {"host": "127.0.0.1"},
            "admin": {"host": "127.0.0.1"},
            "connections": {name: {**connection, "api_key": key_of(name)} for name in self.connections},
        }
