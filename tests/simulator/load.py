"""What the simulator costs: `python -m tests.simulator.load`, with its command in a process of its own.

Registers a hook for each event, takes the webhooks, asks the API, and prints CPU and memory of the simulator's process
every minute and at the end. Linux alone: it reads /proc.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from aiohttp import ClientSession

from bridge.simulator.facts import EVENTS
from bridge.simulator.options import DEFAULT_KEY
from tests.simulator.receiver import CountingReceiver

COMMAND = (sys.executable, "-m", "bridge.cli", "simulator")
PATHS = (
    "trigger/call_history?initial_call_id=0&limit=50",
    "trigger/contacts?initial_contact_id=0",
    "call_history/5",
    "lost_calls",
    "trigger/voicemails?initial_voicemail_id=0&limit=20",
)
# Until lists and lanes are as full as they get at this rate; not measured.
WARM_UP = 3.0


class Process:
    """The simulator's process, as the kernel sees it."""

    def __init__(self, pid: int) -> None:
        self._proc = Path("/proc") / str(pid)

    def cpu(self) -> float:
        fields = (self._proc / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> str:
        found = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+)", (self._proc / "status").read_text()))
        return f"RSS {int(found['VmRSS']) // 1024} MiB, at most {int(found['VmHWM']) // 1024} MiB"


async def ask_at(rate: float, seconds: float, client: ClientSession, url: str) -> int:
    """Send `rate` requests a second, whatever the answers take; return how many were answered."""
    tasks: list[asyncio.Task[None]] = []

    async def one(path: str) -> None:
        async with client.get(f"{url}/{path}") as response:
            await response.read()

    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        tasks += [asyncio.create_task(one(PATHS[n % len(PATHS)])) for n in range(len(tasks), int(passed * rate))]
        await asyncio.sleep(0.01)
    await asyncio.gather(*tasks)
    return len(tasks)


async def measure(process: Process, url: str, receiver: CountingReceiver, *, rate: float, seconds: float) -> None:
    """Register, wait until it is warm, ask, and print a line a minute."""
    await receiver.start()
    async with ClientSession(headers={"Authorization": f"Bearer {DEFAULT_KEY}"}) as client:
        async with client.put(url.replace("/api/v2", "/_control/limit"), json={"limit": 10_000_000}):
            pass
        for event in EVENTS:
            async with client.post(f"{url}/webhooks/{event}", json={"endpoint": f"{receiver.url}/{event}"}):
                pass
        await asyncio.sleep(WARM_UP)
        cpu, received, began = process.cpu(), receiver.count, time.monotonic()
        answered = 0
        while (left := seconds - (time.monotonic() - began)) > 0:
            answered += await ask_at(rate, min(60.0, left), client, url)
            passed = time.monotonic() - began
            webhooks = (receiver.count - received) / passed
            sys.stdout.write(
                f"{passed:.0f} s: {webhooks:.0f} webhooks/s, {answered / passed:.0f} requests/s, "
                f"{(process.cpu() - cpu) / passed:.2f} cores, {process.memory()}\n"
            )
            sys.stdout.flush()
    await receiver.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls-per-second", type=float, default=135.0)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--api-per-second", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    options = ("--port", "0", "--seed", "1", "--report", "60", "--speed", str(asked.speed))
    rate = ("--calls-per-second", str(asked.calls_per_second))
    with subprocess.Popen((*COMMAND, *options, *rate), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[2].rstrip(",")
        seen = Process(process.pid)
        asyncio.run(measure(seen, url, CountingReceiver(), rate=asked.api_per_second, seconds=asked.seconds))
        process.terminate()
        sys.stdout.write(process.stdout.read())


if __name__ == "__main__":
    main()
