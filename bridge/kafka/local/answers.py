"""Whether a broker really answers: a metadata request that names at least one node, not only an open port."""

import asyncio

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

_ONE_TRY = 2.0
# Seconds for one connection and its answers; a starting broker accepts the connection and is silent until it serves.

_PAUSE = 0.1
# Seconds between two tries.


async def answers(bootstrap: str) -> bool:
    """Return whether one of the brokers `host:port[,host:port]` answers a metadata request now."""
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            async with asyncio.timeout(_ONE_TRY):
                if await _names_a_node(host.strip("[]"), int(port)):
                    return True
        except (OSError, KafkaError, TimeoutError, ValueError):
            continue
    return False


async def wait_until_answers(bootstrap: str, seconds: float) -> bool:
    """Wait until the broker answers, at most so many seconds; return whether it does."""
    try:
        async with asyncio.timeout(seconds):
            while not await answers(bootstrap):  # noqa: ASYNC110 - the broker has no event for us to wait for
                await asyncio.sleep(_PAUSE)
    except TimeoutError:
        return False
    return True


async def _names_a_node(host: str, port: int) -> bool:
    connection = await create_conn(host, port, request_timeout_ms=int(_ONE_TRY * 1000))
    try:
        metadata = await connection.send(MetadataRequest([]))
    finally:
        connection.close()
    return len(metadata.brokers) > 0
