"""`make bench`: the ingress against a bare aiohttp handler and, where it is built, the peer; alternating, in one run.

    make bench ARGS="--seconds 5 --rounds 5 --peer PATH"

`--peer` is a folder with the peer's binary `rpconnect` and its `webhook-to-kafka.yaml`.
"""

import argparse
import asyncio
import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bridge.kafka.local import LocalKafka, start_local_kafka
from bridge.pbx.hook_keys import HookName, hook_key
from tests.bench.bodies import PEER_EVENTS, bodies
from tests.bench.servers import PEER_TOPIC, SECRET, Server, bare, bridge, free_port, started

CONNECTIONS = 64


@dataclass
class Measured:
    """What one contestant did in each round."""

    cpu_us: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    rss_mib: float = 0.0


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each contestant in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", type=Path, default=None, help="folder of the built peer")
    parser.add_argument("--many", type=int, default=1000, help="connections of the contestant with many")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.seconds, arguments.rounds, arguments.peer, arguments.many))


async def _run(seconds: float, rounds: int, peer: Path | None, many: int) -> None:
    kafka = await start_local_kafka(print)
    try:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            measured = await _measure(Path(folder), stack, kafka, seconds, rounds, peer, many)
    finally:
        await kafka.stop()
    _print(measured)


async def _measure(
    folder: Path, stack: ExitStack, kafka: LocalKafka, seconds: float, rounds: int, peer: Path | None, many: int
) -> dict[str, Measured]:
    all_ten, calls = folder / "all-ten", folder / "call-started"
    _write(all_ten, bodies(1), "/hooks/acme/{key}")
    _write(calls, bodies(1, PEER_EVENTS), "/hooks/acme/{key}")
    contestants: list[tuple[Server, Path, str]] = []

    def enter(name: str, command: tuple[list[str], str], port: int, load: Path, **environ: str) -> None:
        server = stack.enter_context(started(name, command[0], port, command[1], **environ))
        contestants.append((server, load, name))

    ports = [free_port() for _ in range(5)]
    enter("bare aiohttp, 202", bare(ports[0]), ports[0], all_ten)
    enter("bridge", bridge(folder, kafka.bootstrap, ports[1], region=None, connections=1), ports[1], all_ten)
    enter(
        "bridge, default_region",
        bridge(folder, kafka.bootstrap, ports[2], region="LT", connections=1),
        ports[2],
        all_ten,
    )
    enter(
        f"bridge, {many} connections",
        bridge(folder, kafka.bootstrap, ports[3], region=None, connections=many),
        ports[3],
        all_ten,
    )
    if peer is not None:
        await _create(kafka.bootstrap)
        hook = folder / "peer"
        _write(hook, bodies(1, PEER_EVENTS), "/hook")
        contestants.append((contestants[1][0], calls, "bridge, one event"))
        command = [str(peer / "rpconnect"), "run", str(peer / "webhook-to-kafka.yaml")]
        port = ports[4]
        environ = {"KAFKA_BOOTSTRAP": kafka.bootstrap, "TOPIC": PEER_TOPIC, "PORT": str(port)}
        enter("peer, one event", (command, f"http://127.0.0.1:{port}/"), port, hook, **environ)
    measured = {name: Measured() for _, _, name in contestants}
    for round_ in range(rounds + 1):
        for server, load, name in contestants:
            _one(server, load, seconds, measured[name] if round_ else Measured(), name)  # the first one warms up
    return measured


def _one(server: Server, load: Path, seconds: float, into: Measured, name: str) -> None:
    before = server.cpu_seconds()
    command = [sys.executable, "-m", "tests.bench.load", str(server.port), str(seconds), str(CONNECTIONS), str(load)]
    out = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    after = server.cpu_seconds()
    good = sum(count for status, count in out["statuses"].items() if status.startswith("2"))
    if good != out["requests"] or out["broken"]:
        raise SystemExit(f"{name}: {out['statuses']}, {out['broken']} broken connections")
    into.cpu_us.append((after - before) / good * 1e6)
    into.per_second.append(out["per_second"])
    into.p50_ms.append(out["p50_ms"])
    into.p99_ms.append(out["p99_ms"])
    into.rss_mib = server.rss_mib()


def _write(file: Path, made: Sequence[tuple[str, bytes]], path: str) -> None:
    keys = {name: hook_key(SECRET.encode(), "acme", HookName(name, 1)) for name, _ in made}
    requests = (
        f"POST {path.format(key=keys[name])} HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Type: application/json\r\n"
        f"User-Agent: vendor/1.0\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
        for name, body in made
    )
    file.write_bytes(b"\n".join(base64.b64encode(request) for request in requests))


async def _create(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(PEER_TOPIC, 3, 1)])
    await admin.close()


def _print(measured: dict[str, Measured]) -> None:
    floor = statistics.median(next(iter(measured.values())).cpu_us)
    # ruff: noqa: T201 - a bench prints
    print(f"\n{CONNECTIONS} keep-alive connections, {os.cpu_count()} cores, medians of the rounds")
    heads = ("CPU us/event", 14), ("(min-max)", 16), ("x bare", 8), ("requests/s", 12), ("p50 ms", 8), ("p99 ms", 8)
    print(f"{'':<26}" + "".join(f"{head:>{width}}" for head, width in (*heads, ("RSS MiB", 9))))
    for name, one in measured.items():
        cpu = statistics.median(one.cpu_us)
        print(
            f"{name:<26}{cpu:>14.1f}{f'{min(one.cpu_us):.1f}-{max(one.cpu_us):.1f}':>16}{cpu / floor:>8.2f}"
            f"{statistics.median(one.per_second):>12.0f}{statistics.median(one.p50_ms):>8.2f}"
            f"{statistics.median(one.p99_ms):>8.2f}{one.rss_mib:>9.0f}"
        )


if __name__ == "__main__":
    main()
