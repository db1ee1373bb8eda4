"""What all figures of growth stand on: a broker, a folder, and a vendor that nobody exceeds the quota of."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bridge.kafka.local import LocalKafka
from tests.bench.installation import Installation, Worker
from tests.bench.vendor import Vendor

PLENTY = 10_000
# Calls in a window: the largest quota that may be configured, so that it is not the quota that is measured.
WINDOW_S = 60.0
AT_ONCE = 500
# Commands that are published at the same time.


class Ground(NamedTuple):
    """What the figures share."""

    kafka: LocalKafka
    folder: Path
    vendor: Vendor
    stack: ExitStack

    def installation(self, connections: Sequence[str], settings: Mapping[str, object]) -> Installation:
        """Give a new installation."""
        return Installation(self.kafka.bootstrap, self.folder, self.vendor.base_url, connections, settings)

    async def worker(self, installation: Installation, name: str = "worker") -> Worker:
        """Start a worker and wait until it is ready."""
        worker = installation.worker(self.stack, name)
        await worker.ready()
        return worker


def quota(calls: int) -> Mapping[str, object]:
    """Give the settings of connections with so many calls in a window."""
    return {"rate_limit": {"calls": calls, "window": f"{WINDOW_S:g}s"}}
