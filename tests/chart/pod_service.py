"""A Service in miniature: new connections go to the pods that are endpoints, each change of which takes a moment.

What stands stays where it is, as with kube-proxy: nobody moves or ends a connection but its two ends.
"""

import asyncio
import random
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final

from tests.chart.pod_network import LOOPBACK, Relay, Stream
from tests.chart.pods import Pod

PROPAGATION_S: Final = 1.0
# From a pod's readiness or removal to the rules of every node; mostly less.
_LOOK_EVERY_S: Final = 0.05
_BACKLOG: Final = 512


class Service:
    """Listens on this host's loopback in place of the cluster's address. `pods` are those that its selector finds."""

    def __init__(self, pods: Callable[[], Sequence[Pod]], port: str) -> None:
        self._pods = pods
        self._port = port
        self._known: list[Pod] = []
        self._choice = random.Random(1)
        self._listener = socket.create_server((LOOPBACK, 0), backlog=_BACKLOG)
        self._relay: Relay | None = None
        self._following: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    @property
    def endpoints(self) -> int:
        """How many pods it leads to."""
        return len(self._known)

    async def start(self) -> None:
        """Begin to follow the pods, and listen."""
        self._following = asyncio.get_running_loop().create_task(self._follow())
        self._relay = await Relay.start(self._listener, self.dial)

    async def stop(self) -> None:
        """End all connections."""
        if self._following is not None:
            self._following.cancel()
        if self._relay is not None:
            await self._relay.stop()

    async def dial(self) -> Stream:
        """Open a connection to an endpoint; without any it is refused. Raises OSError."""
        if not self._known:
            raise ConnectionRefusedError
        return await self._choice.choice(self._known).dial(self._port)

    async def _follow(self) -> None:
        seen: list[tuple[float, list[Pod]]] = []
        while True:
            now = time.monotonic()
            seen.append((now, [pod for pod in self._pods() if pod.serves]))
            while seen and seen[0][0] <= now - PROPAGATION_S:
                self._known = seen.pop(0)[1]
            await asyncio.sleep(_LOOK_EVERY_S)
