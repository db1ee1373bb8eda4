"""What every journal must keep, whoever implements it: one suite, run on the twin and on a real broker.

A subclass gives the fixture `world`: a journal of its own with two shards, and a read_committed reader's eyes.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import pytest

from bridge.calls.journal import Journal, JournalRecord, RecordTooLarge, ShardLost, StoredRecord
from bridge.events.records import Record

RESULTS = "results.v1"
# The word behind the installation's prefix.


class World(Protocol):
    """A journal, and the means to see and disturb it; each test has one of its own."""

    max_record_bytes: int

    @property
    def journal(self) -> Journal:
        """The journal, of two shards."""
        ...

    def result(self, key: str, value: str) -> Record:
        """Give a publication for the results topic."""
        ...

    async def results(self) -> list[tuple[str, str]]:
        """Read the results topic to its end, read_committed: keys and values in order."""
        ...

    async def leave_open(self, shard: int, records: Sequence[JournalRecord], publications: Sequence[Record]) -> None:
        """Be an owner that writes this and dies before its commit."""
        ...


def put(key: str, value: str) -> JournalRecord:
    return JournalRecord(key.encode(), value.encode())


def end(key: str) -> JournalRecord:
    return JournalRecord(key.encode(), None)


async def values(world: World, shard: int = 0) -> dict[str, str]:
    """Give what the next owner finds."""
    writer, snapshot = await world.journal.open(shard)
    await writer.close()
    return {key.decode(): stored.value.decode() for key, stored in snapshot.items()}


class JournalContract:
    """The suite."""

    @pytest.mark.asyncio
    async def test_a_new_shard_is_empty(self, world: World) -> None:
        """Nothing was stored, so nothing is found."""
        writer, snapshot = await world.journal.open(1)
        assert (writer.shard, snapshot) == (1, {})
        await writer.close()

    @pytest.mark.asyncio
    async def test_records_and_publications_are_stored_together(self, world: World) -> None:
        """What an append has returned for is there: for the next owner, and for readers of other topics."""
        writer, _ = await world.journal.open(0)
        await writer.append([put("command/1", "ok"), put("slot/a/0", "x")], [world.result("1", "ok")])
        await writer.close()
        assert await values(world) == {"command/1": "ok", "slot/a/0": "x"}
        assert await world.results() == [("1", "ok")]

    @pytest.mark.asyncio
    async def test_shards_are_apart(self, world: World) -> None:
        """A shard's owner neither sees nor disturbs another shard."""
        one, _ = await world.journal.open(0)
        other, _ = await world.journal.open(1)
        await asyncio.gather(one.append([put("k", "one")]), other.append([put("k", "other")]))
        await one.append([put("k", "one again")])
        await asyncio.gather(one.close(), other.close())
        assert (await values(world, 0), await values(world, 1)) == ({"k": "one again"}, {"k": "other"})

    @pytest.mark.asyncio
    async def test_a_zombie_is_fenced_and_invisible(self, world: World) -> None:
        """After a second open the first one's append fails, and nobody ever sees it, nor is the successor disturbed."""
        zombie, _ = await world.journal.open(0)
        await zombie.append([put("k", "first")])
        successor, _ = await world.journal.open(0)
        with pytest.raises(ShardLost) as lost:
            await zombie.append([put("k", "zombie"), put("z", "zombie")], [world.result("z", "zombie")])
        assert lost.value.cause == "fenced"
        await successor.append([put("s", "successor")], [world.result("s", "successor")])
        await asyncio.gather(zombie.close(), successor.close())
        assert await values(world) == {"k": "first", "s": "successor"}
        assert await world.results() == [("s", "successor")]

    @pytest.mark.asyncio
    async def test_a_zombie_stays_lost(self, world: World) -> None:
        """Every later append of a lost shard fails, and names the first cause; so it is after a close."""
        zombie, _ = await world.journal.open(0)
        closed, _ = await world.journal.open(1)
        successor, _ = await world.journal.open(0)
        await closed.close()
        await closed.close()
        causes = []
        for writer in (zombie, zombie, closed):
            with pytest.raises(ShardLost) as lost:
                await writer.append([put("k", "v")])
            causes.append(lost.value.cause)
        assert causes == ["fenced", "fenced", "closed"]
        await asyncio.gather(zombie.close(), successor.close())
        assert await values(world) == {}

    @pytest.mark.asyncio
    async def test_each_open_has_an_epoch_of_its_own(self, world: World) -> None:
        """No two opens share a name, not even of two shards."""
        opened = [await world.journal.open(shard) for shard in (0, 0, 1, 0)]
        await asyncio.gather(*(writer.close() for writer, _ in opened))
        assert len({writer.epoch for writer, _ in opened}) == 4

    @pytest.mark.asyncio
    async def test_what_is_not_committed_is_seen_by_nobody_and_ends_with_the_next_open(self, world: World) -> None:
        """An owner died between its writes and its commit: its successor finds none of it, and is not held up."""
        await world.leave_open(0, [put("k", "open")], [world.result("k", "open")])
        assert await world.results() == []
        writer, snapshot = await world.journal.open(0)
        assert snapshot == {}
        await writer.append([put("k", "new")], [world.result("k", "new")])
        await writer.close()
        assert await values(world) == {"k": "new"}
        assert await world.results() == [("k", "new")]

    @pytest.mark.asyncio
    async def test_the_snapshot_is_the_latest_value_of_each_key(self, world: World) -> None:
        """After many overwrites and tombstones, within one append and over owners, it equals a plain dict."""
        model: dict[str, str] = {}
        for owner in range(3):
            writer, found = await world.journal.open(0)
            assert {key.decode(): stored.value.decode() for key, stored in found.items()} == model
            waiting = []
            for turn in range(60):
                records = []
                for step in range(5):
                    key = f"slot/a/{(turn * 7 + step * 3 + owner) % 23}"
                    if (turn + step) % 4 == 0:
                        model.pop(key, None)
                        records.append(end(key))
                    else:
                        model[key] = f"{owner}.{turn}.{step}"
                        records.append(put(key, model[key]))
                waiting.append(writer.append(records))
            await asyncio.gather(*waiting)
            await writer.close()
        assert await values(world) == model

    @pytest.mark.asyncio
    async def test_appends_that_wait_keep_their_order(self, world: World) -> None:
        """Of values for one key the last one asked for stays, and publications come in the order of the appends."""
        writer, _ = await world.journal.open(0)
        waiting = [writer.append([put("k", str(n))], [world.result("same", str(n))]) for n in range(50)]
        times = await asyncio.gather(*waiting)
        await writer.close()
        assert times == sorted(times)
        assert await values(world) == {"k": "49"}
        assert await world.results() == [("same", str(n)) for n in range(50)]

    @pytest.mark.asyncio
    async def test_each_caller_learns_its_own_outcome(self, world: World) -> None:
        """One append that is too large or empty fails by itself; its neighbours are stored, and the shard goes on."""
        writer, _ = await world.journal.open(0)
        too_large = "x" * world.max_record_bytes
        outcomes = await asyncio.gather(
            writer.append([put("a", "1")]),
            writer.append([put("b", too_large)]),
            writer.append([put("c", "1")], [world.result("c", too_large)]),
            writer.append([], [world.result("d", "1")]),
            writer.append([put("", "1")]),
            writer.append([put("e", "1")], [world.result("e", "1")]),
            return_exceptions=True,
        )
        await writer.append([put("f", "1")])
        await writer.close()
        assert [type(outcome) for outcome in outcomes] == [
            int,
            RecordTooLarge,
            RecordTooLarge,
            ValueError,
            ValueError,
            int,
        ]
        assert await values(world) == {"a": "1", "e": "1", "f": "1"}
        assert await world.results() == [("e", "1")]

    @pytest.mark.asyncio
    async def test_all_who_wait_learn_that_the_shard_is_lost(self, world: World) -> None:
        """Those in the transaction and those behind it hear the same, each with an error of its own."""
        zombie, _ = await world.journal.open(0)
        successor, _ = await world.journal.open(0)
        large = "x" * (world.max_record_bytes // 2)
        waiting = [zombie.append([put(str(n), large)]) for n in range(8)]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(zombie.close(), successor.close())
        assert [outcome.cause for outcome in outcomes if isinstance(outcome, ShardLost)] == ["fenced"] * 8
        assert len(set(map(id, outcomes))) == 8
        assert await values(world) == {}

    @pytest.mark.asyncio
    async def test_a_cancelled_caller_takes_nobody_with_it(self, world: World) -> None:
        """The appends that share its transaction, and the shard, go on."""
        writer, _ = await world.journal.open(0)
        tasks = [asyncio.create_task(writer.append([put(str(n), "v")])) for n in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        tasks[1].cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await writer.append([put("3", "v")])
        await writer.close()
        assert [type(outcome) for outcome in outcomes] == [int, asyncio.CancelledError, int]
        assert {"0", "2", "3"} <= (await values(world)).keys()

    @pytest.mark.asyncio
    async def test_a_close_finishes_what_waits(self, world: World) -> None:
        """Outcomes that were asked for before the close are stored by it, and none that is asked for after it began."""
        writer, _ = await world.journal.open(0)
        waiting = [asyncio.create_task(writer.append([put(str(n), "v")])) for n in range(5)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(writer.close())
        await asyncio.sleep(0)
        with pytest.raises(ShardLost) as late:
            await writer.append([put("late", "v")])
        assert late.value.cause == "closed"
        await closing
        await asyncio.gather(*waiting)
        assert len(await values(world)) == 5

    @pytest.mark.asyncio
    async def test_the_time_of_an_append_is_the_time_in_the_snapshot(self, world: World) -> None:
        """The brokers' clock, once: what an owner was told is what its successor reads; it never goes back."""
        writer, _ = await world.journal.open(0)
        first = await writer.append([put("k", "1")])
        second = await writer.append([put("owner", "2")])
        await writer.close()
        successor, snapshot = await world.journal.open(0)
        third = await successor.append([put("owner", "3")])
        await successor.close()
        assert snapshot == {b"k": StoredRecord(b"1", first), b"owner": StoredRecord(b"2", second)}
        assert first <= second <= third
