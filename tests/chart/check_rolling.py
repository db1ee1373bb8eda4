"""Rolling updates lose nothing, with the rendered strategy, probes and grace periods.

Three pods behind the Service are replaced while 120 webhooks a second come in, from senders who keep connections and
senders who do not: none fails, and each is read back. Three workers are replaced while commands and polls want all of
the quota: no second dial, exactly one result each, no 429, no shard long without an owner.
"""

import asyncio

import pytest

from tests.drills.catalogue import LEAST_OK, Drill, under_full_load
from tests.drills.report import hold
from tests.drills.rolling_pods import roll_ingress, roll_workers
from tests.drills.scene import Ground


@pytest.mark.asyncio
async def test_a_rolling_update_of_the_ingress_fails_no_webhook(ground: Ground) -> None:
    """Every webhook is answered 202 while all ingress pods are replaced, and each of them is in Kafka."""
    row = await hold(Drill("rolling-ingress", roll_ingress, connections=1), ground, asyncio.Semaphore(1))
    assert row.wrong == ()


@pytest.mark.asyncio
async def test_a_rolling_update_of_the_workers_dials_nobody_twice(ground: Ground) -> None:
    """Each command has one result and each dial one POST, and the quota holds, while all workers are replaced."""
    drill = under_full_load("rolling-workers", roll_workers)
    row = await hold(drill, ground, asyncio.Semaphore(1))
    assert row.wrong == ()
    assert row.judgement.results["ok"] > LEAST_OK * row.judgement.commands
