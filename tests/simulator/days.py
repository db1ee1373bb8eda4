"""One account's day in simulated time alone."""

from datetime import UTC, datetime
from random import Random

from bridge.simulator import Faults, SimulatorOptions
from bridge.simulator.account import Account
from bridge.simulator.facts import Fact
from bridge.simulator.options import DEFAULT_KEY

BEGIN = int(datetime(2017, 10, 16, 6, tzinfo=UTC).timestamp())
HOURS = 3_600.0


def account(seed: int = 1, calls_per_second: float = 0.1, brevity: float = 1.0) -> Account:
    options = SimulatorOptions(seed=seed, calls_per_second=calls_per_second, brevity=brevity)
    return Account(DEFAULT_KEY, options, 0, BEGIN, Faults(Random(1)))


def play(of: Account, until: float, step: float | None = None) -> list[Fact]:
    of.day.open(0.0)
    facts: list[Fact] = []
    at = 0.0
    while at < until:
        at = min(until, at + (step or until))
        facts += of.day.advance(at)
    return facts
