"""P2: each poller runs within 130 s, however many queries wait; and looks back do not come in its way."""

import asyncio
from collections import defaultdict
from itertools import pairwise
from random import Random

from bridge.calls.dial_states import Ended
from bridge.calls.lanes import Lane
from bridge.calls.means import Slot, Wanted
from bridge.calls.quota import Ending
from bridge.pbx.requests import Collection
from bridge.simulator.limiter import most_within
from tests.polling.model_vendor import call
from tests.polling.scene import Scene, play, settings_of

HOUR = 3_600.0
WITHIN = 130.0
QUERIES = 40
BUSY = Collection.CALL_HISTORY


def test_each_poller_runs_within_130_s_under_a_full_quota() -> None:
    """Queries always wait, dials come, and one of the lists has something new at each poll."""
    random = Random(5)
    calls: list[float] = []

    async def story(scene: Scene) -> None:
        scene.vendor.latency = lambda: min(9.0, random.lognormvariate(-1.4, 0.6))
        scene.vendor.lists[BUSY] = [call(number, number * 10.0, number * 10.0 + 5) for number in range(1, 400)]
        scene.vendor.arrived = lambda noted: calls.append(noted.at)
        while scene.owned is None:  # noqa: ASYNC110 - the take-over tells nobody else
            await asyncio.sleep(0.01)
        slots = scene.owned.slots

        async def others(lane: Lane) -> None:
            while scene.now() < HOUR:
                if lane is Lane.DIAL:
                    await asyncio.sleep(random.expovariate(1 / 15))
                slot = await slots.take(Wanted("acme", lane))
                assert isinstance(slot, Slot)
                await asyncio.sleep(random.random())
                calls.append(scene.now())
                await asyncio.sleep(random.random())
                slots.finish("acme", Ended(slot.reservation, Ending.ANSWERED), None)

        working = [asyncio.create_task(others(Lane.QUERY)) for _ in range(QUERIES)]
        working.append(asyncio.create_task(others(Lane.DIAL)))
        await asyncio.sleep(HOUR)
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    scene = play(story, settings_of(*Collection), random=random)
    polled: defaultdict[Collection, list[float]] = defaultdict(lambda: [0.0])
    for noted in scene.vendor.noted:
        # A look back asks for a stretch of time, and a page behind the first one is no new poll.
        if noted.request.filters.date_from is None and noted.request.offset is None:
            polled[noted.request.collection].append(noted.at)
    longest = {
        collection.value: max(later - earlier for earlier, later in pairwise([*polled[collection], HOUR]))
        for collection in Collection
    }
    assert max(longest.values()) <= WITHIN, f"P2 is broken: {longest}"
    assert most_within(sorted(calls), 60.0) <= 100
    assert len(calls) > 0.95 * 100 * 60
    # What ended by then has been published: by the poll before the last one, at the latest.
    assert set(range(1, int((HOUR - 2 * WITHIN) / 10))) <= set(scene.ids(BUSY))
