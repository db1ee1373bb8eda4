"""The load: a process of its own that keeps 64 connections busy for a while and tells how it went.

Run as `python -m tests.bench.load PORT SECONDS CONNECTIONS FILE`; FILE holds one whole request a line, base64-coded.
It prints one JSON object.
"""

import asyncio
import base64
import sys
import time
from pathlib import Path
from typing import cast

import orjson
from typing_extensions import override

from bridge.cli.event_loop import run_loop


class _Client(asyncio.Protocol):
    """One keep-alive connection with one request under way."""

    def __init__(self, requests: list[bytes], start: int, stride: int, state: "_State") -> None:
        self._requests, self._at, self._stride, self._state = requests, start, stride, state
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        self._sent_at = time.perf_counter()
        self._transport.write(self._requests[self._at % len(self._requests)])
        self._at += self._stride

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._state.answered(head[9:12], time.perf_counter() - self._sent_at)
        if self._state.running:
            self._next()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._state.running:
            self._state.broken += 1


class _State:
    def __init__(self) -> None:
        self.running = True
        self.broken = 0
        self.statuses: dict[str, int] = {}
        self.latencies: list[float] = []

    def answered(self, status: bytes, seconds: float) -> None:
        text = status.decode()
        self.statuses[text] = self.statuses.get(text, 0) + 1
        self.latencies.append(seconds)


async def _load(port: int, seconds: float, connections: int, requests: list[bytes]) -> dict[str, object]:
    state = _State()
    loop = asyncio.get_running_loop()
    transports = []
    began = time.perf_counter()
    for number in range(connections):
        transport, _ = await loop.create_connection(
            lambda number=number: _Client(requests, number, connections, state),  # type: ignore[misc] # a default binds it
            "127.0.0.1",
            port,
        )
        transports.append(transport)
    await asyncio.sleep(seconds)
    state.running = False
    took = time.perf_counter() - began
    await asyncio.sleep(0.3)  # answers under way
    for transport in transports:
        transport.close()
    ordered = sorted(state.latencies)
    return {
        "requests": len(ordered),
        "per_second": len(ordered) / took,
        "p50_ms": ordered[len(ordered) // 2] * 1000 if ordered else None,
        "p99_ms": ordered[len(ordered) * 99 // 100] * 1000 if ordered else None,
        "statuses": state.statuses,
        "broken": state.broken,
    }


if __name__ == "__main__":
    _, port_, seconds_, connections_, file_ = sys.argv
    lines = [base64.b64decode(line) for line in Path(file_).read_bytes().splitlines()]
    sys.stdout.buffer.write(orjson.dumps(run_loop(_load(int(port_), float(seconds_), int(connections_), lines))))
