"""The router: takes what anybody publishes to the command topic, and hands it to the owner of its connection's shard.

Any worker routes, as nothing is kept. What it has read it hands on before it says so to Kafka: after a crash some of
it comes again, and is dropped by whoever carries it out.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Final

import structlog

from bridge.commands.append_time import AppendTime
from bridge.commands.handing_on import HandingOn, Publish, Stopped, Time
from bridge.commands.result_records import ResultRecords
from bridge.commands.router_counts import RouterCounts
from bridge.commands.router_frame import RouterFrame
from bridge.events.topics import commands_topic
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.command_consumer import CommandConsumer
from bridge.kafka.fetched_command import FetchedCommand
from bridge.kafka.reader import KafkaUnreachable
from bridge.kafka.topic_timestamps import SettingUnknown, timestamp_type

log = structlog.get_logger(__name__)

FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 5.0
# Between two consumers, while Kafka is away: soon enough after its return, and cheap for days.
STEADY_AFTER_S: Final = 30.0
# A consumer that held for so long was none of a row of failures.
OPENED_WITHIN_S: Final = 2.0
# At a stop: how long a connection may take that is being made.
FINISH_WITHIN_S: Final = 5.0
# At a stop: longer than a publish may take, so that what is under way ends and is not repeated.


class CommandRouter:
    """One member of the group `<prefix>.router`.

    `options` is asked for each new connection, so that changed credentials are taken up. `publish` makes a record
    durable, or raises as `bridge.kafka.publisher.Publisher.publish` does; its topics are work, quarantine and results.
    `time` is the brokers' as far as it is known here, `new_id` makes ULIDs.
    """

    def __init__(
        self,
        options: Callable[[], ClientOptions],
        *,
        topic_prefix: str,
        publish: Publish,
        results: ResultRecords,
        time: Time,
        new_id: Callable[[], str],
    ) -> None:
        self.counts = RouterCounts()
        self._options = options
        self._topic = commands_topic(topic_prefix)
        self._group = f"{topic_prefix}.router"
        self._handing_on = HandingOn(
            topic_prefix=topic_prefix,
            publish=publish,
            results=results,
            time=time,
            new_id=new_id,
            counts=self.counts,
        )
        self._append_time = AppendTime(self._timestamp_type, self._topic)
        self._frame: RouterFrame | None = None
        self._unconnected = "it has not begun"
        self._opening = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, and return at once; tries for ever."""
        self._tasks = [asyncio.create_task(self._append_time.keep()), asyncio.create_task(self._keep())]

    async def stop(self) -> None:
        """Finish what is under way or leave it to the next one, within about 10 s. Never raises."""
        self._handing_on.stop()
        async with AsyncExitStack() as held:
            with suppress(TimeoutError):
                async with asyncio.timeout(OPENED_WITHIN_S):
                    # Cancelled in the middle, the client library would leave the new connection open.
                    await held.enter_async_context(self._opening)
                    await held.enter_async_context(self._append_time.looking)
            for task in self._tasks:
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._closing is not None:
            await self._closing

    def problem(self) -> str | None:
        """Say why no commands are routed, for readiness; None while all is well. A stand-by without a share is well."""
        if (problem := self._append_time.problem()) is not None:
            return problem
        if self._frame is None:
            return f"the router is not connected: {self._unconnected}"
        if (problem := self._frame.consumer.problem()) is not None:
            return f"the router is not at work: {problem}"
        return self._handing_on.problem()

    async def _timestamp_type(self) -> str | None:
        try:
            options = self._options()
        except ValueError as error:
            raise SettingUnknown(str(error)) from error
        return await timestamp_type(options, self._topic)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = FIRST_WAIT_S
        while True:
            # Not before the topic is there: some clusters create one that a consumer asks for, with their settings.
            await self._append_time.right()
            began = loop.time()
            reason = await self._one_connection()
            if loop.time() - began > STEADY_AFTER_S:
                wait_s = FIRST_WAIT_S
            if reason != self._unconnected:
                log.warning("the router has no connection", reason=reason)
            self._unconnected = reason
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def _one_connection(self) -> str:
        """Route from one consumer's start to its first failure, and return that."""
        loop = asyncio.get_running_loop()
        try:
            frame = RouterFrame(
                partial(CommandConsumer, self._options(), self._group, loop.time, self._commit_unstored),
                topic=self._topic,
                group=self._group,
                handle=self._handle,
                finish_within_s=FINISH_WITHIN_S,
            )
        except ValueError as error:
            return str(error)
        try:
            async with self._opening:
                await frame.start()
            self._frame = frame
            self.counts.connections += 1
            log.info("the router is connected")
            await asyncio.wait([frame.consumer.broken])
            return frame.consumer.broken.result()
        except KafkaUnreachable as error:
            return str(error)
        finally:
            self._frame = None
            self._closing = asyncio.create_task(frame.stop())
            # Whoever cancels this waits for the end of it.
            await asyncio.shield(self._closing)

    def _commit_unstored(self) -> None:
        self.counts.unstored_commits += 1

    async def _handle(self, batch: Sequence[FetchedCommand]) -> bool:
        # A record that the brokers have not timed waits while the setting is wrong, and everybody behind it, too. Once
        # it is right no such record will come any more, and those that are there have no deadline for ever.
        if not all(fetched.by_brokers for fetched in batch) and not await self._append_time.look():
            return False
        try:
            await self._handing_on.hand_on(batch)
        except Stopped:
            return False
        return True
