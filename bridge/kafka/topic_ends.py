"""Where topics end by now, for who has to know that he has read all that anybody may have heard is stored.

A read_committed reader is told of another end: that before the first transaction that is still open. Records of others
that were acknowledged behind it are hidden from him until then, and must not be taken for missing.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from bridge.kafka.client_options import ClientOptions, client_arguments
from bridge.kafka.client_start import start_client
from bridge.kafka.reader import KafkaUnreachable

_ANSWERED_WITHIN_S = 10.0
# One round trip; the library's own limit is 40 s.


class TopicEnds:
    """Asks for the ends of partitions, transactions that are still open included."""

    def __init__(self, options: ClientOptions) -> None:
        self._options = options
        self._consumer = AIOKafkaConsumer(
            **client_arguments(options), isolation_level="read_uncommitted", enable_auto_commit=False, group_id=None
        )

    async def __aenter__(self) -> Self:
        """Connect; raises KafkaUnreachable."""
        try:
            consumer = self._consumer
            await start_client(consumer, consumer._client, self._options)  # noqa: SLF001 - the library shows it nowhere else
        except KafkaError as error:
            await self._consumer.stop()
            raise KafkaUnreachable(str(error) or type(error).__name__) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def of(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Give the offset behind the last record of each, as of a moment after the call. Raises KafkaUnreachable."""
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                ends: dict[TopicPartition, int] = await self._consumer.end_offsets(list(partitions))
        except TimeoutError as error:
            raise KafkaUnreachable("no answer in time") from error
        except KafkaError as error:
            raise KafkaUnreachable(str(error) or type(error).__name__) from error
        return ends
