"""Drills with real processes on a real Kafka, judged by the simulator's log: `python -m tests.drills [NAME …]`.

Several are held at a time, each with topics and a vendor of its own. A row each as it ends, and tables at the end; exit
1 when any row is wrong. The logs of the processes of wrong rows are kept.
"""

# ruff: noqa: T201 - a report

import argparse
import asyncio
import logging
import os
import shutil
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bridge.kafka.local import start_local_kafka
from tests.drills import recovery
from tests.drills.catalogue import Drill, drills
from tests.drills.clients import Sender
from tests.drills.processes import ROOT
from tests.drills.recovery import Recovery
from tests.drills.recovery_table import recovery_tables
from tests.drills.report import Row, complaints, hold, table
from tests.drills.scene import Ground

RECOVERY = "recovery"
# Judged by the vendor's lists instead of by commands, so it has a table of its own.
CHART_TOOLS = ROOT / ".venv-chart" / "bin"
# `make chart-tools` puts them there.
AT_ONCE = 4
# Stories on two cores; those that only wait for the end of a doubt do not count.


def main() -> int:
    """Hold the drills of these names, or all; give the exit code."""
    every = drills()
    parser = argparse.ArgumentParser(prog="make drills", description=__doc__)
    known = [RECOVERY, *(drill.name for drill in every)]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="how many are held at a time")
    parser.add_argument("--keep", action="store_true", help="keep all logs")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(known):
        parser.error(f"there is no drill {', '.join(sorted(unknown))}")
    chosen = [drill for drill in every if not arguments.names or drill.name in arguments.names]
    # What the drills' own clients say while their broker is away is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # helm, which renders what is rolled.
    os.environ["PATH"] = os.pathsep.join([str(CHART_TOOLS), os.environ["PATH"]])
    folder = Path(tempfile.mkdtemp(prefix="drills-"))
    began = time.monotonic()
    recovers = not arguments.names or RECOVERY in arguments.names
    rows, recovered = asyncio.run(_hold_all(chosen, folder, arguments.at_once, recovers=recovers))
    if rows:
        print(f"\n{table(rows)}\n")
    if recovered is not None:
        print(f"\n{recovery_tables(recovered)}\n")
    complained = [row.wrong for row in rows] + ([] if recovered is None else [recovered.wrong])
    wrong = list(filter(None, complained))
    right = len(complained) - len(wrong)
    print(f"{right} of {len(complained)} drills are right, in {time.monotonic() - began:.0f} s")
    if wrong or arguments.keep:
        print(f"the logs are in {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if wrong else 0


async def _hold_all(
    chosen: list[Drill], folder: Path, at_once: int, *, recovers: bool
) -> tuple[list[Row], Recovery | None]:
    async with AsyncExitStack() as stack:
        turns = asyncio.Semaphore(at_once)
        recovering = asyncio.create_task(_recover(await _ground(stack, folder), turns)) if recovers else None
        grounds: list[Ground] = []
        if chosen:
            shared = await _ground(stack, folder)
            grounds = [await _ground(stack, folder) if drill.own_kafka else shared for drill in chosen]
        holding = [hold(drill, ground, turns) for drill, ground in zip(chosen, grounds, strict=True)]
        rows = []
        for next_one in asyncio.as_completed(holding):
            row = await next_one
            print(table([row]).splitlines()[-1], flush=True)
            if row.wrong:
                print(complaints(row), flush=True)
            rows.append(row)
        recovered = None if recovering is None else await recovering
    order = [drill.name for drill in chosen]
    return sorted(rows, key=lambda row: order.index(row.name)), recovered


async def _recover(ground: Ground, turns: asyncio.Semaphore) -> Recovery:
    async with turns:
        return await recovery.hold(ground)


async def _ground(stack: AsyncExitStack, folder: Path) -> Ground:
    kafka = await start_local_kafka(print, own=True)
    stack.push_async_callback(kafka.stop)
    sender = Sender(kafka.bootstrap)
    await sender.start()
    stack.push_async_callback(sender.stop)
    return Ground(kafka, sender, folder)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        # By now all processes of the drills have been ended.
        sys.exit(130)
