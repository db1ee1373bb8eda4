"""An HTTP client that does what no library would: it sends the bytes it is told to, when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import orjson

ANSWER_WITHIN_S = 10.0
# Longer than any answer here may take; a test that asks for less measures by itself.


class Answer(NamedTuple):
    """A whole answer; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, str]:
        """The body as an object of strings."""
        read: dict[str, str] = orjson.loads(self.body)
        return read


class Connection:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, content: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(content)
        await self._writer.drain()

    async def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send a request and read its answer; `_` in the names of headers is a hyphen."""
        await self.send(head(method, path, body, **headers) + (body or b""))
        return await self.answer(without_body=method == "HEAD")

    async def answer(self, *, without_body: bool = False) -> Answer:
        """Read one answer."""
        async with asyncio.timeout(ANSWER_WITHIN_S):
            status_line, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = 0 if without_body else int(headers.get("content-length", "0"))
            body = await self._reader.readexactly(length)
        return Answer(int(status_line.split()[1]), headers, body)

    async def closed(self) -> bool:
        """Wait until the server closes; whatever it still sends is dropped."""
        async with asyncio.timeout(ANSWER_WITHIN_S):
            with suppress(ConnectionResetError):
                await self._reader.read()
        return True


def head(method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
    """Return a request's head; the length of the body is told unless `headers` say otherwise."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None and "Transfer-Encoding" not in told:
        told.setdefault("Content-Length", str(len(body)))
    lines = [f"{method} {path} HTTP/1.1", "Host: hooks", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[Connection]:
    """Open one connection for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def once(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    """Ask once on a connection of its own."""
    async with connection(port) as opened:
        return await opened.request(method, path, body, **headers)
