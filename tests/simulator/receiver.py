"""The other side of the webhooks: a small server that notes what comes and answers as it is told."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web


@dataclass(frozen=True)
class Received:
    path: str
    body: bytes
    at: float

    @property
    def json(self) -> dict[str, Any]:
        value = orjson.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def event(self) -> str:
        return str(self.json["eventType"])

    @property
    def data(self) -> dict[str, Any]:
        data = self.json["data"]
        assert isinstance(data, dict)
        return data


def accept(_: Received) -> int:
    return 202


class Receiver:
    """`answer` decides the status of each webhook, 0 = none at all within the sender's patience."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], int] = accept
        self._runner: web.AppRunner | None = None
        self._arrived = asyncio.Event()
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.received) < count:
                self._arrived.clear()
                await self._arrived.wait()

    async def _take(self, request: web.Request) -> web.Response:
        received = Received(request.match_info["path"], await request.read(), time.monotonic())
        self.received.append(received)
        self._arrived.set()
        status = self.answer(received)
        if not status:
            await asyncio.Event().wait()
        return web.Response(status=status, body=b'{"id":"noted"}')


class CountingReceiver(Receiver):
    """Accepts everything and keeps nothing but the number."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.answer = self._count

    def _count(self, _: Received) -> int:
        self.count += 1
        self.received.clear()
        return 202
