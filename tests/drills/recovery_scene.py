"""The world of the recovery's drill: a vendor that loses webhooks, an ingress that comes and goes, and workers."""

import asyncio
import signal
import tempfile
import time
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Self

import yaml

from bridge.simulator import AccountOptions, Request, RetryPolicy, SimulatorOptions
from bridge.simulator.facts import EVENTS
from bridge.simulator.operations import LIST_IDS
from tests.bench.servers import free_port
from tests.drills import haste, kill_points
from tests.drills.processes import Process
from tests.drills.published import Published
from tests.drills.recovery_judge import TriggerRow, judge_all
from tests.drills.scene import Ground
from tests.drills.traffic import key_of, until
from tests.drills.watched_vendor import WatchedVendor

CONNECTIONS = ("acme-0", "acme-1", "acme-5")
SHARDS = 4
# Whichever half of them a worker is given, one of these connections is in it: 2, 0 and 3 are their shards.
EVENT_PARTITIONS = 2
LIMIT, WINDOW_S = 300, 60.0
# Of calls to the vendor: lists are looked at several times as often as by default, and are as many pages long.
CALLS_PER_SECOND = 0.4
BREVITY = 8.0
# Of each connection: a call takes some ten seconds, so most are over within the drill.
MOST_HOOKS = 20
POLLED_ALONE = ("GetAudioPrompts", "GetContacts", "GetVoicemailBoxes", "GetVoipEndpoints")
# Reconciliation walks the lists with dates, too, and registration asks for the groups when it is in trouble.
INTERVAL_S, GRACE_S, POLLED_EVERY_S = 5, 10, 10


class RecoveryScene:
    """An installation that looks after itself. `wrong` is what was seen to be wrong on the way."""

    def __init__(self, ground: Ground, seed: int) -> None:
        self.prefix = f"drill-recovery-{uuid.uuid4().hex[:6]}"
        self.folder = Path(tempfile.mkdtemp(prefix="recovery-", dir=ground.folder))
        self.wrong: list[str] = []
        account = AccountOptions(limit=LIMIT, window=WINDOW_S, max_hooks=MOST_HOOKS)
        self.vendor = WatchedVendor(
            SimulatorOptions(
                seed=seed,
                calls_per_second=CALLS_PER_SECOND,
                brevity=BREVITY,
                keys={key_of(name): account for name in CONNECTIONS},
                # What is sent while nobody listens is lost for good.
                retry=RetryPolicy(repeats=1),
                kept_log=100_000,
            )
        )
        self.published = Published(ground.kafka.bootstrap, self.prefix, EVENT_PARTITIONS)
        self.processes: list[Process] = []
        self._bootstrap = ground.kafka.bootstrap
        self._config = self.folder / "bridge.yaml"
        self._ingress_port = free_port()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.vendor.watch_lists({key_of(name): name for name in CONNECTIONS})
        await self.vendor.start()
        self._stack.push_async_callback(self.vendor.stop)
        self._stack.push_async_callback(self.published.stop)
        self._stack.push_async_callback(self._kill)
        self._config.write_text(yaml.safe_dump(self._settings()))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def start(self, name: str, *, role: str = "worker", point: Mapping[str, str] | None = None) -> Process:
        """Start a process. What has the same name goes on in the same log."""
        ports = {"BRIDGE_ADMIN__PORT": str(free_port()), "BRIDGE_INGRESS__PORT": str(self._ingress_port)}
        environ = {**ports, haste.IN_HASTE: "1", **(point or {})}
        process = Process.start(name, role, self._config, self.folder / f"{name}.log", environ)
        self.processes.append(process)
        return process

    async def started(self, *names: str, role: str = "worker", point: Mapping[str, str] | None = None) -> list[Process]:
        """Start processes, and wait until they are ready."""
        started = [self.start(name, role=role, point=point) for name in names]
        await asyncio.gather(*(process.ready() for process in started))
        return started

    def point(self, at: str, of: str) -> dict[str, str]:
        """Give the environment of processes of which the first one that comes to a point dies there."""
        mark = str(self._mark(at))
        return {kill_points.AT: at, kill_points.DO: "kill", kill_points.OF: of, kill_points.MARK: mark}

    async def struck(self, at: str, within_s: float) -> Process:
        """Wait until a process has died at a point; return it. Raises TimeoutError."""
        await until(self._mark(at).exists, within_s, f"nobody came to {at}")
        pid = int(self._mark(at).read_text())
        process = next(process for process in self.processes if process.pid == pid)
        if await process.ended() != -signal.SIGKILL:
            self.wrong.append(f"{process.name} did not die at {at}")
        return process

    async def stop(self, *processes: Process) -> None:
        """Stop processes as a supervisor does; without any, all that still live."""
        chosen = [process for process in processes or self.processes if process.exit_code is None]
        for process, code in zip(chosen, await asyncio.gather(*(one.stop() for one in chosen)), strict=True):
            if code != 0:
                self.wrong.append(f"{process.name} ended with {code} when asked to stop: {process.last_words()}")

    def unregistered(self) -> list[str]:
        """Give what the vendor tells to nobody, as far as its own books say."""
        return [
            f"{name}/{event}"
            for name in CONNECTIONS
            for event in EVENTS
            if not self.vendor.accounts[key_of(name)].hooks.of(event)
        ]

    def unpolled(self, since: float) -> list[str]:
        """Give the lists that have not been asked for since a reading of the monotonic clock."""
        rows = self.vendor.requests.rows
        asked = {(row.key, row.operation) for row in rows if row.arrived > since and row.ended is not None}
        return [
            f"{name}/{operation}"
            for name in CONNECTIONS
            for operation in LIST_IDS
            if (key_of(name), operation) not in asked
        ]

    def registrations(self, since: float = 0.0) -> list[Request]:
        """Give the requests to register or remove a webhook."""
        operations = {*EVENTS, "DeleteWebhookByID"}
        return [row for row in self.vendor.requests.rows if row.operation in operations and row.arrived > since]

    def longest_gap_s(self, since: float) -> float:
        """Give the longest time in which a list that only its poller asks for was not asked for."""
        gaps = [0.0]
        for name in CONNECTIONS:
            for operation in POLLED_ALONE:
                rows = self.vendor.requests.of(key=key_of(name), operation=operation)
                moments = [since, *(row.arrived for row in rows if row.arrived > since)]
                gaps += [later - earlier for earlier, later in pairwise(moments)]
        return max(gaps)

    def most_hooks(self) -> int:
        """Give the most registrations that a key had at any time, by the vendor's log."""
        most = 0
        for name in CONNECTIONS:
            count = 0
            for row in self.registrations():
                if row.key == key_of(name) and row.processed:
                    count += -1 if row.operation == "DeleteWebhookByID" else 1
                    most = max(most, count)
        return most

    def compared(self) -> list[TriggerRow]:
        """Compare the vendor's books with what has come to the topics by now."""
        return judge_all(self.vendor.truth(), self.published.events)

    async def settled(self, within_s: float, steady_s: float) -> None:
        """Wait until nothing is missing, and no webhook is registered for a while, or until that takes too long."""
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            steady = not self.registrations(since=time.monotonic() - steady_s)
            if steady and not self.unregistered() and not any(row.missing for row in self.compared()):
                return
            await asyncio.sleep(1)

    async def _kill(self) -> None:
        for process in self.processes:
            await process.kill()

    def _mark(self, at: str) -> Path:
        return self.folder / f"struck-{at}"

    def _settings(self) -> dict[str, object]:
        connection = {
            "base_url": self.vendor.base_url,
            "webhook_secret": "what the drill of the recovery signs its hooks with",
            "default_region": "LT",
            "pollers": {"defaults": {"interval": f"{POLLED_EVERY_S}s"}},
            "reconcile": {"interval": f"{INTERVAL_S}s", "grace": f"{GRACE_S}s"},
            "rate_limit": {"calls": LIMIT, "window": f"{WINDOW_S:g}s"},
        }
        return {
            "kafka": {"bootstrap_servers": self._bootstrap},
            "topics": {
                "prefix": self.prefix,
                "replication_factor": 1,
                "shards": SHARDS,
                "partitions": {"events": EVENT_PARTITIONS},
            },
            "ingress": {"host": "127.0.0.1", "public_url": f"http://127.0.0.1:{self._ingress_port}"},
            "admin": {"host": "127.0.0.1"},
            "connections": {name: {**connection, "api_key": key_of(name)} for name in CONNECTIONS},
        }
