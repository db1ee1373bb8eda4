"""`make bench-growth`: what connections, waiting commands and long journals cost, and how quick an idle bridge is.

    make bench-growth ARGS="--only waiting latency"

One worker process on a local Kafka, the simulator as a process of its own; the vendor's log and /proc are the judges.
"""

import argparse
import tempfile
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

from bridge.cli.event_loop import run_loop
from bridge.kafka.local import start_local_kafka
from tests.bench.growth import connections, latency, take_over, waiting
from tests.bench.growth.ground import PLENTY, WINDOW_S, Ground
from tests.bench.vendor import Vendor
from tests.bench.verdicts import show

PARTS = ("connections", "take-over", "waiting", "latency")


async def _bench(only: Collection[str], seconds: float) -> bool:
    kafka = await start_local_kafka(print)
    met = True
    try:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            vendor = Vendor.start(max(connections.COUNTS), PLENTY, WINDOW_S, latency=False)
            stack.callback(vendor.kill)
            ground = Ground(kafka, Path(folder), vendor, stack)
            if "connections" in only:
                met = show("Connections on one worker", await connections.rows(ground, seconds))
            if "take-over" in only:
                met = show("Take-over", await take_over.rows(ground)) and met
            if "waiting" in only:
                met = show("Waiting commands", await waiting.rows(ground)) and met
            if "latency" in only:
                sent = await latency.commands(ground)
                met = show("An idle bridge", latency.rows(sent, vendor.stop())) and met
    finally:
        await kafka.stop()
    return met


def main() -> None:
    """Measure, print, and exit with 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="make bench-growth", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each CPU figure")
    arguments = parser.parse_args()
    raise SystemExit(0 if run_loop(_bench(arguments.only, arguments.seconds)) else 1)


if __name__ == "__main__":
    main()
