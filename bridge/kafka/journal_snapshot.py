"""Reading a shard's whole journal, as it is for whoever has just fenced its predecessor."""

from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.kafka.client_options import ClientOptions, client_arguments
from bridge.kafka.client_start import start_client
from bridge.kafka.journal_records import StoredRecord

FETCH_BYTES = 4 * 1024 * 1024
# Of one answer: at the library's 1 MiB a journal of 20 MiB takes four times the round trips.
RECORDS_AT_ONCE = 2_000
# Between two of these the loop turns: heartbeats and webhooks of the same process go on.
POLL_MS = 200


async def read_snapshot(
    client: ClientOptions, topic: str, shard: int, goes_on: Callable[[], object]
) -> dict[bytes, StoredRecord]:
    """Give the latest value by key, read_committed, up to the end as it is now. KafkaError, OSError, ValueError.

    `goes_on` is called whenever some of it has come.

    The end of a read_committed reader is the last stable offset: asked for after InitProducerId has returned, it is
    behind everything that any predecessor has stored, and nothing that it has not is before it.
    """
    consumer = AIOKafkaConsumer(
        **client_arguments(client),
        isolation_level="read_committed",
        enable_auto_commit=False,
        group_id=None,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        max_poll_records=RECORDS_AT_ONCE,
    )
    partition = TopicPartition(topic, shard)
    stored: dict[bytes, StoredRecord] = {}
    try:
        await start_client(consumer, consumer._client, client)  # noqa: SLF001 - the library shows it nowhere else
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        # The position passes commit markers and the gaps that compaction leaves, where there is no record to wait for.
        before = -1
        while (position := await consumer.position(partition)) < end:
            if position > before:
                before = position
                goes_on()
            for record in (await consumer.getmany(partition, timeout_ms=POLL_MS)).get(partition, ()):
                if record.value is None:
                    stored.pop(record.key, None)
                else:
                    stored[record.key] = StoredRecord(record.value, record.timestamp)
    finally:
        await consumer.stop()
    return stored
