"""The journal's contract on its twin in memory, and the steps at which the twin lets a worker die."""

from collections.abc import Sequence

import pytest

from bridge.calls.journal import JournalRecord, ShardLost, Snapshot
from bridge.events.records import Record
from tests.calls.journal_contract import RESULTS, JournalContract, put
from tests.calls.journal_twin import CommitTimeout, JournalTwin, Point, Step, go_on


class Killed(Exception):
    """The process is gone."""


class TwinWorld:
    """The twin as the contract's suite sees it."""

    def __init__(self) -> None:
        self.twin = JournalTwin(shards=2, now_ms=1_000, max_record_bytes=100_000)
        self.journal = self.twin
        self.max_record_bytes = self.twin.max_record_bytes

    def result(self, key: str, value: str) -> Record:
        return Record(RESULTS, key.encode(), value.encode(), [])

    async def results(self) -> list[tuple[str, str]]:
        return [(found.key.decode(), found.value.decode()) for found in self.twin.published(RESULTS)]

    async def leave_open(self, shard: int, records: Sequence[JournalRecord], publications: Sequence[Record]) -> None:
        self.twin.at = dies("written")
        writer, _ = await self.twin.open(shard)
        with pytest.raises(Killed):
            await writer.append(records, publications)
        self.twin.at = go_on


def dies(point: Point) -> "Dies":
    return Dies(point, Killed())


class Dies:
    """A hook that ends whoever comes to a point."""

    def __init__(self, point: Point, error: Exception) -> None:
        self._point = point
        self._error = error

    async def __call__(self, step: Step) -> None:
        if step.point == self._point:
            raise self._error


@pytest.fixture
def world() -> TwinWorld:
    return TwinWorld()


class TestContract(JournalContract):
    """The suite on the twin."""


@pytest.mark.asyncio
@pytest.mark.parametrize(("point", "stored"), [("writing", False), ("written", False), ("committed", True)])
async def test_a_death_in_an_append_stores_all_or_nothing(world: TwinWorld, point: Point, stored: bool) -> None:
    """The successor finds everything from the commit on, and nothing before it."""
    writer, _ = await world.twin.open(0)
    world.twin.at = dies(point)
    with pytest.raises(Killed):
        await writer.append([put("k", "v")], [world.result("k", "v")])
    world.twin.at = go_on
    _, snapshot = await world.twin.open(0)
    assert (bool(snapshot), bool(await world.results())) == (stored, stored)


@pytest.mark.asyncio
@pytest.mark.parametrize("late", [False, True])
async def test_a_commit_without_an_answer_is_unknown_until_the_next_open(world: TwinWorld, late: bool) -> None:
    """The brokers may still carry it out, up to the next open and not after it; the next snapshot tells."""
    writer, _ = await world.twin.open(0)
    world.twin.at = Dies("written", CommitTimeout())
    with pytest.raises(ShardLost) as lost:
        await writer.append([put("k", "v")], [world.result("k", "v")])
    assert lost.value.cause == "unknown"
    world.twin.at = go_on
    if late:
        world.twin.ledger = world.twin.ledger.commit(0, 1)
    _, snapshot = await world.twin.open(0)
    assert (bool(snapshot), bool(await world.results())) == (late, late)


@pytest.mark.asyncio
async def test_a_shard_lost_to_a_timeout_stays_lost(world: TwinWorld) -> None:
    """Although nobody else has taken it: what came next would share the fate of a transaction that nobody knows."""
    writer, _ = await world.twin.open(0)
    world.twin.at = Dies("written", CommitTimeout())
    with pytest.raises(ShardLost):
        await writer.append([put("k", "v")])
    world.twin.at = go_on
    with pytest.raises(ShardLost) as lost:
        await writer.append([put("next", "v")])
    assert lost.value.cause == "unknown"
    assert (await world.twin.open(0))[1] == {}


@pytest.mark.asyncio
@pytest.mark.parametrize(("point", "cause"), [("writing", "fenced"), ("written", "fenced"), ("committed", None)])
async def test_a_take_over_in_the_middle_of_an_append(world: TwinWorld, point: Point, cause: str | None) -> None:
    """Before the commit the successor wins and finds nothing; after it the append stands, and the successor has it."""
    taken: list[Snapshot] = []

    async def take_over(step: Step) -> None:
        if step == Step(0, 1, point):
            taken.append((await world.twin.open(0))[1])

    writer, _ = await world.twin.open(0)
    world.twin.at = take_over
    outcome: str | None = None
    try:
        await writer.append([put("k", "v")])
    except ShardLost as lost:
        outcome = lost.cause
    assert outcome == cause
    assert (b"k" in taken[0]) is (cause is None)
