"""One reader for a worker process: keeps what the event topics say of the connections that the process owns.

A comparison is only as good as what is known to be published: whoever has fetched a list asks, after that, whether all
that any topic held by then has been read, and compares nothing until it has. While Kafka is away, or the reader far
behind, the answer is no, and nothing is taken for missing.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import structlog

from bridge.events.catalogue import EventName
from bridge.reconcile.event_tail import FOLLOWED, Append, OpenTail, Passed, Tail
from bridge.reconcile.published_facts import HOOK_EVENTS, LOST_CALLER_EVENTS, PublishedFacts

log = structlog.get_logger(__name__)

BEGIN_AFTER_S = 1.0
# From the first connection that is to be followed to the reading: a rebalance brings shards one after the other, and
# for each that comes later all is read again.
AGAIN_AFTER_S = 2.0
# After a failure of the reader.
WAIT_AT_MOST_S = 30.0
# For the answer; who is told no asks again at the next comparison.
READ_AGAIN_MS = 60_000
# Before what is known to have been read: brokers' clocks differ, and each stamps what its partitions get.
RECORDS_AT_ONCE = 1_000
# Between two looks at other tasks: some 10 ms.

Sleep = Callable[[float], Awaitable[None]]


class Witness(Protocol):
    """Who is told what the topics show of webhooks; the same may be told again, and in any order."""

    def delivered(self, connection: str, hook: str, appended_ms: int) -> None:
        """Note an event that came by a hook, such as `CallStarted.1`."""
        ...

    def missed(self, connection: str, event: EventName, happened_ms: int) -> None:
        """Note an event that no webhook has brought; when it happened, in epoch ms."""
        ...


class Begin(NamedTuple):
    """From which append times on (epoch ms) a connection is followed.

    The others are the events that only show that their webhooks come.
    """

    items_ms: int
    lost_callers_ms: int
    others_ms: int

    def of(self, event: EventName) -> int:
        """Give an event's."""
        if event in HOOK_EVENTS:
            return self.others_ms
        return self.lost_callers_ms if event in LOST_CALLER_EVENTS else self.items_ms

    def later(self, read_ms: int) -> "Begin":
        """Give what is still to be read when all before a moment was."""
        return Begin(*(max(begin, read_ms) for begin in self))


@dataclass
class _Followed:
    """A connection, and what of it is still to be read."""

    facts: PublishedFacts
    begin: Begin
    current: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class _Question:
    """Whether all of a connection has been read that was there at `asked_ms`."""

    followed: _Followed
    asked_ms: int
    answer: asyncio.Future[bool]


class _Waiting(NamedTuple):
    """Questions that can be answered once the ends have been passed that the topics had after they were asked."""

    passed: Passed
    questions: list[_Question]


class PublishedReader:
    """Reads from `start` to `stop`, while there are connections to follow."""

    def __init__(self, open_tail: OpenTail, witness: Witness, sleep: Sleep = asyncio.sleep) -> None:
        self._open_tail = open_tail
        self._witness = witness
        self._sleep = sleep
        self._followed: dict[str, _Followed] = {}
        self._changed = asyncio.Event()
        self._questions: list[_Question] = []
        self._waiting: deque[_Waiting] = deque()
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read, now or when there is something to."""
        self._task = asyncio.create_task(self._read_for_ever())

    async def stop(self) -> None:
        """End at once. Never raises."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._refuse()

    def follow(self, connection: str, begin: Begin) -> PublishedFacts:
        """Follow a connection; gives what will be known of it."""
        facts = PublishedFacts()
        self._followed[connection] = _Followed(facts, begin)
        self._changed.set()
        return facts

    def leave(self, connection: str, facts: PublishedFacts) -> None:
        """Follow a connection no more, unless it has been followed anew."""
        followed = self._followed.get(connection)
        if followed is not None and followed.facts is facts:
            del self._followed[connection]

    async def until_current(self, connection: str) -> None:
        """Wait until all of a connection that is followed was read once."""
        await self._followed[connection].current.wait()

    async def has_read_all(self, connection: str, now_ms: int) -> bool:
        """Wait until all of a connection has been read that is in the topics by now; false when that takes too long.

        `now_ms` is the present moment by the brokers' clock.
        """
        followed = self._followed.get(connection)
        if followed is None or not followed.current.is_set():
            return False
        question = _Question(followed, now_ms, asyncio.get_running_loop().create_future())
        self._questions.append(question)
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_AT_MOST_S):
                return await question.answer
        return False

    def losses(self, connection: str, event: EventName, since_ms: int) -> int:
        """Count a connection's events that happened since a moment (epoch ms) and whose webhook never came.

        As far as this process knows: 0 for a connection that it does not own.
        """
        followed = self._followed.get(connection)
        return 0 if followed is None else followed.facts.losses(event, since_ms)

    async def _read_for_ever(self) -> None:
        while True:
            if not self._followed:
                self._refuse()
            await self._changed.wait()
            await self._sleep(BEGIN_AFTER_S)
            self._changed.clear()
            if not self._followed:
                continue
            try:
                async with self._open_tail(self._since()) as tail:
                    await self._read(tail)
            except Exception as error:  # noqa: BLE001 - a client library's errors are many, and each is passed over alike
                if not self._failing:
                    log.warning("what was published cannot be read", error=f"{type(error).__name__}: {error}")
                self._failing = True
                self._refuse()
                self._changed.set()
                await self._sleep(AGAIN_AFTER_S)

    def _since(self) -> dict[EventName, int]:
        return {event: min(one.begin.of(event) for one in self._followed.values()) for event in FOLLOWED}

    async def _read(self, tail: Tail) -> None:
        """Read until a connection is to be followed from an earlier moment, or none at all."""
        # A connection that is not current yet has no questions: it becomes so when all that is there now was read.
        covered = list(self._followed.values())
        begun: Passed | None = await tail.mark()
        while not self._changed.is_set() and self._followed:
            if self._questions:
                asked, self._questions = self._questions, []
                self._waiting.append(_Waiting(await self._mark(tail, asked), asked))
            await self._take(await tail.fetch())
            if begun is not None and await begun():
                begun = None
                for followed in covered:
                    followed.current.set()
                self._tell_recovery()
            while begun is None and self._waiting and await self._waiting[0].passed():
                self._answer(self._waiting.popleft().questions)
        # Whoever still waits is asked for again, by the next reading.
        self._ask_again()

    async def _mark(self, tail: Tail, asked: list[_Question]) -> Passed:
        try:
            return await tail.mark()
        except BaseException:
            self._questions += asked
            raise

    async def _take(self, fetched: Sequence[Append]) -> None:
        for begin in range(0, len(fetched), RECORDS_AT_ONCE):
            for connection, fact in fetched[begin : begin + RECORDS_AT_ONCE]:
                followed = self._followed.get(connection)
                if followed is None:
                    continue
                if fact.hook is not None:
                    self._witness.delivered(connection, fact.hook, fact.appended_ms)
                if (loss := followed.facts.take(fact)) is not None:
                    self._witness.missed(connection, loss.event, loss.happened_ms)
            await asyncio.sleep(0)

    def _answer(self, questions: list[_Question]) -> None:
        for question in questions:
            question.followed.begin = question.followed.begin.later(question.asked_ms - READ_AGAIN_MS)
            if not question.answer.done():
                question.answer.set_result(True)

    def _ask_again(self) -> None:
        for _, questions in self._waiting:
            self._questions += questions
        self._waiting.clear()

    def _refuse(self) -> None:
        self._ask_again()
        questions, self._questions = self._questions, []
        for question in questions:
            if not question.answer.done():
                question.answer.set_result(False)

    def _tell_recovery(self) -> None:
        if self._failing:
            log.info("what was published is read again")
            self._failing = False
