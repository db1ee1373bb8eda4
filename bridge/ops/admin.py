"""The admin port: `/livez`, `/readyz`, `/metrics`. Never public."""

import asyncio
from collections.abc import Callable

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bridge.ops.health import HEARTBEAT_S, Health
from bridge.ops.http_log import http_logger
from bridge.ops.metrics import Metrics


class AdminServer:
    """Serves the probes and the metrics of one process, and beats its heart."""

    def __init__(
        self, health: Health, metrics: Metrics, *, host: str, port: int, monotonic: Callable[[], float]
    ) -> None:
        self._health = health
        self._metrics = metrics
        self._monotonic = monotonic
        self._host, self._port = host, port
        app = web.Application()
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._scrape)
        logger = http_logger("bridge.ops.http", lambda: None)
        self._runner = web.AppRunner(app, access_log=None, keepalive_timeout=75, logger=logger)
        self._heart: asyncio.Task[None] | None = None
        metrics.gauge("bridge_event_loop_lag_seconds").set_function(lambda: health.lag_s)

    async def start(self) -> int:
        """Listen, and return the port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._heart = asyncio.create_task(self._beat())
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening."""
        if self._heart is not None:
            self._heart.cancel()
        await self._runner.cleanup()

    async def _beat(self) -> None:
        while True:
            self._health.beat(self._monotonic())
            await asyncio.sleep(HEARTBEAT_S)

    async def _livez(self, _request: web.Request) -> web.Response:
        alive = self._health.is_alive(self._monotonic())
        return web.Response(status=200 if alive else 503, text="alive\n" if alive else "the event loop does not turn\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        problems = self._health.problems()
        answer = {"ready": not problems, "problems": problems, "warnings": self._health.warnings()}
        body = orjson.dumps(answer) + b"\n"
        return web.Response(status=503 if problems else 200, body=body, content_type="application/json")

    async def _scrape(self, _request: web.Request) -> web.Response:
        text = generate_latest(self._metrics.registry)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})
