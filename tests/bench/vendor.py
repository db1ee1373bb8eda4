"""The vendor as a process of its own: the simulator with its strict limiter, and answers that take their time.

Run as `python -m tests.bench.vendor KEYS CALLS WINDOW`. It prints one JSON line when it listens (`Listening`), and
another when it is asked to end (`Seen`), from the simulator's own log. Moments are of the machine's monotonic clock.
"""

import asyncio
import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple, Self

from typing_extensions import override

from bridge.cli.event_loop import run_loop, settle_memory
from bridge.simulator import AccountOptions, Fault, Simulator, SimulatorOptions
from bridge.simulator.faults import Faults
from bridge.simulator.switches import FaultName

KEPT = 1_000_000
# Rows of the log: all of whatever a bench asks.
ENDS_WITHIN_S = 30.0
_ROOT = Path(__file__).parents[2]


class Drawn(NamedTuple):
    """How long one request takes: to the vendor, and from there until the answer has left."""

    at: float
    there: float
    back: float


class Arrived(NamedTuple):
    """One request as the vendor's log has it; `asked` is the path, or the number to dial."""

    at: float
    key: str
    operation: str
    asked: str
    status: int | None
    refused: bool


@dataclass(frozen=True)
class Listening:
    """Where it listens; `contacts` has somebody of each key's company."""

    base_url: str
    contacts: dict[str, int]


@dataclass(frozen=True)
class Seen:
    """All that has arrived, how long it took, and the most of one key within any window."""

    arrived: list[Arrived]
    drawn: list[Drawn]
    most_within: int


class Latency(Faults):
    """Draws how long a request takes, as `tests/calls/test_admission_day.py` does.

    0.25 s in the middle, one of a hundred 2 to 8 s, with the arrival anywhere in between. A dial arrives 10 to 40 ms
    after it was sent, since it is the bridge's share of its wait that is measured, and not the network's.
    """

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.drawn: list[Drawn] = []
        self._random = random

    @override
    def strike(self, name: FaultName, key: str, what: str, fields: object = ()) -> Fault | None:
        match name:
            case "request_late":
                self.drawn.append(self._draw(what))
                return Fault(seconds=self.drawn[-1].there)
            case "answer_slow":
                # Of the same request: nothing else has its turn between the two.
                return Fault(seconds=self.drawn[-1].back)
            case _:
                return None

    def _draw(self, operation: str) -> Drawn:
        random = self._random
        whole = random.uniform(2, 8) if random.random() < 0.01 else min(9.9, random.lognormvariate(-1.4, 0.6))
        there = random.uniform(0.01, 0.04) if operation == "Dial" else random.random() * whole
        return Drawn(time.monotonic(), there, max(0.0, whole - there))


def key_of(number: int) -> str:
    """Give the API key of a connection."""
    return f"bench-key-{number}"


class Vendor:
    """The process, as whoever started it sees it."""

    def __init__(self, process: "subprocess.Popen[str]", listening: Listening) -> None:
        self.base_url = listening.base_url
        self.contacts = listening.contacts
        self._process = process

    @classmethod
    def start(cls, keys: int, calls: int, window_s: float, *, latency: bool) -> Self:
        """Start it, and wait until it listens."""
        arguments = [str(keys), str(calls), str(window_s), *(["--latency"] if latency else [])]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.vendor", *arguments], stdout=subprocess.PIPE, text=True, cwd=_ROOT
        )
        assert process.stdout is not None
        return cls(process, Listening(**json.loads(process.stdout.readline())))

    def stop(self) -> Seen:
        """End it, and give what it has seen."""
        self._process.terminate()
        out, _ = self._process.communicate(timeout=ENDS_WITHIN_S)
        seen = json.loads(out)
        return Seen([Arrived(*row) for row in seen["arrived"]], [Drawn(*one) for one in seen["drawn"]], seen["most"])

    def kill(self) -> None:
        """End it, whatever it does; nothing happens when it has ended."""
        self._process.kill()
        self._process.wait()


async def _serve(keys: int, calls: int, window_s: float, *, latency: bool) -> None:
    quota = AccountOptions(limit=calls, window=window_s)
    simulator = Simulator(SimulatorOptions(keys={key_of(number): quota for number in range(keys)}, kept_log=KEPT))
    drawn: list[Drawn] = []
    if latency:
        faults = Latency(Random(1))
        drawn = faults.drawn
        simulator.faults = faults
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await simulator.start()
    contacts = {key: account.directory.staff[0].contact_id for key, account in simulator.accounts.items()}
    _print(asdict(Listening(simulator.base_url, contacts)))
    settle_memory()
    await ended.wait()
    log = simulator.requests
    dials = iter(log.dials)
    arrived = [
        Arrived(
            row.arrived,
            row.key,
            row.operation,
            str(next(dials).destination) if row.operation == "Dial" else row.path,
            row.status,
            row.refused,
        )
        for row in log.rows
    ]
    most = max(counts.arrivals.most_within(window_s) for counts in log.keys.values())
    _print({"arrived": arrived, "drawn": drawn, "most": most})
    await simulator.stop()


def _print(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    keys_, calls_, window_, *more = sys.argv[1:]
    run_loop(_serve(int(keys_), int(calls_), float(window_), latency="--latency" in more))
