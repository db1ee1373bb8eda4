"""The journal's twin in memory: the port over `journal_model`, with a hook at each step between which one may die.

`twin.at` is awaited at every `Step`. It may run another worker to any point, advance `twin.now_ms`, or raise:
`CommitTimeout` is what the real journal's own time limit does, and anything else is the end of the process, passed to
whoever waits. Whatever it raises, that writer is lost, and the transaction stays as it is until the next open.

    async def fence(step):
        if step.point == "written":
            await twin.open(step.shard)
    twin.at = fence
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, NamedTuple

from bridge.events.records import Record
from bridge.kafka.journal_group_commit import GroupCommit
from bridge.kafka.journal_records import Append, JournalRecord, ShardLost, Snapshot, check
from tests.calls.journal_model import Ledger, Published, Refused, Shard

Point = Literal["opening", "opened", "writing", "written", "committed"]
"""`opening`: nobody is fenced yet. `opened`: fenced, the snapshot not read. `writing`: nothing left this process.
`written`: in the log, not committed. `committed`: visible, and nobody has been told."""

CLOSE_WITHIN_S = 5.0
# Nothing in memory takes that long, unless a hook holds it up: then it is a test's fault, and ends.


class Step(NamedTuple):
    """Where a worker stands; `epoch` is 0 before it has one."""

    shard: int
    epoch: int
    point: Point


class CommitTimeout(Exception):
    """The commit was asked for and no answer came in time. At `committed` it is stored, at `written` it may still be.

    `twin.ledger = twin.ledger.commit(shard, epoch)` is the commit that the brokers carry out late.
    """


async def go_on(_: Step) -> None:
    """Do nothing: the hook of those who want none."""


class JournalTwin:
    """All shards in memory; workers that share one twin share one Kafka."""

    def __init__(self, shards: int = 1, now_ms: int = 0, max_record_bytes: int = 1_000_000) -> None:
        self.ledger = Ledger((Shard(),) * shards)
        self.now_ms = now_ms
        self.max_record_bytes = max_record_bytes
        self.at: Callable[[Step], Awaitable[None]] = go_on

    async def open(self, shard: int) -> tuple["TwinWriter", Snapshot]:
        """Take a shard over, as the port says."""
        await self.at(Step(shard, 0, "opening"))
        self.ledger, epoch = self.ledger.open(shard)
        await self.at(Step(shard, epoch, "opened"))
        return TwinWriter(self, shard, epoch), self.ledger.snapshot(shard)

    def published(self, topic: str) -> list[Published]:
        """Give what read_committed readers of a topic have seen so far, in order."""
        return [publication for publication in self.ledger.published if publication.topic == topic]


class TwinWriter:
    """An open shard of the twin."""

    def __init__(self, twin: JournalTwin, shard: int, epoch: int) -> None:
        self.shard = shard
        self.epoch = f"{shard}.{epoch}"
        self._number = epoch
        self._twin = twin
        self._group = GroupCommit(self._write)

    async def append(self, records: Sequence[JournalRecord], publications: Sequence[Record] = ()) -> int:
        """Store as one, as the port says."""
        append = Append(tuple(records), tuple(publications))
        check(append, self._twin.max_record_bytes)
        return await self._group.append(append)

    async def close(self) -> None:
        """Finish what waits, and let go."""
        await self._group.close(CLOSE_WITHIN_S)

    async def _write(self, appends: Sequence[Append]) -> Sequence[int]:
        twin, shard, number = self._twin, self.shard, self._number
        try:
            await twin.at(Step(shard, number, "writing"))
            now_ms = twin.now_ms
            for append in appends:
                twin.ledger = twin.ledger.write(shard, number, now_ms, append.records, append.publications)
            await twin.at(Step(shard, number, "written"))
            twin.ledger = twin.ledger.commit(shard, number)
            await twin.at(Step(shard, number, "committed"))
        except Refused as refused:
            raise ShardLost("fenced") from refused
        except CommitTimeout as timeout:
            raise ShardLost("unknown") from timeout
        return [now_ms] * len(appends)
