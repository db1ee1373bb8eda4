"""The webhook port: its routes and its sockets."""

from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from bridge.ingress import answers
from bridge.ingress.webhooks import WebhookHandler

_KEEPALIVE_S = 75
# Longer than the usual 60 s of a proxy, so that it is the proxy who closes, and no request meets a closing socket.
_LINGER_S = 0.5
# After an early answer the rest of a body is read and dropped for so long, or the reset that follows could destroy the
# answer on its way; a body that drips is cut off within a second all the same.


class IngressServer:
    """Listens for webhooks and serves the schemas that events name.

    `schemas` are the files' bytes by their names, such as `pbx.call.started.v1.json`; `requests_within_s` is how long
    a stop waits for requests in flight.
    """

    def __init__(
        self, handler: WebhookHandler, schemas: Mapping[str, bytes], *, host: str, port: int, requests_within_s: float
    ) -> None:
        self._schemas = schemas
        self._host, self._port = host, port
        # Handlers send `100 Continue` themselves, when they have decided to read the body.
        app = web.Application()
        self._add(app, "*", "/hooks/{connection}/{key}", handler.handle)
        self._add(app, "GET", "/schemas/{name}", self._schema)
        self._add(app, "*", "/{path:.*}", _nothing_here)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=_KEEPALIVE_S,
            lingering_time=_LINGER_S,
            auto_decompress=False,
            handle_signals=False,
            shutdown_timeout=requests_within_s,
        )

    async def start(self) -> int:
        """Listen, and return the port."""
        await self._runner.setup()
        # A burst of new connections waits here while the loop is busy; the kernel cuts it to its own maximum.
        await web.TCPSite(self._runner, self._host, self._port, backlog=4096).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening, close idle connections, and give requests in flight `requests_within_s` to finish."""
        await self._runner.cleanup()

    @staticmethod
    def _add(app: web.Application, method: str, path: str, handler: Handler) -> None:
        app.router.add_route(method, path, handler, expect_handler=_no_continue_yet)

    async def _schema(self, request: web.Request) -> web.Response:
        schema = self._schemas.get(request.match_info["name"])
        if schema is None:
            return answers.not_found()
        return web.Response(body=schema, content_type="application/schema+json")


async def _no_continue_yet(_request: web.Request) -> None:
    return None


async def _nothing_here(request: web.Request) -> web.Response:
    return answers.unread(request, answers.not_found())
