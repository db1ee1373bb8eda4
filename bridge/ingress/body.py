"""Reading a request's body: within its size and within its time."""

import asyncio

from aiohttp import web

from bridge.ingress.content_encoding import BodyRefused, BodyTooLarge, decode_body, supported_encoding


class BodyTimeout(BodyRefused):
    """The body was not complete in time."""


class BodyUnreadable(BodyRefused):
    """The transfer itself broke: a bad chunk."""


class ClientGone(BodyRefused):
    """The client hung up in the middle of its body; nobody will read an answer."""


async def read_body(request: web.BaseRequest, *, max_bytes: int, timeout_s: float) -> bytes:
    """Return the decoded body.

    Raises the kinds of BodyRefused. What cannot be accepted by its headers alone is refused before `100 Continue`.
    """
    encoding = supported_encoding(",".join(request.headers.getall("Content-Encoding", ())))
    if (request.content_length or 0) > max_bytes:
        raise BodyTooLarge
    content = request.content
    # A webhook fits its first packet, so the body has mostly come with the head: no timer for that.
    body = content.read_nowait(-1) if content.is_eof() else await _read_slowly(request, max_bytes, timeout_s)
    if len(body) > max_bytes:
        raise BodyTooLarge
    return body if encoding == "identity" else decode_body(body, encoding, max_bytes)


async def _read_slowly(request: web.BaseRequest, max_bytes: int, timeout_s: float) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            if request.headers.get("Expect", "").lower() == "100-continue":
                await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                request.writer.output_size = 0  # the interim answer is not part of the final one
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > max_bytes:
                    raise BodyTooLarge
    except TimeoutError as error:
        raise BodyTimeout from error
    except ConnectionError as error:
        raise ClientGone from error
    except web.RequestPayloadError as error:
        raise BodyUnreadable from error
    return bytes(body)
