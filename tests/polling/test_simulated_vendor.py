"""All eight lists of the simulated vendor, over HTTP, while its day goes on: what it lists is what is published."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random

import pytest
import pytest_asyncio
from typing_extensions import override

from bridge.calls.quota import Quota
from bridge.calls.vendor import ConnectionVendor
from bridge.ops.metrics import Metrics
from bridge.pbx.client import Account, VendorClient
from bridge.pbx.requests import Collection
from bridge.simulator import AccountOptions, Fault, Simulator, SimulatorOptions
from bridge.simulator.lists import ListName, id_of, rows_of
from bridge.simulator.options import DEFAULT_KEY
from tests.polling.model_vendor import BASE_S
from tests.polling.scene import ONE, Scene, repeated, settings_of

WITHIN_S = 20.0
# Longer than anything here takes on a busy machine.
PLAYED_S = 1.0


class Unscattered(Random):
    """Lets every poller begin at once, and keep to its interval."""

    @override
    def random(self) -> float:
        return 0.0


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Give a vendor whose clock begins with the brokers', and runs ahead of it."""
    options = SimulatorOptions(
        seed=11,
        calls_per_second=80,
        speed=600,
        begin=datetime.fromtimestamp(BASE_S + time.monotonic(), UTC),
        keys={DEFAULT_KEY: AccountOptions(limit=10_000)},
    )
    made = Simulator(options)
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def scene(simulator: Simulator) -> AsyncIterator[Scene]:
    """Give workers that poll everything once a second, from the beginning."""
    client = VendorClient()
    accounts = {"acme": Account(simulator.base_url, DEFAULT_KEY.encode)}
    made = Scene(
        time.monotonic,
        {"acme": settings_of(*Collection, start="oldest", interval="1s")},
        Unscattered(),
        Quota(calls=9_000),
        other_vendor=ConnectionVendor(client, accounts, Metrics()),
    )
    yield made
    await made.end()
    await client.close()


def listed(simulator: Simulator, collection: Collection) -> set[int]:
    """Give the ids that the vendor lists now."""
    name: ListName = collection.value
    account = simulator.accounts[DEFAULT_KEY]
    return {id_of(row) for row in rows_of(name, account.books, account.directory).newest_first()}


async def published(scene: Scene, simulator: Simulator, *collections: Collection) -> None:
    """Wait until everything that is listed has been published."""
    async with asyncio.timeout(WITHIN_S):
        while any(listed(simulator, one) - set(scene.ids(one)) for one in collections):  # noqa: ASYNC110 - as in life
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_what_the_vendor_lists_is_published_once(scene: Scene, simulator: Simulator) -> None:
    """All eight lists, while calls end out of order and rows come and go; the next owner finds those that were late."""
    for collection in ("GetContacts", "GetVoicemails", "GetAudioPrompts"):
        simulator.faults.set("row_added", Fault(on=frozenset({collection}), times=2))
    simulator.faults.set("answer_500", Fault(probability=0.05))
    simulator.faults.set("keepalive_closed", Fault(probability=0.05))
    scene.give_to("a")
    await simulator.play(PLAYED_S)
    simulator.faults.clear()
    for collection in Collection:
        name: ListName = collection.value
        simulator.add_row(DEFAULT_KEY, name)
    undated = {Collection.AUDIO_PROMPTS, Collection.CONTACTS, Collection.GROUPS, Collection.VOICEMAIL_BOXES}
    await published(scene, simulator, *undated, Collection.VOIP_ENDPOINTS)
    # A row that came under an old id waits for a look back, which a new owner begins with.
    await scene.owners["a"].revoked(ONE)
    scene.give_to("b")
    await published(scene, simulator, *Collection)
    assert {one.value: len(scene.ids(one)) > 0 for one in Collection} == {one.value: True for one in Collection}
    assert {one.value: repeated(scene.ids(one)) for one in Collection} == {one.value: [] for one in Collection}
    assert (scene.quarantined, scene.losses) == ([], [])


@pytest.mark.asyncio
async def test_rows_that_are_deleted_while_pages_are_read_hide_no_others(scene: Scene, simulator: Simulator) -> None:
    """The vendor deletes its newest row before a page; each one that stays is published."""
    await simulator.play(PLAYED_S)
    simulator.faults.set("row_deleted", Fault(on=frozenset({"GetCallHistory"}), times=3))
    scene.give_to("a")
    await published(scene, simulator, Collection.CALL_HISTORY)
    assert repeated(scene.ids(Collection.CALL_HISTORY)) == []
    assert len(listed(simulator, Collection.CALL_HISTORY)) > 50
