"""The probes of a pod as its kubelet makes them: one GET each period, and thresholds that make answers a verdict."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from tests.chart.pod_network import Network
from tests.chart.pod_plan import Probe


@dataclass
class Threshold:
    """So many equal answers in a row make a verdict."""

    successes: int
    failures: int
    _last: bool | None = None
    _in_a_row: int = 0

    def verdict(self, succeeded: bool) -> bool | None:
        """Count an answer; give what is certain now, or None."""
        self._in_a_row = self._in_a_row + 1 if succeeded is self._last else 1
        self._last = succeeded
        needed = self.successes if succeeded else self.failures
        return succeeded if self._in_a_row >= needed else None


async def answers(probe: Probe, network: Network) -> AsyncIterator[bool]:
    """Ask again and again; give whether each answer was good."""
    clock = asyncio.get_running_loop().time
    await asyncio.sleep(probe.initial_delay_s)
    due = clock()
    while True:
        yield await succeeds(probe, network)
        due = max(due + probe.period_s, clock())
        await asyncio.sleep(due - clock())


async def succeeds(probe: Probe, network: Network) -> bool:
    """Ask once: an answer between 200 and 399 in time is good; without a path a listener is enough."""
    try:
        async with asyncio.timeout(probe.timeout_s):
            if probe.path is None:
                _, writer = await network.dial(probe.port)
                writer.transport.abort()
                return True
            return 200 <= await status(network, probe.port, probe.path) < 400
    except (OSError, TimeoutError, EOFError, ValueError):
        return False


async def status(network: Network, port: int, path: str) -> int:
    """GET a path of the pod and give the answer's status. Raises OSError, EOFError and ValueError."""
    reader, writer = await network.dial(port)
    try:
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: pod\r\nUser-Agent: kube-probe/1.34\r\nConnection: close\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n")
        return int(head.split()[1])
    finally:
        writer.transport.abort()
