"""What the group has given to this process, from one rebalance to the next, and what may be done with it.

Of an assignment that is being handed back nothing is confirmed and nothing delivered; its offsets may still be
committed until that is over. Whatever a later rebalance brings is another object, so nothing of an earlier one can
reach the receiver of a later one.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from bridge.kafka.group_consumer import GroupConsumer

log = structlog.get_logger(__name__)

ANSWER_WITHIN_S = 5.0
# Some broker restarts pass in this; who waits longer had better say that Kafka is away.
HAND_BACK_WITHIN_S = 18.0
# With a heartbeat's interval before and a join behind it this stays within the rebalance time-out.
NOT_A_MEMBER = (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
# All of them are followed by a rejoin, which the library does by itself.


class FetchedRecord(NamedTuple):
    """A record as it lies in its partition; `appended_ms` is epoch milliseconds by the brokers' clock."""

    offset: int
    appended_ms: int
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None


Deliver = Callable[[Sequence[FetchedRecord]], None]
"""Takes records in the order of their offsets. Called within the fetch loop, so it must be quick; must not raise."""


class Confirmed(NamedTuple):
    """Where to begin, and the partition's end at that time.

    An owner before this one has come to records below the end alone, unless it was expelled and has not noticed.
    """

    offset: int
    end: int


class NotOurs(Exception):
    """The group does not, or no longer, count this process as the owner of the partition.

    If it did before, the listener hears `revoked`, and then of another assignment.
    """


class GroupAway(Exception):
    """Kafka did not answer within some seconds, or refused: try again."""


class Ownership(Protocol):
    """Who is told what this process owns."""

    def assigned(self, partitions: frozenset[int]) -> None:
        """Take note; returns at once, as no heartbeats are sent meanwhile. Empty for a stand-by."""

    async def revoked(self, partitions: frozenset[int]) -> None:
        """Give up all that was assigned. Heartbeats go on meanwhile; cancelled after 18 s."""


def begin_at(committed: int | None, beginning: int, end: int) -> int:
    """Choose where to begin: at the committed offset where there is such a record, else at the beginning.

    Before the beginning are records that the topic has dropped. Behind the end lies nothing of this topic: it was
    made anew, or has lost its last records. What it holds then may be new, so it is read: a repetition does no harm,
    a command passed over is lost.
    """
    if committed is None or not beginning <= committed <= end:
        return beginning
    return committed


@dataclass(frozen=True, eq=False)
class _Receiver:
    """Who takes a partition's records since it was resumed; resumed again, it is another."""

    deliver: Deliver


class Assignment:
    """The partitions of one generation. All of them are paused until they are resumed."""

    def __init__(self, consumer: GroupConsumer, partitions: frozenset[int]) -> None:
        self.partitions = partitions
        self._consumer = consumer
        self._membership = consumer.membership
        self._receivers: dict[int, _Receiver] = {}
        self._handing_back: asyncio.Task[None] | None = None

    @property
    def held(self) -> frozenset[int]:
        """The partitions; none from the moment on at which they are being handed back."""
        return self.partitions if self._handing_back is None else frozenset()

    async def confirm(self, partition: int) -> Confirmed:
        """Commit the offset at which to begin, which only a member of the present generation can."""
        self._require(partition)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                committed = await self._consumer.committed(partition)
                beginning, end = await self._consumer.bounds(partition)
                offset = begin_at(committed, beginning, end)
                self._require(partition)
                await self._consumer.commit({partition: offset})
        except NOT_A_MEMBER as error:
            raise NotOurs(f"partition {partition}: {type(error.__cause__ or error).__name__}") from error
        except (KafkaError, OSError) as error:  # TimeoutError is an OSError
            raise GroupAway(f"partition {partition}: {type(error).__name__}: {error}") from error
        # The commit may have been sent with another generation than that of this assignment, or with none.
        self._require(partition)
        if committed is not None and committed != offset:
            log.warning(
                "a committed offset is not in its partition, which is read from its beginning",
                partition=partition,
                committed=committed,
                beginning=beginning,
                end=end,
            )
        return Confirmed(offset, end)

    async def commit(self, offsets: Mapping[int, int]) -> bool:
        """Store offsets, all or none; also while handing back."""
        if not self._stands():
            return False
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._consumer.commit(offsets)
        except (KafkaError, OSError):
            return False
        return self._stands()

    def resume(self, partition: int, offset: int, deliver: Deliver) -> None:
        """Deliver from an offset on."""
        self._require(partition)
        self._receivers[partition] = _Receiver(deliver)
        self._consumer.flow_from(partition, offset)

    def pause(self, partition: int) -> None:
        """Stop the flow of a partition that was resumed."""
        if partition in self._receivers:
            self._consumer.pause(partition)

    def proceed(self, partition: int) -> None:
        """Let a partition flow again that was resumed."""
        if partition in self._receivers:
            self._consumer.proceed(partition)

    def deliver(self, fetched: Mapping[int, Sequence[ConsumerRecord]]) -> None:
        """Give what was just fetched to those who wait for it."""
        receivers = dict(self._receivers)
        for partition, records in fetched.items():
            receiver = receivers.get(partition)
            # None: fetched before it was paused for the first time, and fetched again when it is resumed. Another:
            # resumed by one of these very calls, from an offset of its own.
            if receiver is not None and self._receivers.get(partition) is receiver:
                receiver.deliver(
                    [
                        FetchedRecord(record.offset, record.timestamp, tuple(record.headers), record.value)
                        for record in records
                    ]
                )

    async def hand_back(self, ownership: Ownership) -> None:
        """Have the owner give all of it up, once; whoever calls later waits for the same. Never raises."""
        if self._handing_back is None:
            self._receivers.clear()
            self._handing_back = asyncio.create_task(self._hand_back(ownership))
        await asyncio.wait({self._handing_back})

    async def _hand_back(self, ownership: Ownership) -> None:
        if not self.partitions:
            return
        try:
            async with asyncio.timeout(HAND_BACK_WITHIN_S):
                await ownership.revoked(self.partitions)
        except TimeoutError:
            log.error("partitions were not given up in time", partitions=sorted(self.partitions))  # noqa: TRY400 - whose time-out it is is plain
        except Exception:  # the group goes on, with or without us
            log.exception("giving up partitions failed", partitions=sorted(self.partitions))

    def _stands(self) -> bool:
        """Whether a commit sent now is one of this assignment's generation."""
        over = self._handing_back is not None and self._handing_back.done()
        return not over and self._membership.generation > 0 and self._consumer.membership == self._membership

    def _require(self, partition: int) -> None:
        if partition not in self.held:
            raise NotOurs(f"partition {partition} is not assigned")
        if not self._stands():
            raise NotOurs(f"partition {partition}: this process is no member of its group at present")
