"""Ends the doubts of all shards that this process owns: looks every second, and does what `open_doubts` decides.

One per process, since one reader of the event topics serves all shards; there is none while no doubt is open. Nothing
here stops for Kafka or the vendor: without events the history explains doubts, without either they end in time.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from typing import Protocol

import structlog

from bridge.calls.dial_states import Resolution
from bridge.calls.doubts import NEEDED_BEFORE_MS, ObservedCall
from bridge.calls.owned_commands import OwnedCommands
from bridge.commands.observed_calls import CALL_EVENTS, ObservedCalls, calls_in_event
from bridge.commands.open_doubts import Ask, Look, OpenDoubts
from bridge.events.topics import event_topic
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.reader import ReadRecord, TopicReader
from bridge.pbx.numbers import ToE164

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
# How long a call that is known may wait for its doubt.
READ_AGAIN_AFTER_S = 2.0
# After a failure of the reader.
LOOK_BACK_MS = 3_600_000
# Of events that are read for old doubts, which are open at a take-over alone; the history knows older calls.
NEW_DOUBT_WITHIN_MS = 60_000
# From a dial to its doubt: the request's own time, and storing the verdict. So much more is read, and kept, so that a
# new doubt does not make the events be read again.

CallEvents = Callable[[int], AsyncGenerator[ReadRecord, None]]
"""The records of the topics of `CALL_EVENTS` that were appended at a time (epoch ms) or later, and those to come."""
Answer = Callable[[Sequence[ObservedCall] | None], None]
"""Takes what the history says; None: no answer."""
Sleep = Callable[[float], Awaitable[None]]


class ShardDoubts(Protocol):
    """What an owned shard gives, for as long as it is owned. What it begins ends with the ownership."""

    @property
    def commands(self) -> OwnedCommands:
        """The shard's commands as of now."""
        ...

    def now_ms(self) -> int:
        """Give the present moment by the brokers' clock."""
        ...

    def ask_history(self, ask: Ask, answer: Answer) -> None:
        """Begin to ask the vendor, with a slot by `ask.by_ms` or not at all; `answer` is called once."""
        ...

    def end_doubt(self, identity: str, resolution: Resolution) -> None:
        """Begin to store and publish how a doubt ended; said once of each."""
        ...


class _Shard:
    """A registered shard: what is known of its doubts, and what was found at the last look."""

    def __init__(self, doubts: ShardDoubts, open_: OpenDoubts) -> None:
        self.doubts = doubts
        self.open = open_
        self.look = Look({}, (), ())
        self.looked_ms = 0
        self.failing = False


class DoubtWatch:
    """Watches from `start` to `stop`. `events` is called for each new reader; `number_reader` takes any connection."""

    def __init__(
        self, events: CallEvents, number_reader: Callable[[str], ToE164], sleep: Sleep = asyncio.sleep
    ) -> None:
        self._events = events
        self._number_reader = number_reader
        self._sleep = sleep
        self._shards: dict[int, _Shard] = {}
        self._calls = ObservedCalls()
        self._known_from_ms: int | None = None
        self._reader: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def known_from_ms(self) -> int | None:
        """Since when calls are known from events; None while these are not followed, since no doubt needs them."""
        return self._known_from_ms

    def start(self) -> None:
        """Begin to look."""
        _ = self._begin(self._look_for_ever())

    async def stop(self) -> None:
        """End everything at once. Never raises."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def add(self, shard: ShardDoubts) -> None:
        """Look after a shard's doubts, now that it has been taken over."""
        self._shards[id(shard)] = _Shard(shard, OpenDoubts(self._number_reader))

    def remove(self, shard: ShardDoubts) -> None:
        """Leave a shard alone, which may have been removed before: nothing of it is asked for any more."""
        self._shards.pop(id(shard), None)

    async def _look_for_ever(self) -> None:
        while True:
            for shard in tuple(self._shards.values()):
                try:
                    self._look(shard)
                    shard.failing = False
                except Exception:
                    # A fault with one shard must not keep the doubts of the others open.
                    if not shard.failing:
                        log.exception("the doubts of a shard cannot be looked at")
                    shard.failing = True
            self._follow_events()
            await self._sleep(LOOK_EVERY_S)

    def _look(self, shard: _Shard) -> None:
        doubts = shard.doubts
        now_ms = doubts.now_ms()
        shard.look = shard.open.look(doubts.commands.known, doubts.commands.doubts, self._calls, now_ms)
        shard.looked_ms = now_ms
        for ask in shard.look.asks:
            doubts.ask_history(ask, partial(self._answered, shard, ask))
        for identity, resolution in shard.look.ends:
            doubts.end_doubt(identity, resolution)

    def _answered(self, shard: _Shard, ask: Ask, calls: Sequence[ObservedCall] | None) -> None:
        if calls is not None:
            self._calls.add(ask.connection, calls)
        shard.open.answer(ask, answered=calls is not None)

    def _follow_events(self) -> None:
        """Have a reader that has read what is needed, and keep what may yet be needed."""
        needed = {connection: ms for shard in self._shards.values() for connection, ms in shard.look.needed.items()}
        if not needed:
            self._stop_reading()
            self._calls.clear()
            return
        now_ms = max(shard.looked_ms for shard in self._shards.values())
        young = [ms for ms in needed.values() if ms >= now_ms - LOOK_BACK_MS]
        if not young:
            self._stop_reading()
        elif self._known_from_ms is None or min(young) < self._known_from_ms:
            self._read_from(min(young) - NEW_DOUBT_WITHIN_MS)
        keep_ms = min([now_ms - NEW_DOUBT_WITHIN_MS - NEEDED_BEFORE_MS, *young])
        self._calls.forget(keep_ms, needed)
        if self._known_from_ms is not None:
            self._known_from_ms = max(self._known_from_ms, keep_ms)

    def _read_from(self, since_ms: int) -> None:
        self._stop_reading()
        self._known_from_ms = since_ms
        self._reader = self._begin(self._read(since_ms))

    def _stop_reading(self) -> None:
        self._known_from_ms = None
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    async def _read(self, since_ms: int) -> None:
        failing = False
        while True:
            try:
                async with aclosing(self._events(since_ms)) as records:
                    async for record in records:
                        if failing:
                            log.info("the events that end doubts are read again")
                            failing = False
                        if (seen := calls_in_event(record.headers, record.value, record.timestamp_ms)) is not None:
                            self._calls.add(*seen)
            except Exception as error:  # noqa: BLE001 - a client library's errors are many, and doubts end without events
                if not failing:
                    log.warning("the events that end doubts cannot be read", error=f"{type(error).__name__}: {error}")
                failing = True
            await self._sleep(READ_AGAIN_AFTER_S)

    def _begin(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def call_events(options: Callable[[], ClientOptions], prefix: str) -> CallEvents:
    """Give what reads the event topics of an installation."""
    topics = [event_topic(prefix, event) for event in CALL_EVENTS]

    async def read(since_ms: int) -> AsyncGenerator[ReadRecord, None]:
        async with TopicReader(options()) as reader:
            await reader.follow(topics, since_ms)
            async for record in reader.records():
                yield record

    return read
