"""What 50,000 commands cost that wait for a slot of one connection, and what happens when all expire at once."""

import asyncio
import time

from tests.bench.commands import GET_CONTACT, Client
from tests.bench.growth.ground import AT_ONCE, Ground
from tests.bench.installation import names
from tests.bench.verdicts import Row

COMMANDS = 50_000
MOST_MIB = 300.0
TTL_S = 120.0
# The longest that a command may have.
LATE_S = 30.0
# The contract's: a result by the deadline and so much.
READ_WITHIN_S = 90.0
LOOK_EVERY_S = 1.0
SETTINGS = {
    "rate_limit": {"calls": 1},
    "commands": {"query_ttl": f"{TTL_S:g}s", "dial_ttl": f"{TTL_S:g}s", "max_queued": 2 * COMMANDS},
}


async def rows(ground: Ground) -> list[Row]:
    """Publish them, wait until all wait, and until all are answered."""
    installation = ground.installation(names(1), SETTINGS)
    worker = await ground.worker(installation)
    idle_mib = worker.rss_mib()
    async with Client(installation.bootstrap, installation.prefix) as client:
        began = time.monotonic()
        turns = asyncio.Semaphore(AT_ONCE)

        async def send(number: int) -> None:
            async with turns:
                await client.send(installation.connections[0], GET_CONTACT, {"id": number})

        await asyncio.gather(*(send(number) for number in range(COMMANDS)))
        published = time.monotonic()
        # One or two get the slot.
        while (waiting := await worker.metric("bridge_commands_waiting", lane="query")) < COMMANDS - 2:
            if time.monotonic() - began > READ_WITHIN_S:
                raise SystemExit(f"only {waiting:.0f} of {COMMANDS} commands wait after {READ_WITHIN_S:.0f} s")
            await asyncio.sleep(LOOK_EVERY_S)
        all_wait, mib = time.monotonic(), worker.rss_mib()
        while client.statuses(GET_CONTACT)[None]:
            if time.monotonic() - published > TTL_S + 2 * LATE_S:
                raise SystemExit(f"commands without a result: {client.statuses(GET_CONTACT)[None]}")
            await asyncio.sleep(LOOK_EVERY_S)
        late_s = time.monotonic() - published - TTL_S
    peak_mib = worker.peak_mib()
    worker.stop()
    return [
        Row.at_most(f"{COMMANDS:,} commands wait: RSS", mib, MOST_MIB, " MiB"),
        Row("a command that waits", f"{(mib - idle_mib) / COMMANDS * 1024:.2f} KiB"),
        Row("published, and all wait, after", f"{published - began:.0f} s, {all_wait - began:.0f} s"),
        Row.at_most("all have expired at once: last result after the deadline", late_s, LATE_S, " s"),
        Row("all have expired at once: most RSS", f"{peak_mib:.0f} MiB"),
    ]
