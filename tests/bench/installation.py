"""An installation under bench: its configuration, its worker processes, and what those say of themselves."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.bench.servers import SECRET, Server, free_port
from tests.bench.vendor import key_of

READY_WITHIN_S = 60.0
STOPS_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.05
SHARDS = 12
# The bridge's default.


@dataclass(frozen=True)
class Worker(Server):
    """One `bridge run --role worker`; `port` is its admin port, `log` what it said on stderr."""

    log: Path

    async def ready(self) -> None:
        """Wait until it is a member of its groups and serves whatever shards it was given."""
        until = time.monotonic() + READY_WITHIN_S
        while (problem := await asyncio.to_thread(self._problem)) is not None:
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{self.name} is not ready: {problem}; its log is {self.log.read_text()[-2000:]}")
            await asyncio.sleep(_LOOK_EVERY_S)

    def peak_mib(self) -> float:
        """Give the most resident memory that it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    async def metric(self, name: str, **labels: str) -> float:
        """Give the sum of a metric's samples that have these labels."""
        text = await asyncio.to_thread(self._get, "metrics")
        samples = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE)
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(value) for found, value in samples if all(one in found for one in wanted))

    def logged(self, event: str) -> list[Mapping[str, object]]:
        """Give the lines of its log that tell of an event."""
        lines = (json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == event]

    def stop(self) -> None:
        """Ask it to stop, and wait."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOPS_WITHIN_S)

    def kill(self) -> None:
        """End it as a power cut would; nothing happens when it has ended."""
        self.process.kill()
        self.process.wait()

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    def _problem(self) -> str | None:
        try:
            self._get("readyz")
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except OSError as error:
            return str(error)
        return None


@dataclass(frozen=True)
class Installation:
    """A configuration with connections `acme-0` and so on, each with its own key at the vendor.

    `settings` are those of every connection, beside the address and the key.
    """

    bootstrap: str
    folder: Path
    vendor_url: str
    connections: Sequence[str]
    settings: Mapping[str, object] = field(default_factory=dict)
    prefix: str = field(default_factory=lambda: f"bench-{uuid.uuid4().hex[:8]}")

    def worker(self, stack: ExitStack, name: str) -> Worker:
        """Start a worker; it is not ready yet. It is killed at the latest at the end of the stack."""
        config, log, port = self.folder / f"{self.prefix}.yaml", self.folder / f"{self.prefix}-{name}.log", free_port()
        config.write_text(yaml.safe_dump(self._config()))
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("BRIDGE_", "KAFKA_"))}
        with log.open("ab") as end:
            process = subprocess.Popen(
                [sys.executable, "-m", "bridge.cli", "run", "--role", "worker", "--config", str(config)],
                env={**clean, "BRIDGE_ADMIN__PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=end,
                stderr=end,
            )
        worker = Worker(name, process, port, log)
        stack.callback(worker.kill)
        return worker

    def _config(self) -> dict[str, object]:
        quiet = {
            "webhook_secret": SECRET,
            "default_region": "LT",
            "webhooks": {"register": False},
            "pollers": {"defaults": {"enabled": False}},
            "reconcile": {"enabled": False},
        }
        return {
            "kafka": {"bootstrap_servers": self.bootstrap},
            "topics": {"prefix": self.prefix, "replication_factor": 1, "shards": SHARDS},
            "admin": {"host": "127.0.0.1"},
            "connections": {
                name: {**quiet, "base_url": self.vendor_url, "api_key": key_of(number), **self.settings}
                for number, name in enumerate(self.connections)
            },
        }


def names(count: int) -> list[str]:
    """Give the names of so many connections."""
    return [f"acme-{number}" for number in range(count)]
