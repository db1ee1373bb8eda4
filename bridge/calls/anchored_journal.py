"""A journal of which every append tells something beside: how long it took, and what time it is at the brokers'."""

from collections.abc import Callable, Sequence

from bridge.calls.brokers_clock import Anchor, BrokersClock
from bridge.calls.journal import Journal, JournalRecord, Opened, ShardWriter
from bridge.events.records import Record


class AnchoredJournal:
    """Opens shards of another journal. `took` is told the seconds of each append that was stored."""

    def __init__(self, journal: Journal, clock: BrokersClock, took: Callable[[float], object]) -> None:
        self._journal = journal
        self._clock = clock
        self._took = took

    async def open(self, shard: int) -> Opened:
        """Open a shard, as `Journal.open` does."""
        writer, snapshot = await self._journal.open(shard)
        return AnchoredWriter(writer, self._clock, self._took), snapshot


class AnchoredWriter:
    """Appends through another writer."""

    def __init__(self, writer: ShardWriter, clock: BrokersClock, took: Callable[[float], object]) -> None:
        self._writer = writer
        self._clock = clock
        self._took = took

    @property
    def shard(self) -> int:
        """The shard's number."""
        return self._writer.shard

    @property
    def epoch(self) -> str:
        """The open's name."""
        return self._writer.epoch

    async def append(self, records: Sequence[JournalRecord], publications: Sequence[Record] = ()) -> int:
        """Append, as `ShardWriter.append` does."""
        asked = self._clock.now()
        appended_ms = await self._writer.append(records, publications)
        acknowledged = self._clock.now()
        self._clock.learn(Anchor(appended_ms, asked, acknowledged))
        self._took(acknowledged - asked)
        return appended_ms

    async def close(self) -> None:
        """Close, as `ShardWriter.close` does."""
        await self._writer.close()
