"""A link to the vendor that can go dead: nothing passes, and neither end is told.

While it is dead, what the bridge sends is held as its kernel would hold and repeat it: when the link is back, it passes
if the connection still stands at the bridge's end, and is gone if that end has been reset. So whatever a process writes
before it gives up, or dies, arrives late exactly where TCP would have delivered it late. New connections are not taken.
"""

import asyncio
import socket
import struct
from collections.abc import Coroutine
from typing import Final

_CHUNK: Final = 65_536
_WAITING: Final = 100
# Connections that are not accepted yet; a dead link has no room for them, so that the kernel does not greet them.
_LINGER_0: Final = struct.pack("ii", 1, 0)


class DroppingProxy:
    """Listens on loopback and passes everything on to another port there."""

    def __init__(self) -> None:
        self._target = 0
        self._alive = asyncio.Event()
        self._alive.set()
        self._listener = socket.socket()
        self._tasks: set[asyncio.Task[None]] = set()
        self.held = 0
        """Connections whose bytes were held when the link came back, and passed then."""
        self.dropped = 0
        """Connections whose bytes were held, and whose sender had given up by then."""

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    async def start(self, target: int) -> None:
        """Listen, and pass on to this port."""
        self._target = target
        self._listener.setblocking(False)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(_WAITING)
        self._spawn(self._accept())

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listener.close()

    def die(self) -> None:
        """Let nothing pass from now on."""
        self._alive.clear()
        self._listener.listen(0)

    def live(self) -> None:
        """Let everything pass again."""
        self._listener.listen(_WAITING)
        self._alive.set()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._alive.wait()
            accepted, _ = await loop.sock_accept(self._listener)
            self._spawn(self._serve(accepted))

    async def _serve(self, near: socket.socket) -> None:
        with near, socket.socket() as far:
            far.setblocking(False)
            try:
                self._look(near)
                await asyncio.get_running_loop().sock_connect(far, ("127.0.0.1", self._target))
                await self._pass(near, far)
            except OSError:
                # What one end has cut is cut for the other, too.
                far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)

    async def _pass(self, near: socket.socket, far: socket.socket) -> None:
        pumps = [asyncio.create_task(self._pump(near, far)), asyncio.create_task(self._pump(far, near))]
        try:
            await asyncio.gather(*pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while chunk := await loop.sock_recv(source, _CHUNK):
            if not self._alive.is_set():
                await self._alive.wait()
                self._look(source)
                self.held += 1
            await loop.sock_sendall(sink, chunk)
        await self._alive.wait()
        sink.shutdown(socket.SHUT_WR)

    def _look(self, source: socket.socket) -> None:
        """Raise OSError where a reset has come: that sender's kernel repeats nothing any more."""
        if source.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.dropped += 1
            raise ConnectionResetError

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
