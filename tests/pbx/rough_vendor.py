"""A vendor on a bare socket: it hears every byte, and answers, hangs, cuts or resets as a test says."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bridge.pbx.client import Account

_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Arrival:
    """A request as it arrived; names of headers in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


class Conversation:
    """One connection, from the vendor's side."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        transport: asyncio.Transport,
        protocol: asyncio.StreamReaderProtocol,
        heard: list[Arrival],
    ) -> None:
        self._heard = heard
        self._writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
        self.reader = reader

    async def hear(self) -> Arrival:
        """Read a whole request; raises IncompleteReadError when the caller goes before."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        self._heard.append(Arrival(head[0], headers, body))
        return self._heard[-1]

    async def say(self, *parts: bytes) -> None:
        self._writer.write(b"".join(parts))
        await self._writer.drain()

    def reset(self) -> None:
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._writer.transport.abort()

    def close(self) -> None:
        self._writer.close()

    async def outlast(self) -> bytes:
        """Wait until the caller has gone; return what came until then."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""


Behaviour = Callable[[Conversation], Awaitable[None]]


class RoughVendor:
    """Behaves the same way on each connection. `connections` counts them when they stand, TLS included."""

    def __init__(self, behaviour: Behaviour, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._behaviour, self._listener, self._tls = behaviour, listener, tls
        self._talks: set[asyncio.Task[None]] = set()
        self.heard: list[Arrival] = []
        self.connections = 0
        self.port: int = listener.getsockname()[1]

    def account(self, key: bytes = b"key", scheme: str = "http") -> Account:
        return Account(f"{scheme}://127.0.0.1:{self.port}/api/v2", lambda: key)

    def accept(self) -> None:
        """Take a connection that waits; not in a task, whose end could come between the kernel's answer and ours."""
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        self._talks.add(asyncio.get_running_loop().create_task(self._talk(connection)))

    async def stop(self) -> None:
        """End the conversations; what went wrong in one of them fails the test."""
        await asyncio.sleep(0)  # a task that has not begun would not even close its socket
        for talk in self._talks:
            talk.cancel()
        for error in await asyncio.gather(*self._talks, return_exceptions=True):
            # The caller may go whenever it likes.
            if not isinstance(error, (asyncio.CancelledError, asyncio.IncompleteReadError, OSError, type(None))):
                raise error

    async def _talk(self, connection: socket.socket) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._tls)
        except BaseException:
            connection.close()
            raise
        self.connections += 1
        talk = Conversation(reader, transport, protocol, self.heard)
        try:
            await self._behaviour(talk)
        finally:
            talk.close()


@asynccontextmanager
async def rough_vendor(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[RoughVendor]:
    """Run a vendor."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        listener.setblocking(False)
        vendor = RoughVendor(behaviour, listener, tls)
        asyncio.get_running_loop().add_reader(listener, vendor.accept)
        try:
            yield vendor
        finally:
            asyncio.get_running_loop().remove_reader(listener)
            await vendor.stop()


def http(status: int = 200, body: bytes = b"", *headers: str) -> bytes:
    """Return an answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def envelope(data: object = None, status_code: int = 200, message: str = "OK") -> bytes:
    """Return the vendor's envelope."""
    fields = {"version": "v2", "status": "success", "statusCode": status_code, "message": message, "data": data}
    return json.dumps(fields).encode()


def answering(*answers: bytes) -> Behaviour:
    """Answer each request of a connection with the next of `answers`, the last one again and again."""

    async def behave(talk: Conversation) -> None:
        said = 0
        while True:
            await talk.hear()
            await talk.say(answers[min(said, len(answers) - 1)])
            said += 1

    return behave
