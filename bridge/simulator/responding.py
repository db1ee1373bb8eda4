"""How an answer leaves over HTTP, well or badly. Effects only: what shall happen has been decided."""

import asyncio
import socket
import struct
import time

from aiohttp import web

from bridge.simulator.answers import Answer
from bridge.simulator.request_faults import Ending, Treatment

_HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We are back soon.</h1></body></html>"
# How often a hanging answer looks whether the caller has gone, in seconds.
_LOOK = 0.05
# SO_LINGER on with 0 s: closing sends RST at once, and what was not sent is dropped.
_NO_LINGER = struct.pack("ii", 1, 0)


async def respond(request: web.Request, answer: Answer, treatment: Treatment) -> web.StreamResponse:
    """Let the answer leave, or not."""
    match treatment.ending:
        case Ending.ANSWER:
            return _whole(answer, answer.body())
        case Ending.MISMATCH:
            return _whole(answer, answer.body(shown_status=500 if answer.status < 400 else 200))
        case Ending.HTML:
            return web.Response(status=answer.status, body=_HTML, content_type="text/html")
        case Ending.CUT:
            return await _half(request, answer)
        case Ending.HANG:
            await _outwait(request, treatment.hang)
            return _reset(request)
        case Ending.RESET:
            return _reset(request)


def _whole(answer: Answer, body: bytes) -> web.Response:
    return web.Response(status=answer.status, body=body, content_type="application/json", headers=answer.headers)


async def _half(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Announce the whole body, send half of it, and close."""
    body = answer.body()
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _outwait(request: web.Request, longest: float) -> None:
    """Wait until the caller has gone, or so many seconds."""
    until = time.monotonic() + longest
    while (  # noqa: ASYNC110 - the server tells nobody when a connection has gone
        request.transport is not None and not request.transport.is_closing() and time.monotonic() < until
    ):
        await asyncio.sleep(_LOOK)


def _reset(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    return web.Response(status=500)  # nobody sees it: the connection is gone
