"""The link that can go dead: what passes late is what TCP itself would deliver late."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.drills.dropping_proxy import DroppingProxy

LINGER_0 = struct.pack("ii", 1, 0)


class Far:
    """A server that keeps what arrives and says when there is something."""

    def __init__(self) -> None:
        self.got = b""
        self.came = asyncio.Event()
        self.connections: list[asyncio.Task[None] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.current_task())
        try:
            while chunk := await reader.read(100):
                self.got += chunk
                self.came.set()
                writer.write(b"echo " + chunk)
            writer.close()
            await writer.wait_closed()
        except ConnectionError:
            writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def far() -> AsyncIterator[tuple[Far, DroppingProxy]]:
    """Give a server and the link to it."""
    far, proxy = Far(), DroppingProxy()
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    await proxy.start(server.sockets[0].getsockname()[1])
    yield far, proxy
    await proxy.stop()
    await asyncio.gather(*filter(None, far.connections))
    server.close()
    await server.wait_closed()


async def connected(proxy: DroppingProxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"first")
    assert await reader.read(100) == b"echo first"
    return reader, writer


@pytest.mark.asyncio
async def test_a_living_link_passes_everything(far: tuple[Far, DroppingProxy]) -> None:
    """There and back, the end included."""
    _, proxy = far
    reader, writer = await connected(proxy)
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


@pytest.mark.asyncio
async def test_what_is_sent_into_a_dead_link_arrives_late(far: tuple[Far, DroppingProxy]) -> None:
    """Its sender's kernel repeats it, even when the sender has ended with a FIN."""
    server, proxy = far
    _, writer = await connected(proxy)
    server.came.clear()
    proxy.die()
    writer.write(b"second")
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.05)
    assert server.got == b"first"
    proxy.live()
    await asyncio.wait_for(server.came.wait(), 5)
    assert server.got == b"firstsecond"
    assert (proxy.held, proxy.dropped) == (1, 0)


@pytest.mark.asyncio
async def test_what_was_reset_in_a_dead_link_never_arrives(far: tuple[Far, DroppingProxy]) -> None:
    """A reset connection's kernel repeats nothing."""
    server, proxy = far
    _, writer = await connected(proxy)
    plain = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
    proxy.die()
    writer.write(b"second")
    await asyncio.sleep(0.05)
    writer.transport.abort()
    await asyncio.sleep(0.05)
    proxy.live()
    await asyncio.sleep(0.05)
    assert server.got == b"first"
    assert (proxy.held, proxy.dropped) == (0, 1)
