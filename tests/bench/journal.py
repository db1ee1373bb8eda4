"""What the journal costs on a real broker: `python -m tests.bench.journal`. Linux and one broker on the same machine.

Prints a line each: taking over one shard and twelve at once, transactions with 1 and 20 appends that wait, and reading
and understanding a journal of 100,000 dials.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from bridge.calls.journal_format import put, read
from bridge.calls.journal_keys import CommandKey, OwnerKey, SlotKey, command_identity
from bridge.calls.journal_values import Intent, Owner, Slot, Verdict
from bridge.cli.event_loop import run_loop, settle_memory
from bridge.kafka.local import start_local_kafka
from bridge.kafka.shard_journal import KafkaShard
from tests.kafka.journals import KafkaWorld

TAKE_OVERS = 20
TRANSACTIONS = 200
DIALS = 100_000
# The figure for a take-over.
REST = 0.05
# Seconds between two appends: a transaction that follows another one at once waits for that one's markers.
AT_ONCE = 1_000
# Dials per append: as fast as a journal can be filled.


def spread(name: str, seconds: Sequence[float]) -> str:
    """Give one line: p50, p99 and the largest, in milliseconds."""
    ordered = sorted(seconds)
    p50, p99 = (ordered[int((len(ordered) - 1) * share)] * 1000 for share in (0.5, 0.99))
    return f"{name:<58} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   max {ordered[-1] * 1000:7.1f} ms   n {len(ordered)}"


async def timed(action: Callable[[], Awaitable[object]], times: int) -> list[float]:
    """Run it so many times, one after the other."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await action()
        taken.append(time.perf_counter() - began)
    return taken


class Bench:
    """One journal of 13 shards: twelve are taken over and over again, the last one is filled."""

    def __init__(self, world: KafkaWorld) -> None:
        self._world = world
        self._opened: list[KafkaShard] = []

    async def take_over(self, shard: int) -> KafkaShard:
        """Open, understand, and store the marker: until then nothing may be sent."""
        writer, snapshot = await self._world.journal.open(shard)
        self._opened.append(writer)
        read(snapshot)
        await writer.append([put(OwnerKey(), Owner(writer.epoch, "bench"))])
        return writer

    async def take_over_all(self, shards: range) -> None:
        """Take over several shards at once, each from an owner that is still there."""
        await asyncio.gather(*map(self.take_over, shards))

    async def close(self) -> None:
        """Let all go that was ever opened."""
        await asyncio.gather(*(writer.close() for writer in self._opened))


def dials(first: int, count: int) -> list[tuple[CommandKey, Verdict]]:
    """Give answered dials as they lie in a journal."""
    made = []
    for number in range(first, first + count):
        intent = Intent("acme", "crm.example.com/dialler", f"order-{number}", number, 224, "37060000000", number % 100)
        verdict = Verdict("acme", dial=True, status="ok", accepted_ms=number, intent=intent, sent_ms=number)
        made.append((CommandKey(command_identity("acme", intent.source, intent.id)), verdict))
    return made


async def main() -> None:
    """Measure, and print."""
    # ruff: noqa: T201 - a bench prints
    kafka = await start_local_kafka(print)
    world = KafkaWorld(kafka.bootstrap, shards=13, max_record_bytes=400_000)
    await world.create_topics()
    bench = Bench(world)
    try:
        await bench.take_over_all(range(12))
        print(spread("take-over of a shard", await timed(lambda: bench.take_over_all(range(1)), TAKE_OVERS)))
        print(spread("take-over of 12 shards at once", await timed(lambda: bench.take_over_all(range(12)), 10)))
        writer = await bench.take_over(12)
        slot, result = put(SlotKey("acme", 1), Slot(dial=True)), world.result("1", "x" * 400)

        async def append(count: int) -> None:
            await asyncio.gather(*(writer.append([slot], [result]) for _ in range(count)))

        alone: list[float] = []
        for _ in range(TRANSACTIONS // 2):
            await asyncio.sleep(REST)
            alone += await timed(lambda: append(1), 1)
        print(spread("1 append after a rest", alone))
        print(spread("1 append, back to back", await timed(lambda: append(1), TRANSACTIONS)))
        print(spread("20 appends that wait, back to back", await timed(lambda: append(20), TRANSACTIONS)))
        for first in range(0, DIALS, AT_ONCE):
            await writer.append([put(key, verdict) for key, verdict in dials(first, AT_ONCE)])
        print(spread(f"take-over of a shard with {DIALS} dials", await timed(lambda: bench.take_over(12), 5)))
        left, snapshot = await world.journal.open(12)
        began = time.perf_counter()
        read(snapshot)
        print(f"of which understanding the records: {time.perf_counter() - began:.2f} s")
        await left.close()
    finally:
        await bench.close()
        await kafka.stop()


if __name__ == "__main__":
    settle_memory()  # as the service does
    run_loop(main())
