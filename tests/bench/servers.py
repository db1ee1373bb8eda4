"""The servers under load, each a process of its own, and what /proc says of them."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

SECRET = "a secret for the bench alone"  # guards a loopback port for a minute
PREFIX = "bench"
PEER_TOPIC = "peer-events"
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_UP_WITHIN_S = 60.0


@dataclass(frozen=True)
class Server:
    """A process that listens; `path` is where it takes a webhook."""

    name: str
    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> float:
        """User and system time of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def rss_mib(self) -> float:
        """Resident memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(name: str, command: list[str], port: int, ready_url: str, **environ: str) -> Iterator[Server]:
    """Run a server for a while; ready when `ready_url` answers with anything but 503."""
    process = subprocess.Popen(command, env={**os.environ, **environ})
    try:
        _wait(process, ready_url)
        yield Server(name, process, port)
    finally:
        process.terminate()
        process.wait(30)


def bare(port: int) -> tuple[list[str], str]:
    """Return the command of the bare handler, and where to see that it is up."""
    return [sys.executable, "-m", "tests.bench.bare", str(port)], f"http://127.0.0.1:{port}/"


def bridge(folder: Path, bootstrap: str, port: int, *, region: str | None, connections: int) -> tuple[list[str], str]:
    """Return the command of the bridge's ingress, and where to see that it is ready."""
    admin = free_port()
    one: Mapping[str, object] = {
        "base_url": "http://127.0.0.1/api/v2",
        "webhook_secret": SECRET,
        "default_region": region,
    }
    names = ["acme", *(f"acme-{number}" for number in range(1, connections))]
    config = folder / f"bridge-{port}.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "kafka": {"bootstrap_servers": bootstrap},
                "topics": {"prefix": PREFIX, "replication_factor": 1, "shards": 1},
                "ingress": {"host": "127.0.0.1", "port": port},
                "admin": {"host": "127.0.0.1", "port": admin},
                "connections": {name: dict(one) for name in names},
            }
        )
    )
    command = [sys.executable, "-m", "bridge.cli", "run", "--role", "ingress", "--config", str(config)]
    return command, f"http://127.0.0.1:{admin}/readyz"


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended at once")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError as error:
            if error.code != 503:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{url} was not ready within {_UP_WITHIN_S:.0f} s")
