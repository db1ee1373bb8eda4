"""Print completed calls, each once: `python completed.py [HOW MANY]`."""

import asyncio
import os
import sys

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from bridge.events import CallCompleted, parse_record

TOPIC = os.environ.get("TOPICS_PREFIX", "pbx") + ".call.completed.v1"
broker = KafkaBroker(os.environ.get("KAFKA_BOOTSTRAP", "localhost:9092"), logger=None)
app = FastStream(broker, logger=None)
seen: set[tuple[str, str]] = set()  # a service stores the id with its work, in one transaction
left = int(sys.argv[1]) if len(sys.argv) > 1 else None


@broker.subscriber(
    TOPIC,
    group_id="example-python",
    auto_offset_reset="earliest",
    isolation_level="read_committed",
    ack_policy=AckPolicy.MANUAL,  # the others lose an event whose handler fails
    no_reply=True,
)
async def completed(message: KafkaMessage) -> None:
    """Do the work of one event, then commit it."""
    global left  # noqa: PLW0603 - a program that ends by itself
    if left == 0:
        return  # not ours any more, and not committed
    event = parse_record(message.raw_message, CallCompleted)
    if (event.source, event.id) not in seen:
        call = event.data
        how = "missed" if call.call_connected is None else f"connected {call.connection_time} s"
        print(event.id, event.connection, event.subject, call.caller, "->", call.destination, how, flush=True)
        seen.add((event.source, event.id))
        left = None if left is None else left - 1
    await message.ack()
    if left == 0:
        app.exit()


if __name__ == "__main__":
    asyncio.run(app.run())
