"""Have an employee call a number, and wait for the result: `python dial.py CONTACT_ID NUMBER`."""

import asyncio
import os
import sys
import uuid

from faststream.kafka import KafkaBroker

from bridge.events import Answer, CommandResult, parse_record

PREFIX = os.environ.get("TOPICS_PREFIX", "pbx")
SOURCE = "/examples/python"
WAIT_S = 60  # a dial's own 30 s, and some for the way


async def dial(broker: KafkaBroker, contact_id: int, destination: str) -> CommandResult:
    """Publish one command, and return its result."""
    id_ = str(uuid.uuid4())
    results = broker.subscriber(f"{PREFIX}.results.v1", isolation_level="read_committed", persistent=False)
    await results.start()
    assert results.consumer is not None
    await results.consumer.seek_to_end()  # before the command is out
    await broker.publish(
        {"contact_id": contact_id, "destination": destination},
        f"{PREFIX}.commands.v1",
        key=id_.encode(),
        headers={
            "ce_specversion": "1.0",
            "ce_id": id_,
            "ce_source": SOURCE,
            "ce_type": "pbx.command.dial.v1",
            "ce_connection": os.environ.get("CONNECTION", "acme"),
        },
    )
    async for message in results:
        match parse_record(message.raw_message):
            case Answer(data=CommandResult() as result, command_id=asked) if asked == id_:
                return result
    raise AssertionError("the results have no end")


async def main() -> int:
    """Dial as the arguments say."""
    broker = KafkaBroker(
        os.environ.get("KAFKA_BOOTSTRAP", "localhost:9092"), acks="all", enable_idempotence=True, logger=None
    )
    async with broker:
        await broker.start()
        result = await asyncio.wait_for(dial(broker, int(sys.argv[1]), sys.argv[2]), WAIT_S)
    print(f"{result.status}: {result.message}")
    return 0 if result.status == "ok" else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
