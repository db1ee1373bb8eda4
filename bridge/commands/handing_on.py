"""Handing on what was fetched: each record is published until Kafka has it, or can be seen never to take it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Final, Protocol

import structlog

from bridge.commands.command import Refusal
from bridge.commands.result_records import ResultRecords
from bridge.commands.router_counts import RouterCounts
from bridge.commands.routing import mode_of, read_fetched, too_large, without_content
from bridge.commands.work_records import Work, work_record
from bridge.events.records import Record
from bridge.kafka.fetched_command import FetchedCommand
from bridge.kafka.producer_errors import NotAcknowledged, Refused

log = structlog.get_logger(__name__)

Publish = Callable[[Record], Awaitable[None]]
"""Returns when Kafka has the record. Raises NotAcknowledged and Refused."""

FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 5.0
# Between two tries of one record: each has waited for its own deadline, too.
BROKERS_SIZE_ERRORS: Final = frozenset({"MessageSizeTooLargeError", "RecordListTooLargeError"})
# Said of a whole batch. A neighbour may be at fault, but hardly each time.
MOST_TRIES_OF_A_SIZE: Final = 3
REFUSALS_TOLD_EVERY_S: Final = 10.0
# A line for each reason: whoever sends what is no command mostly sends a lot of it.


class Time(Protocol):
    """The brokers' time (`bridge.calls.brokers_clock.SeenTime`)."""

    def seen(self, appended_ms: int) -> None:
        """Take a record's append time into account."""
        ...

    def now_ms(self) -> int:
        """Give the present moment, epoch milliseconds."""
        ...


class Stopped(Exception):
    """The batch is not handed on as a whole: it has to come again."""


class HandingOn:
    """The way of records from the command topic to the topics of work, quarantine and results.

    `time` is the brokers' as far as it is known here, `new_id` makes ULIDs.
    """

    def __init__(
        self,
        *,
        topic_prefix: str,
        publish: Publish,
        results: ResultRecords,
        time: Time,
        new_id: Callable[[], str],
        counts: RouterCounts,
    ) -> None:
        self._topic_prefix = topic_prefix
        self._publish = publish
        self._results = results
        self._time = time
        self._new_id = new_id
        self._counts = counts
        self._stopping = asyncio.Event()
        self._failing: dict[str, str] = {}
        self._untold: dict[str, tuple[float, int]] = {}

    def problem(self) -> str | None:
        """Say why commands are not handed on; None while all is well."""
        if not self._failing:
            return None
        return "not published: " + ", ".join(f"{topic} ({reason})" for topic, reason in sorted(self._failing.items()))

    def stop(self) -> None:
        """Begin no publish anew from now on; what is under way may end well."""
        self._stopping.set()

    async def hand_on(self, batch: Sequence[FetchedCommand]) -> None:
        """Return when all of the batch is where it belongs. Raises Stopped.

        Publishes begin in the order of the batch. What has to be published again comes behind its successors.
        """
        handed_on = await asyncio.gather(*map(self._hand_on, batch), return_exceptions=True)
        for failure in handed_on:
            if failure is not None:
                raise failure

    async def _hand_on(self, fetched: FetchedCommand) -> None:
        if fetched.by_brokers:
            self._time.seen(fetched.timestamp_ms)
        read = read_fetched(fetched, self._time.now_ms())
        if isinstance(read, Work):
            if await self._published(work_record(read, self._topic_prefix)):
                self._counts.routed[read.command.name, mode_of(read)] += 1
                return
            read = too_large(read)
        await self._refuse(read)

    async def _refuse(self, refusal: Refusal) -> None:
        id_ = self._new_id()
        if not await self._published(self._results.quarantined(refusal, id_)):
            await self._published_or_dropped(self._results.quarantined(without_content(refusal), id_), refusal)
        result = self._results.invalid(refusal, self._time.now_ms())
        if result is not None:
            await self._published_or_dropped(result, refusal)
        self._counts.refused[refusal.reason] += 1
        self._tell(refusal)

    async def _published_or_dropped(self, record: Record, refusal: Refusal) -> None:
        if not await self._published(record):
            self._counts.dropped[record.topic] += 1
            _, partition, offset, *_ = refusal.record
            log.error("a record fits nowhere", topic=record.topic, partition=partition, offset=offset)

    async def _published(self, record: Record) -> bool:
        """Publish until Kafka has the record; False where it is larger than Kafka takes. Raises Stopped."""
        for tries in count(1):
            try:
                await self._publish(record)
            except NotAcknowledged as failure:
                reason: str = failure.reason
            except Refused as failure:
                if failure.reason == "too_large":
                    return False
                if failure.error in BROKERS_SIZE_ERRORS and tries >= MOST_TRIES_OF_A_SIZE:
                    return False
                # Of the installation, not of the record: what may not be written to, for instance.
                reason = failure.error or failure.reason
            else:
                break
            self._counts.retried[reason] += 1
            if record.topic not in self._failing:
                log.warning("commands cannot be handed on", topic=record.topic, reason=reason)
            self._failing[record.topic] = reason
            await self._wait(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (tries - 1)))
        if self._failing.pop(record.topic, None) is not None:
            log.info("commands are handed on again", topic=record.topic)
        return True

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
        raise Stopped

    def _tell(self, refusal: Refusal) -> None:
        now = asyncio.get_running_loop().time()
        told, more = self._untold.get(refusal.reason, (now - REFUSALS_TOLD_EVERY_S, 0))
        if now - told < REFUSALS_TOLD_EVERY_S:
            self._untold[refusal.reason] = told, more + 1
            return
        self._untold[refusal.reason] = now, 0
        _, partition, offset, *_ = refusal.record
        log.warning(
            "a record is no command",
            reason=refusal.reason,
            detail=refusal.detail,
            partition=partition,
            offset=offset,
            more_before=more,
        )
