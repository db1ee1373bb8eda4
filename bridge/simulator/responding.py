"""How an answer leaves over HTTP, well or badly. Effects only: what shall happen has been decided."""

import asyncio
import socket
import struct
import time
from dataclasses import dataclass

from aiohttp import web

from bridge.simulator.answers import Answer
from bridge.simulator.request_faults import Ending, Treatment

_HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We are back soon.</h1></body></html>"
_JSON = "application/json"
# How often a hanging answer looks whether the caller has gone, in seconds.
_LOOK = 0.05
# SO_LINGER on with 0 s: closing sends RST at once, and what was not sent is dropped.
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Left:
    """What has left: a status and a body, or neither. `response` is for the server, which sends nothing more of it."""

    response: web.StreamResponse
    status: int | None = None
    body: bytes | None = None


async def respond(request: web.Request, answer: Answer, treatment: Treatment, retry_after: str | None) -> Left:
    """Let the answer leave, or not."""
    match treatment.ending:
        case Ending.ANSWER:
            return await _whole(request, answer, answer.body(), _JSON, retry_after)
        case Ending.MISMATCH:
            body = answer.body(shown_status=500 if answer.status < 400 else 200)
            return await _whole(request, answer, body, _JSON, retry_after)
        case Ending.HTML:
            return await _whole(request, answer, _HTML, "text/html", retry_after)
        case Ending.CUT:
            return await _half(request, answer)
        case Ending.HANG:
            await _outwait(request, treatment.hang)
            return _reset(request)
        case Ending.RESET:
            return _reset(request)


async def _whole(request: web.Request, answer: Answer, body: bytes, content_type: str, retry_after: str | None) -> Left:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    response = web.Response(status=answer.status, body=body, content_type=content_type, headers=headers)
    try:
        # Here rather than by the server afterwards: whether the caller still took it is what the judge wants to know.
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        return Left(response)
    return Left(response, answer.status, body)


async def _half(request: web.Request, answer: Answer) -> Left:
    """Announce the whole body, send half of it, and close."""
    body = answer.body()
    half = body[: len(body) // 2]
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": _JSON})
    response.content_length = len(body)
    try:
        await response.prepare(request)
        await response.write(half)
    except ConnectionError:
        return Left(response)
    if request.transport is not None:
        request.transport.close()
    return Left(response, answer.status, half)


async def _outwait(request: web.Request, longest: float) -> None:
    """Wait until the caller has gone, or so many seconds."""
    until = time.monotonic() + longest
    while (  # noqa: ASYNC110 - the server tells nobody when a connection has gone
        request.transport is not None and not request.transport.is_closing() and time.monotonic() < until
    ):
        await asyncio.sleep(_LOOK)


def _reset(request: web.Request) -> Left:
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    return Left(web.Response(status=500))  # nobody sees it: the connection is gone
