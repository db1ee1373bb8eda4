"""What a connection costs: CPU and memory of one worker with 1, 10, 100 and 1,000 of them."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from tests.bench.commands import GET_CONTACT, Client
from tests.bench.growth.ground import PLENTY, Ground, quota
from tests.bench.installation import Installation, Worker, names
from tests.bench.vendor import key_of
from tests.bench.verdicts import Row

COUNTS = (1, 10, 100, 1_000)
USUAL = 100
# Calls in a window by default; 20 commands a second need more from fewer than so many connections.
PER_SECOND = 20.0
CALM_S = 5.0
# After the start, until what it brings with it is over.


class Cost(NamedTuple):
    """Of one worker process; CPU in percent of one core."""

    rss_mib: float
    idle_cpu: float
    busy_cpu: float
    busy_rss_mib: float


async def rows(ground: Ground, seconds: float) -> list[Row]:
    """Measure each number of connections for so many seconds, idle and busy."""
    costs = {count: await _cost(ground, count, seconds) for count in COUNTS}
    made = [Row(f"connections: {count:,}", _told(cost)) for count, cost in costs.items()]
    one, most = costs[min(costs)], costs[max(costs)]
    kib = (most.rss_mib - one.rss_mib) / (max(costs) - min(costs)) * 1024
    return [*made, Row("a connection more, RSS idle", f"{kib:.1f} KiB")]


def _told(cost: Cost) -> str:
    return (
        f"idle {cost.idle_cpu:.1f} % of a core, {cost.rss_mib:.1f} MiB; "
        f"{PER_SECOND:.0f} commands/s in all {cost.busy_cpu:.1f} %, {cost.busy_rss_mib:.1f} MiB"
    )


async def _cost(ground: Ground, count: int, seconds: float) -> Cost:
    installation = ground.installation(names(count), quota(PLENTY if count < USUAL else USUAL))
    worker = await ground.worker(installation)
    await asyncio.sleep(CALM_S)
    idle_cpu, rss_mib = await _cpu(worker, seconds), worker.rss_mib()
    async with Client(installation.bootstrap, installation.prefix) as client:
        loading = asyncio.create_task(_load(client, installation, ground.vendor.contacts, PER_SECOND))
        await asyncio.sleep(CALM_S)
        busy_cpu, busy_rss_mib = await _cpu(worker, seconds), worker.rss_mib()
        loading.cancel()
        with suppress(asyncio.CancelledError):
            await loading
        await asyncio.sleep(CALM_S)
        statuses = client.statuses(GET_CONTACT)
        if set(statuses) != {"ok"}:
            raise SystemExit(f"{count} connections: {dict(statuses)}")
    worker.stop()
    return Cost(rss_mib, idle_cpu, busy_cpu, busy_rss_mib)


async def _cpu(worker: Worker, seconds: float) -> float:
    before, began = worker.cpu_seconds(), time.monotonic()
    await asyncio.sleep(seconds)
    return 100 * (worker.cpu_seconds() - before) / (time.monotonic() - began)


async def _load(client: Client, installation: Installation, contacts: "dict[str, int]", per_second: float) -> None:
    numbered: Sequence[tuple[int, str]] = list(enumerate(installation.connections))
    due = time.monotonic()
    for number, connection in itertools.cycle(numbered):
        await client.send(connection, GET_CONTACT, {"id": contacts[key_of(number)]})
        due += 1 / per_second
        await asyncio.sleep(due - time.monotonic())
