"""A look at our rights that meets a broker which has fallen silent: the process must be able to stop."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.cluster import ClusterMetadata

from bridge.kafka import rights_probe
from bridge.kafka.rights import KafkaRole, rights
from bridge.kafka.rights_probe import look_at_rights
from tests.kafka.secured_kafka import SecuredKafka

STOPPED_WITHIN_S = 5.0
# Of the 25 s that a whole stop may take; a polite end over TLS waits 30 s for the other side's word.


class Line:
    """A way to the broker that can be made to swallow everything, as a network does that is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._open = asyncio.Event()
        self._open.set()

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._to)
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):  # the client's end is no polite one
                while read := await reader.read(65_536):
                    await self._open.wait()
                    writer.write(read)
        finally:
            writer.close()


@asynccontextmanager
async def line_to(address: str) -> AsyncIterator[tuple[Line, int]]:
    """Listen on a port that leads to the broker."""
    host, _, port = address.rpartition(":")
    line = Line(host, int(port))
    server = await asyncio.start_server(line.carry, "localhost", 0)
    try:
        yield line, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        line.mend()  # so that what it carries comes to its end


@pytest.mark.asyncio
async def test_a_look_ends_at_once_when_its_broker_is_silent(
    secured_kafka: SecuredKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop in the midst of a look, over TLS, does not wait for the broker's part of the farewell."""
    known, operations = ClusterMetadata.broker_metadata, rights_probe._operations
    asking = asyncio.Event()
    async with line_to(secured_kafka.at("TLS")) as (line, port):

        def by_the_line(cluster: ClusterMetadata, node: int) -> object:
            broker = known(cluster, node)
            return broker and broker._replace(host="localhost", port=port)

        async def into_the_void(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
            await operations(client, names)  # has a connection of its own by then
            line.cut()
            asking.set()
            return await operations(client, names)

        monkeypatch.setattr(ClusterMetadata, "broker_metadata", by_the_line)
        monkeypatch.setattr(rights_probe, "_operations", into_the_void)
        options = replace(secured_kafka.client("TLS"), bootstrap_servers=f"localhost:{port}")
        look = asyncio.create_task(look_at_rights(options, rights(KafkaRole.INGRESS, "silence"), []))
        await asyncio.wait_for(asking.wait(), STOPPED_WITHIN_S)
        began = time.monotonic()
        look.cancel()
        await asyncio.wait({look})
        assert time.monotonic() - began < STOPPED_WITHIN_S
