"""Where what the command line asks comes in, and reaches the owner of the connection, if that is this process.

Every worker reads the whole topic, from its start on and without a group; whoever owns the connection answers, and the
others pass the request over. In a rebalance it may be that nobody answers (the old owner does not any more, the new one
had passed it over) or that two do. The first costs a person the same command again; the second does no harm, since what
is done is stored under the shard's fence, and of two answers the first counts. Answers are no part of a transaction:
they tell what an owner knows, and nothing rests on them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final, NamedTuple

import structlog

from bridge.calls.shard_owner import OwnedShard
from bridge.events.records import Record
from bridge.events.topics import admin_topic
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.producer_errors import NotAcknowledged, Refused
from bridge.kafka.reader import ReadRecord, TopicReader
from bridge.registration.admin_actions import act
from bridge.registration.admin_messages import AdminRequest, answer_record, read_request
from bridge.registration.registrar import Registrar

log = structlog.get_logger(__name__)

TOO_OLD_AFTER_MS: Final = 60_000
# Nobody waits any longer, and what a person asked for a while ago may not be what he wants now.
ANSWERED_WITHIN_MS: Final = 45_000
# What is not done by then is told, while somebody still listens.
MOST_AT_ONCE: Final = 100
# People and `bridge check` ask for no more; what is more is passed over.
READ_AGAIN_AFTER_S: Final = 2.0
# After a failure of the reader.

AdminRequests = Callable[[], AsyncGenerator[ReadRecord, None]]
"""Gives the records of the admin topic that come from now on."""


class _Owned(NamedTuple):
    registrar: Registrar
    shard: OwnedShard


class AdminDesk:
    """Reads from `start` to `stop`. `new_id` gives ULIDs; `publish` raises NotAcknowledged and Refused."""

    def __init__(
        self,
        requests: AdminRequests,
        publish: Callable[[Record], Awaitable[None]],
        new_id: Callable[[], str],
        topic_prefix: str,
    ) -> None:
        self._requests = requests
        self._publish = publish
        self._new_id = new_id
        self._topic_prefix = topic_prefix
        self._owned: dict[str, _Owned] = {}
        self._at_work = 0
        self._reading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read, for ever; returns at once."""
        self._reading = asyncio.create_task(self._read())

    async def stop(self) -> None:
        """Read no more. What is being done belongs to the shards. Never raises."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    def open(self, registrar: Registrar, shard: OwnedShard) -> None:
        """Answer for a connection from now on."""
        self._owned[registrar.connection] = _Owned(registrar, shard)

    def close(self, registrar: Registrar) -> None:
        """Answer for it no more, unless somebody else has opened it since."""
        owned = self._owned.get(registrar.connection)
        if owned is not None and owned.registrar is registrar:
            del self._owned[registrar.connection]

    def take(self, record: ReadRecord) -> None:
        """Begin to do what a record asks for, if it is for us; returns at once."""
        request = read_request(record.headers, record.value)
        owned = None if request is None else self._owned.get(request.connection)
        if request is None or owned is None or self._at_work >= MOST_AT_ONCE:
            return
        clock = owned.shard.clock
        if clock.epoch_ms(clock.now()) - record.timestamp_ms <= TOO_OLD_AFTER_MS:
            self._at_work += 1
            owned.shard.tasks.work(self._answer(request, owned, record.timestamp_ms))

    async def _answer(self, request: AdminRequest, owned: _Owned, asked_ms: int) -> None:
        try:
            clock = owned.shard.clock
            deadline = clock.earliest(asked_ms + ANSWERED_WITHIN_MS)
            answer = await act(request, owned.registrar, owned.shard.means, deadline)
            log.info(
                "the command line was answered",
                connection=request.connection,
                asked=request.kind.value,
                status=answer.status,
            )
            now_ms = clock.epoch_ms(clock.now())
            try:
                await self._publish(answer_record(self._topic_prefix, request, answer, self._new_id(), now_ms))
            except (NotAcknowledged, Refused) as error:
                log.warning("an answer to the command line is not published", reason=error.reason)
        finally:
            self._at_work -= 1

    async def _read(self) -> None:
        failing = False
        while True:
            try:
                async with aclosing(self._requests()) as records:
                    async for record in records:
                        if failing:
                            log.info("the admin topic is read again")
                            failing = False
                        self.take(record)
            except Exception as error:  # noqa: BLE001 - a client library's errors are many, and this must go on
                if not failing:
                    log.warning("the admin topic cannot be read", error=f"{type(error).__name__}: {error}")
                failing = True
            await asyncio.sleep(READ_AGAIN_AFTER_S)


def admin_requests(options: Callable[[], ClientOptions], prefix: str) -> AdminRequests:
    """Give what reads the admin topic of an installation."""

    async def read() -> AsyncGenerator[ReadRecord, None]:
        async with TopicReader(options()) as reader:
            await reader.follow([admin_topic(prefix)], None)
            async for record in reader.records():
                yield record

    return read
