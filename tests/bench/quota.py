"""`make bench-quota`: real minutes at full quota, against the strict limiter, and again with the owner killed -9.

    make bench-quota ARGS="--minutes 10"

Each run has a worker process, a vendor process and a prefix of its own on one local Kafka; both go side by side. The
vendor's log is the judge: how many requests reached it, when, and whether it refused any. On the connection sixty
commands that read a contact always wait, and there come

* the eight pollers, each of which wants to poll every 30 s;
* dials, four times a minute at random, every tenth time three at once.

The use of the quota is counted over whole cycles (window, guard and mean response time) after the first minutes:
the formula's calls come in each of them.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from types import MappingProxyType

from bridge.cli.event_loop import run_loop
from bridge.kafka.local import start_local_kafka
from tests.bench.commands import DIAL, GET_CONTACT, Client
from tests.bench.installation import Installation, Worker, names
from tests.bench.vendor import Seen, Vendor, key_of
from tests.bench.verdicts import Row, share, show

CALLS, WINDOW_S, GUARD_S = 100, 60.0, 0.25
# The vendor's quota, and the bridge's defaults.
WAITING = 60
# Commands that always wait: 38 s of work, so none of them expires after 60.
POLLS = MappingProxyType({"pollers": {"defaults": {"enabled": True, "interval": "30s"}}})
LISTS = 8
TRIGGERS = "/api/v2/trigger/"
POLLED_WITHIN_S = 130.0
# The contract's, with queries backlogged.
DIAL_EVERY_S = 15.0
SETTLES_S = 2 * (WINDOW_S + 1.0)
# Windows until slots become free at the pace at which they are taken; not measured.
LOOK_EVERY_S = 0.1
LAST_ANSWERS_S = 12.0
# What is under way at the end: the longest answer takes 10 s.


@dataclass(frozen=True)
class Outcome:
    """A run: its client's commands and the vendor's log. `began` and `ended` are monotonic moments of the load.

    `fewest` is how many reads of a contact waited at least, after the first were published.
    """

    client: Client
    fewest: int
    seen: Seen
    began: float
    ended: float
    workers: Sequence[Worker]


class Load:
    """What is asked of one connection."""

    def __init__(self, client: Client, connection: str, contact_id: int, random_: random.Random) -> None:
        self._client = client
        self._connection = connection
        self._contact_id = contact_id
        self._random = random_
        self._numbers = 0
        self.fewest = WAITING

    async def go_on(self) -> None:
        """Ask until cancelled."""
        await asyncio.gather(self._wait_in_line(), self._dial())

    async def _wait_in_line(self) -> None:
        missing = WAITING
        while True:
            for _ in range(missing):
                await self._client.send(self._connection, GET_CONTACT, {"id": self._contact_id})
            await asyncio.sleep(LOOK_EVERY_S)
            waiting = self._client.open(self._connection, GET_CONTACT)
            self.fewest = min(self.fewest, waiting)
            missing = WAITING - waiting

    async def _dial(self) -> None:
        due = time.monotonic()
        while True:
            due += self._random.expovariate(1 / DIAL_EVERY_S)
            await asyncio.sleep(due - time.monotonic())
            for _ in range(3 if self._random.random() < 0.1 else 1):
                self._numbers += 1
                data = {"contact_id": self._contact_id, "destination": f"3706{self._numbers:07d}"}
                await self._client.send(self._connection, DIAL, data)


async def run(installation: Installation, vendor: Vendor, minutes: float, *, kill: bool) -> Outcome:
    """Load one connection; with `kill` there are two workers, and the one that has the connection dies half-way."""
    with ExitStack() as stack:
        stack.callback(vendor.kill)
        workers = [installation.worker(stack, f"worker-{number}") for number in range(2 if kill else 1)]
        await asyncio.gather(*(worker.ready() for worker in workers))
        async with Client(installation.bootstrap, installation.prefix) as client:
            connection = installation.connections[0]
            began = time.monotonic()
            load = Load(client, connection, vendor.contacts[key_of(0)], random.Random(7))
            loading = asyncio.create_task(load.go_on())
            await asyncio.wait({loading}, timeout=minutes * 30)
            if kill and not loading.done():
                await _kill_owner(workers, connection)
            await asyncio.wait({loading}, timeout=minutes * 30)
            ended = time.monotonic()
            loading.cancel()
            with suppress(asyncio.CancelledError):
                await loading
            await asyncio.sleep(LAST_ANSWERS_S)
        for worker in workers:
            if worker.process.poll() is None:
                worker.stop()
        return Outcome(client, load.fewest, vendor.stop(), began, ended, workers)


async def _kill_owner(workers: Sequence[Worker], connection: str) -> None:
    owned = [await worker.metric("bridge_quota_slots_busy", connection=connection) for worker in workers]
    workers[owned.index(max(owned))].kill()


def use_of(outcome: Outcome) -> tuple[float, float, float]:
    """Give the calls a minute in the steady part, the formula's, and the mean response time in seconds."""
    response_s = fmean(one.there + one.back for one in outcome.seen.drawn)
    cycle_s = WINDOW_S + GUARD_S + response_s
    cycles = int((outcome.ended - outcome.began - SETTLES_S) / cycle_s)
    if cycles < 1:
        raise SystemExit("too short: the first window is over after a minute, and the next has to be whole")
    begin = outcome.ended - cycles * cycle_s
    calls = sum(begin <= row.at < outcome.ended for row in outcome.seen.arrived)
    return calls / (cycles * cycle_s) * 60, CALLS / cycle_s * 60, response_s


def dial_waits(outcome: Outcome) -> list[float]:
    """Give the seconds from each dial's append to its arrival at the vendor, rising."""
    appended = {one.id: one.appended_ms for one in outcome.client.commands.values() if one.kind == DIAL}
    # Dials are numbered as they are sent, and so are the numbers that they call.
    by_number = {f"3706{number:07d}": ms for number, ms in enumerate(appended.values(), start=1)}
    epoch_s = time.time() - time.monotonic()  # noqa: TID251 - the brokers tell the time of day
    arrived = [row for row in outcome.seen.arrived if row.operation == "Dial"]
    return sorted(row.at + epoch_s - by_number[row.asked] / 1000 for row in arrived)


def polls_of(outcome: Outcome) -> Mapping[str, Sequence[float]]:
    """Give for each polled list the seconds from one poll to the next, the beginning and the end counted as polls."""
    moments: defaultdict[str, list[float]] = defaultdict(lambda: [outcome.began])
    for row in outcome.seen.arrived:
        # A look back asks for a stretch of time, and a page behind the first one is no new poll.
        polls = row.asked.startswith(TRIGGERS) and "date_from=" not in row.asked and "offset=" not in row.asked
        if polls and outcome.began < row.at < outcome.ended:
            moments[row.operation].append(row.at)
    return {
        name: [after - before for before, after in pairwise([*all_, outcome.ended])] for name, all_ in moments.items()
    }


def rows_of(outcome: Outcome, *, kill: bool) -> list[Row]:
    """Give what a run has to show; after a kill the use and the waits are what they are."""
    calls, possible, response_s = use_of(outcome)
    arrived, waits = outcome.seen.arrived, dial_waits(outcome)
    refused = sum(row.refused or row.status == 429 for row in arrived)
    dials = outcome.client.statuses(DIAL)
    polls = polls_of(outcome)
    unpolled = max(map(max, polls.values())) if len(polls) == LISTS else outcome.ended - outcome.began
    posts = [row.asked for row in arrived if row.operation == "Dial"]
    use, p99, longest = 100 * calls / possible, share(waits, 0.99), waits[-1]
    return [
        Row("requests at the vendor", f"{len(arrived):,}"),
        Row.at_most("429s", refused, 0, ""),
        Row.at_most(f"most requests in any {WINDOW_S:.0f} s", outcome.seen.most_within, CALLS, ""),
        Row("mean response time", f"{response_s:.3f} s"),
        Row("calls a minute, formula", f"{possible:.2f}"),
        Row("calls a minute, steady part", f"{calls:.2f}"),
        Row("use of the quota", f"{use:.2f} %") if kill else Row.at_least("use of the quota", use, 99, " %", 2),
        Row("dials", f"{dials.total()}"),
        Row("dials, wait p50", f"{share(waits, 0.5):.2f} s"),
        Row("dials, wait p99", f"{p99:.2f} s") if kill else Row.at_most("dials, wait p99", p99, 3, " s", 2),
        Row("dials, longest wait", f"{longest:.2f} s")
        if kill
        else Row.at_most("dials, longest wait", longest, 10, " s", 2),
        Row.at_most("dials sent twice", len(posts) - len(set(posts)), 0, ""),
        Row("dials, results", _told(dials)),
        Row("contacts, results", _told(outcome.client.statuses(GET_CONTACT))),
        Row("contacts that waited, the fewest", f"{outcome.fewest}"),
        Row("polls", f"{sum(len(gaps) - 1 for gaps in polls.values())}, of {len(polls)} lists"),
        Row("longest without a poll of a list", f"{unpolled:.1f} s")
        if kill
        else Row.at_most("longest without a poll of a list", unpolled, POLLED_WITHIN_S, " s", 1),
        Row.at_most("commands answered twice", outcome.client.twice, 0, ""),
    ]


def _told(statuses: Mapping[str | None, int]) -> str:
    counts = sorted(statuses.items(), key=str)
    return ", ".join(f"{status or 'waiting at the end'} {count:,}" for status, count in counts)


async def _bench(minutes: float) -> bool:
    kafka = await start_local_kafka(print)
    try:
        with tempfile.TemporaryDirectory() as folder:
            running = []
            for kill in (False, True):
                vendor = Vendor.start(1, CALLS, WINDOW_S, latency=True)
                installation = Installation(kafka.bootstrap, Path(folder), vendor.base_url, names(1), POLLS)
                running.append(run(installation, vendor, minutes, kill=kill))
            usual, killed = await asyncio.gather(*running)
    finally:
        await kafka.stop()
    met = show(f"{minutes:g} minutes at full quota", rows_of(usual, kill=False))
    return show(f"{minutes:g} minutes, the owner killed -9 half-way", rows_of(killed, kill=True)) and met


def main() -> None:
    """Measure, print, and exit with 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="make bench-quota", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of each of the two runs, which go side by side")
    raise SystemExit(0 if run_loop(_bench(parser.parse_args().minutes)) else 1)


if __name__ == "__main__":
    main()
