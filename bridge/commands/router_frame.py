"""FastStream around the command topic: its loop, its stop, its acknowledgements, and nothing else of it.

It has no producer, so nothing can be published to where a record's headers say. Its own reading of records, which
fails on some of them, is replaced by none at all; its log, which would be a line or two for each batch, is off.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, cast

import structlog
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage, KafkaMessage

from bridge.kafka.command_consumer import CommandConsumer
from bridge.kafka.fetched_command import FetchedCommand

log = structlog.get_logger(__name__)

Handle = Callable[[Sequence[FetchedCommand]], Awaitable[bool]]
"""Hands a batch on. True: all of it is where it belongs. False: it is to come again."""

IDLE_MS: Final = 1
# How long FastStream waits after an empty fetch. The consumer's own fetch has waited already, and ends with a record.


class RouterFrame:
    """One subscriber, from its start to its first failure; the consumer's `broken` tells of that."""

    def __init__(
        self, consumer: Callable[[], CommandConsumer], *, topic: str, group: str, handle: Handle, finish_within_s: float
    ) -> None:
        self.consumer = consumer()
        self._handle = handle
        self._broker = KafkaBroker(
            consumer_only=True,
            allow_auto_create_topics=False,
            graceful_timeout=finish_within_s,
            apply_types=False,  # the handler is ours: nothing has to be injected, nor converted
            logger=None,
        )
        subscriber = self._broker.subscriber(
            topic,
            batch=True,
            batch_timeout_ms=IDLE_MS,
            group_id=group,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            parser=self._parsed,
            decoder=_undecoded,
        )
        subscriber(self._handled)

    async def start(self) -> None:
        """Connect, join the group and begin. Raises KafkaUnreachable; `stop` is due in any case."""
        await self._broker.connect()
        # There is no public way to say how a consumer is made.
        self._broker.config.broker_config.builder = lambda **_: self.consumer
        await self._broker.start()

    async def stop(self) -> None:
        """Let the handler finish in `finish_within_s`, or else have its batch come again; leave the group."""
        self.consumer.give_up("stopping")
        await self._broker.stop()
        # FastStream closes what it has started; a consumer that it never came to is closed here.
        await self.consumer.stop()

    async def _handled(self, message: KafkaMessage) -> None:
        try:
            done = await self._handle(cast("tuple[FetchedCommand, ...]", message.raw_message))
        except Exception as error:
            log.exception("a batch of commands could not be handed on")
            self.consumer.give_up(f"a batch could not be handed on: {type(error).__name__}")
            return
        if done:
            await message.ack()
        else:
            self.consumer.give_up("what was fetched last has to come again")

    async def _parsed(self, batch: tuple[FetchedCommand, ...]) -> KafkaMessage:
        return KafkaAckableMessage(batch, b"", consumer=self.consumer)


async def _undecoded(message: KafkaMessage) -> KafkaMessage:
    return message
