"""The webhook port: its paths and its sockets.

aiohttp's low-level server, without a router: there are two paths, and a router would cost each event several
microseconds and send `100 Continue` before anybody has looked at the key.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePath
from urllib.parse import unquote

from aiohttp import web

from bridge.ingress import answers
from bridge.ingress.webhooks import WebhookHandler
from bridge.ops.http_log import http_logger

_KEEPALIVE_S = 75
# Longer than the usual 60 s of a proxy, so that it is the proxy who closes, and no request meets a closing socket.
_LINGER_S = 0.5
# After an early answer the rest of a body is read and dropped for so long, or the reset that follows could destroy the
# answer on its way; a body that drips is cut off within a second all the same.
_CUT_WITHIN_S = 0.5
# What has not finished by the end of a stop is cancelled; there is nothing to wait for but the cancelling.
_LOOK_EVERY_S = 0.02
# Whether requests in flight have finished: only while it stops, so that no request pays for telling it.
_BACKLOG = 4096
# A burst of new connections waits here while the loop is busy; the kernel cuts it to its own maximum.
_TURNS_TO_DISPATCH = 5
# Of the loop, from the arrival of a request's head to its dispatch; it takes three.
_CONTENT_TYPES = {".json": "application/schema+json", ".yaml": "application/vnd.aai.asyncapi+yaml"}


class IngressServer:
    """Listens for webhooks and serves the schemas that events name, and the AsyncAPI document beside them.

    `schemas` are the files' bytes by their names, such as `pbx.call.started.v1.json`; `requests_within_s` is how long
    a stop waits for requests in flight.
    """

    def __init__(
        self,
        handler: WebhookHandler,
        schemas: Mapping[str, bytes],
        *,
        host: str,
        port: int,
        requests_within_s: float,
    ) -> None:
        self._handler = handler
        self._schemas = schemas
        self._host, self._port = host, port
        self._requests_within_s = requests_within_s
        self._leaving = False
        self._kept: frozenset[object] = frozenset()
        self._busy: set[object] = set()
        self._server = web.Server(
            self._dispatch,
            access_log=None,
            keepalive_timeout=_KEEPALIVE_S,
            lingering_time=_LINGER_S,
            auto_decompress=False,
            logger=http_logger("bridge.ingress.http", handler.count_malformed),
        )
        self._runner = web.ServerRunner(self._server, handle_signals=False, shutdown_timeout=_CUT_WITHIN_S)

    async def start(self) -> int:
        """Listen, and return the port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, backlog=_BACKLOG).start()
        port: int = self._runner.addresses[0][1]
        return port

    def begin_leave(self) -> None:
        """Close each connection behind its next answer: whoever keeps one goes elsewhere before this server stops."""
        if not self._leaving:
            self._leaving = True
            self._kept = frozenset(self._server.connections)

    async def close_idle(self) -> None:
        """Close the connections that were kept before the leave began and on which nothing is under way.

        Later ones are taken still: whoever has just opened one is about to send, and gets an answer.
        """
        kept = [connection for connection in self._server.connections if connection in self._kept]
        idle = [connection for connection in kept if connection not in self._busy]
        for connection in idle:
            # Whose request has come in by now is still answered, and nothing is read any more.
            connection.close()
        for _ in range(_TURNS_TO_DISPATCH):
            await asyncio.sleep(0)
        for connection in idle:
            if connection not in self._busy and connection.transport is not None:
                connection.transport.close()

    async def stop(self) -> None:
        """Stop listening, give requests in flight `requests_within_s` to finish, and close all connections."""
        for site in tuple(self._runner.sites):
            await site.stop()
        # Before the library's own end: that reads nothing any more, and some of the bodies are still on their way.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._requests_within_s):
                while self._busy:  # noqa: ASYNC110 - see _LOOK_EVERY_S
                    await asyncio.sleep(_LOOK_EVERY_S)
        await self._runner.cleanup()

    async def _dispatch(self, request: web.BaseRequest) -> web.StreamResponse:
        self._busy.add(request.protocol)
        try:
            response = await self._answer(request)
        finally:
            self._busy.discard(request.protocol)
        if self._leaving:
            response.force_close()
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        match _path(request).split("/"):
            case ["", "hooks", connection, key]:
                return await self._handler.handle(request, connection, key)
            case ["", "schemas", name] if name in self._schemas and request.method in ("GET", "HEAD"):
                return web.Response(body=self._schemas[name], content_type=_CONTENT_TYPES[PurePath(name).suffix])
            case _:
                return answers.unread(request, answers.not_found())


def _path(request: web.BaseRequest) -> str:
    target = request.raw_path
    if target.startswith("/") and "%" not in target:  # as all our own URLs are
        return target.partition("?")[0]
    return unquote(request.rel_url.raw_path)
