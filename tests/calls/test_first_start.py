"""The first start of a connection: one moment, written once, whoever asks for it."""

import asyncio

from bridge.calls.first_start import FirstStarts
from bridge.calls.journal_format import put, read
from bridge.calls.journal_keys import SinceKey
from bridge.calls.journal_values import Moment
from tests.calls.test_shard_owner import ONE, Scene, play


def test_a_first_start_is_written_once_for_all_who_ask() -> None:
    """Two who ask at the same time hear one moment, and it is the journal's."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        await asyncio.sleep(5)
        owned = scene.tenants[0].owned
        starts = FirstStarts(owned, read({}))
        before = scene.twin.ledger
        first, second = await asyncio.gather(starts.of("acme"), starts.of("acme"))
        assert first == second
        assert before != scene.twin.ledger
        assert read(scene.twin.ledger.snapshot(0)).since[SinceKey("acme")].value.ms == first
        await asyncio.sleep(5)
        after = scene.twin.ledger
        assert await starts.of("acme") == first
        assert scene.twin.ledger == after

    play(story)


def test_a_first_start_that_is_remembered_stays() -> None:
    """The next owner writes none: else each rebalance would forget what happened before it."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        await asyncio.sleep(5)
        owned = scene.tenants[0].owned
        await owned.means.writer.append((put(SinceKey("acme"), Moment(17)),))
        remembered = read(scene.twin.ledger.snapshot(0))
        before = scene.twin.ledger
        assert await FirstStarts(owned, remembered).of("acme") == 17
        assert scene.twin.ledger == before

    play(story)
