"""Grouping appends, without any Kafka: who shares a transaction with whom, and who hears what."""

import asyncio
from collections.abc import Sequence

import pytest

from bridge.kafka.journal_group_commit import MOST_BYTES, GroupCommit
from bridge.kafka.journal_records import Append, JournalRecord, ShardLost


def append(name: str, size: int = 1) -> Append:
    return Append([JournalRecord(name.encode(), b"x" * size)])


class Writes:
    """Notes each group by the names in it; fails, or stands still, when told to."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.error: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, appends: Sequence[Append]) -> Sequence[int]:
        self.groups.append([append.records[0].key.decode() for append in appends])
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [len(self.groups)] * len(appends)


@pytest.mark.asyncio
async def test_what_comes_meanwhile_goes_together() -> None:
    """While one transaction is under way all that comes waits for the next one, and is told of that one's time."""
    writes = Writes()
    group = GroupCommit(writes)
    writes.go.clear()
    first = asyncio.create_task(group.append(append("a")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(group.append(append(name))) for name in "bcd"]
    await asyncio.sleep(0)
    writes.go.set()
    assert await asyncio.gather(first, *rest) == [1, 2, 2, 2]
    assert writes.groups == [["a"], ["b", "c", "d"]]


@pytest.mark.asyncio
async def test_a_group_has_a_size() -> None:
    """A long list does not hold up what comes behind it for longer than its own transaction; alone it may be larger."""
    writes = Writes()
    group = GroupCommit(writes)
    half = MOST_BYTES // 2
    sizes = {"a": half, "b": half - 1000, "c": half, "d": 3 * MOST_BYTES, "e": 1}
    await asyncio.gather(*(group.append(append(name, size)) for name, size in sizes.items()))
    assert writes.groups == [["a", "b"], ["c"], ["d"], ["e"]]


@pytest.mark.asyncio
async def test_those_behind_a_lost_group_are_lost_with_it() -> None:
    """They were never written, and hear the same: nobody knows more of what they share than that."""
    writes = Writes()
    group = GroupCommit(writes)
    writes.error = ShardLost("fenced", "ProducerFenced")
    waiting = [group.append(append(name, MOST_BYTES)) for name in "abc"]
    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["fenced: ProducerFenced"] * 3
    assert writes.groups == [["a"]]


@pytest.mark.asyncio
async def test_whoever_is_cancelled_before_its_turn_is_not_stored() -> None:
    """Its caller is gone, and nobody would act on it."""
    writes = Writes()
    group = GroupCommit(writes)
    tasks = [asyncio.create_task(group.append(append(name))) for name in "ab"]
    await asyncio.sleep(0)
    tasks[0].cancel()
    assert await tasks[1] == 1
    assert writes.groups == [["b"]]


@pytest.mark.asyncio
async def test_a_close_does_not_wait_for_ever() -> None:
    """What stands still is cut off; its callers are told that the shard is closed, and not what became of theirs."""
    writes = Writes()
    group = GroupCommit(writes)
    writes.go.clear()
    task = asyncio.create_task(group.append(append("a")))
    await asyncio.sleep(0)
    await group.close(0.01)
    with pytest.raises(ShardLost, match="closed"):
        await task
