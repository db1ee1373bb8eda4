"""The network of the pods: each has a namespace with a loopback of its own, and relays lead in and out.

What a pod may reach of the host is shown to it on its own loopback, at the same port, so that the addresses that
brokers advertise hold inside, too. A relay passes bytes, ends and resets on; nothing else leads into a pod or out.
"""

import asyncio
import ctypes
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

LOOPBACK: Final = "127.0.0.1"
POD_ADDRESS: Final = "127.0.0.2"
"""What stands in for the address of a pod: who listens on 127.0.0.1 alone is not reached from without."""
_CLONE_NEWNET: Final = 0x4000_0000
_LINGER_0: Final = struct.pack("ii", 1, 0)
_CHUNK: Final = 65_536
_BACKLOG: Final = 512
_libc = ctypes.CDLL(None, use_errno=True)

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Stream]]
"""Opens a connection to where a relay leads; raises OSError."""


class Network:
    """The network namespace of a process; sockets made in it stay in it, whoever uses them."""

    def __init__(self, pid: int) -> None:
        self._namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)

    def close(self) -> None:
        """Let go of the namespace; the sockets stay."""
        os.close(self._namespace)

    async def dial(self, port: int) -> Stream:
        """Open a connection to a port, as it is from without. Raises OSError."""
        near = self._socket()
        try:
            await asyncio.get_running_loop().sock_connect(near, (POD_ADDRESS, port))
        except BaseException:
            near.close()
            raise
        return await asyncio.open_connection(sock=near)

    def listen(self, address: str, port: int) -> socket.socket:
        """Listen in the namespace."""
        listener = self._socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
        return listener

    def _socket(self) -> socket.socket:
        with self._entered():
            made = socket.socket()
        made.setblocking(False)
        return made

    @contextmanager
    def _entered(self) -> Iterator[None]:
        """Have this thread in the namespace; nothing is awaited meanwhile."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _set_namespace(self._namespace)
            try:
                yield
            finally:
                _set_namespace(home)
        finally:
            os.close(home)


def _set_namespace(namespace: int) -> None:
    if _libc.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Relay:
    """Passes the connections of a listening socket on."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @classmethod
    async def start(cls, listener: socket.socket, dial: Dial) -> Self:
        """Take over a listening socket."""
        relay = cls(dial)
        relay._server = await asyncio.start_server(relay._accept, sock=listener)
        return relay

    async def stop(self) -> None:
        """Refuse connections, and reset those that stand."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            far_reader, far_writer = await self._dial()
            ends.append(far_writer)
            await _both(_pump(reader, far_writer), _pump(far_reader, writer))
        except BaseException as error:
            for end in ends:
                reset(end)
            if not isinstance(error, OSError):
                raise
        else:
            for end in ends:
                await _close(end)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection so that the other end sees a reset."""
    made = writer.get_extra_info("socket")
    with suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
    writer.transport.abort()


async def _both(*work: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    if not writer.is_closing():
        writer.write_eof()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
