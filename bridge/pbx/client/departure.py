"""When and how one request leaves: the last look before its first byte, and the end of its connection.

The library has no hook between connecting and writing that is told about the connection. So its request class reports
to the call's `Way` here; a body does so a second time, since the library writes it, head included, in a later task.
"""

import asyncio
import errno
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import (
    BytesPayload,
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientPayloadError,
    ClientRequest,
    ClientResponse,
    ClientSSLError,
)
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection
from typing_extensions import override

from bridge.ops.clock import epoch_ms
from bridge.pbx.requests import HttpRequest
from bridge.pbx.responses import Lost, LostReason, NotSent, NotSentReason
from bridge.pbx.retry_after import retry_after_s


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds from the beginning of a call: until it is connected, and in all."""

    connect_s: float
    total_s: float


class _HeldBack(ClientError):
    """The request may not leave; among the library's errors, so that its cleaning up knows it."""


class Way:
    """The way of one request through the library: when it left, over which connection, and until when it may."""

    def __init__(
        self,
        wire: HttpRequest,
        limits: Timeouts,
        first_byte_by: float,
        on_departure: Callable[[float], None] | None,
    ) -> None:
        self.wire = wire
        self.started_at = time.monotonic()
        self.first_byte_at: float | None = None
        self.answered_at: float | None = None
        self.status: int | None = None
        self.retry_after_s: float | None = None
        self.complete = False
        self._first_byte_by = first_byte_by
        self._total_s = limits.total_s
        self._on_departure = on_departure
        self._refusal: NotSentReason | None = None
        self._connection: Connection | None = None
        self._transport: asyncio.Transport | None = None
        # One limit for both phases: until the first byte, then, moved by `leave`, until the whole answer.
        self.limit = asyncio.timeout_at(_loop_moment(min(self.started_at + limits.connect_s, first_byte_by)))

    def begin(self) -> None:
        """Refuse what is too late already: not even a connection is made for it."""
        if self.started_at >= self._first_byte_by:
            self._refuse(NotSentReason.TOO_LATE)

    async def accompany(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Make the request report here, as a middleware of the library."""
        assert isinstance(request, VendorRequest)
        request.way = self
        return await handler(request)

    def connected(self, connection: Connection) -> None:
        """Take the connection; a request without a body leaves at once."""
        self._connection = connection
        self._transport = connection.transport
        if self.wire.body is None:
            self.leave()

    def leave(self) -> None:
        """Let the first byte go: the library hands it to the kernel right after this, or never."""
        now = time.monotonic()
        if now >= self._first_byte_by:
            self._refuse(NotSentReason.TOO_LATE)
        if self.limit.expired():
            self._refuse(NotSentReason.CONNECT_TIMEOUT)
        if self._connection is None or self._connection.closed:
            self._refuse(NotSentReason.CONNECT)
        if self._connection.protocol is None or self._connection.protocol.should_close:
            # Bytes that came before they were asked for would be taken for the answer.
            self._refuse(NotSentReason.STALE_CONNECTION)
        self.limit.reschedule(_loop_moment(self.started_at + self._total_s))
        if self._on_departure is not None:
            self._on_departure(now)
        self.first_byte_at = now

    def answered(self, response: ClientResponse) -> None:
        """Take the head of the answer."""
        if self.first_byte_at is None:
            # It came before the library's task had written the body, and whatever it answers, it is not this request.
            self._refuse(NotSentReason.STALE_CONNECTION)
        self.answered_at = time.monotonic()
        self.status = response.status
        self.retry_after_s = retry_after_s(
            response.headers.getall("Retry-After", ()), response.headers.get("Date"), epoch_ms() / 1000
        )

    def failure(self, error: Exception) -> Lost | NotSent:
        """Return what an error of the library means."""
        detail = _detail(error)
        if self.first_byte_at is None:
            if self._refusal is not None:
                return NotSent(self._refusal, "held back")
            return NotSent(self._reason_not_sent(error), detail)
        if isinstance(error, TimeoutError):
            return Lost(LostReason.TIMEOUT, detail)
        if isinstance(error, (ClientConnectionError, ClientPayloadError, OSError)):
            return Lost(LostReason.DISCONNECTED, detail)
        return Lost(LostReason.MALFORMED, detail)

    async def end(self) -> None:
        """Let nothing leave any more; a connection with its whole answer may carry another call, if it is kept."""
        if self._transport is not None and not (self.complete and self.wire.repeatable):
            self._transport.abort()
            # The loop closes the socket in its next step, and until then its kernel may go on sending.
            await asyncio.sleep(0)

    def _refuse(self, reason: NotSentReason) -> NoReturn:
        self._refusal = reason
        raise _HeldBack(reason)

    def _reason_not_sent(self, error: Exception) -> NotSentReason:
        if isinstance(error, TimeoutError):
            too_late = time.monotonic() >= self._first_byte_by
            return NotSentReason.TOO_LATE if too_late else NotSentReason.CONNECT_TIMEOUT
        if isinstance(error, ClientConnectorDNSError):
            return NotSentReason.DNS
        return NotSentReason.TLS if isinstance(error, ClientSSLError) else NotSentReason.CONNECT


class VendorRequest(ClientRequest):
    """A request that reports to its way before it leaves."""

    way: Way

    @override
    async def send(self, conn: Connection) -> ClientResponse:
        self.way.connected(conn)
        return await super().send(conn)


class Body(BytesPayload):
    """A body. The library writes it, together with the head, in a task of its own: later than `send`."""

    def __init__(self, content: bytes, way: Way) -> None:
        super().__init__(content, content_type="application/json")
        self._way = way

    @override
    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self._way.leave()
        await super().write_with_length(writer, content_length)


def _loop_moment(moment: float) -> float:
    """Return a moment of the monotonic clock as the event loop counts."""
    return asyncio.get_running_loop().time() + moment - time.monotonic()


def _detail(error: Exception) -> str:
    """Name an error without quoting it: the library's texts hold the request, and with it the API key."""
    cause = error
    if isinstance(error, ClientConnectorCertificateError):
        cause = error.certificate_error
    elif isinstance(error, ClientConnectorError):
        cause = error.os_error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, ssl.SSLError):
        return cause.reason or type(cause).__name__
    if isinstance(cause, OSError) and cause.errno is not None and cause.errno in errno.errorcode:
        return errno.errorcode[cause.errno]
    return type(cause).__name__
