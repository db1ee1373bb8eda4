"""A short form of the drills; `make drills` holds them all.

Real processes, the shared Kafka, a simulator each, and the same judge.
"""

import asyncio
from functools import partial

import pytest

from tests.drills import single_dials, under_load
from tests.drills.catalogue import Drill, under_full_load
from tests.drills.judge import Terms
from tests.drills.report import hold
from tests.drills.scene import Ground

DRILLS = [
    *(Drill(f"kill-{at}", partial(single_dials.kill, at), terms=Terms(open_doubts=True)) for at in ("k4", "k6", "k8")),
    Drill("repeats", under_load.repeats),
    under_full_load("rolling-restart", partial(under_load.rolling_restart, names=("one", "two"), load_s=15.0)),
]


@pytest.mark.asyncio
async def test_nothing_is_sent_twice_and_everything_is_answered_once(ground: Ground) -> None:
    """Whatever dies or stops: at most one POST and exactly one result for each command, no 429, no lie."""
    turns = asyncio.Semaphore(len(DRILLS))
    rows = await asyncio.gather(*(hold(drill, ground, turns) for drill in DRILLS))
    assert {row.name: row.wrong for row in rows if row.wrong} == {}
