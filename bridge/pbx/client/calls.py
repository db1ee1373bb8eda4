"""One call to the vendor from its request to what came of it."""

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from types import TracebackType
from typing import Self

import structlog
from aiohttp import ClientError, ClientResponse
from yarl import URL

from bridge.pbx.client.departure import Body, Timeouts, Way
from bridge.pbx.client.sessions import open_session
from bridge.pbx.requests import Dial, Request, http_request
from bridge.pbx.responses import Exchange, Outcome, read_answer

_log = structlog.get_logger(__name__)

DIAL_TIMEOUTS = Timeouts(connect_s=2.0, total_s=15.0)
QUERY_TIMEOUTS = Timeouts(connect_s=2.0, total_s=10.0)


@dataclass(frozen=True, slots=True)
class Account:
    """Where one connection's calls go. `api_key` is asked at each call, since keys rotate."""

    base_url: str
    api_key: Callable[[], bytes] = field(repr=False)


class VendorClient:
    """Calls the vendor, for any number of connections. It is made inside the event loop that it is used in."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        if not hasattr(socket, "TCP_USER_TIMEOUT"):
            _log.warning("vendor_user_timeout_missing", effect="what a dead link holds back may arrive late")
        self._fresh = open_session(tls, keep_alive=False)
        self._kept = open_session(tls, keep_alive=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the idle connections; calls in flight are ended by whoever made them."""
        await self._fresh.close()
        await self._kept.close()

    async def call(
        self,
        account: Account,
        request: Request,
        timeouts: Timeouts | None = None,
        *,
        first_byte_by: float = inf,
        on_departure: Callable[[float], None] | None = None,
    ) -> Exchange:
        """Send the request, once, and return what came of it.

        No byte of it leaves from `first_byte_by` on, a moment of the monotonic clock. `on_departure` is called with the
        present moment right before the first byte; it must not raise. After a cancellation nothing leaves any more, and
        whether something had left, `on_departure` has told.
        """
        limits = timeouts or (DIAL_TIMEOUTS if isinstance(request, Dial) else QUERY_TIMEOUTS)
        way = Way(http_request(request), limits, first_byte_by, on_departure)
        try:
            way.begin()
            outcome = await self._exchange(account, way)
        except Exception as error:
            if way.first_byte_at is None and not isinstance(error, (ClientError, OSError)):
                raise  # a fault of our own, before anything left
            # What the vendor sends may raise anything inside the library. The request has left: that alone counts.
            outcome = way.failure(error)
        finally:
            await way.end()
        return Exchange(
            outcome=outcome,
            started_at=way.started_at,
            ended_at=time.monotonic(),
            first_byte_at=way.first_byte_at,
            answered_at=way.answered_at,
            status=way.status,
            retry_after_s=way.retry_after_s,
        )

    async def _exchange(self, account: Account, way: Way) -> Outcome:
        wire = way.wire
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",  # the one coding that `read_answer` undoes
            # The settings let nothing but ASCII through; latin-1 cannot fail, and so not quote the key in an error.
            "Authorization": f"Bearer {account.api_key().decode('latin-1')}",
            "User-Agent": "mobili-stotele-bridge",
        }
        body = None if wire.body is None else Body(wire.body, way)
        session = self._kept if wire.repeatable else self._fresh
        async with (
            way.limit,
            session.request(
                wire.method,
                URL(account.base_url.rstrip("/") + wire.target, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                middlewares=(way.accompany,),
            ) as response,
        ):
            way.answered(response)
            content = await _read(response, wire.most_bytes)
        way.complete = content is not None
        return read_answer(
            wire.expected, response.status, response.headers.get("Content-Encoding"), content, wire.most_bytes
        )


async def _read(response: ClientResponse, most_bytes: int) -> bytes | None:
    """Return the body as it came, None as soon as it is larger than the limit."""
    content = bytearray()
    while chunk := await response.content.readany():
        content += chunk
        if len(content) > most_bytes:
            return None
    return bytes(content)
