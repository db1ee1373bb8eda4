"""The client library's connection, with what it lacks, above all where brokers want a login: put in place by `install`.

Beginnings. A client that is cancelled while it begins leaves its first connection open: here each is known to
`client_close`, which closes it.

Sessions (KIP-368). A login counts until the token ends, or for `connections.max.reauth.ms` of the brokers, whatever the
mechanism. The library neither logs in again nor knows of the end, so the brokers cut its connections, with whatever is
under way on them. Here a connection whose session is mostly over counts as closed as soon as nothing is under way on
it, and the library opens another one: its callers notice nothing.

Refusals. Brokers refuse a token by a message that the client has to answer before it is told so (RFC 7628, section
3.2.3). The library takes that message for success, and fails without a cause at its first request.
"""

import asyncio
import json
from collections.abc import Awaitable
from typing import Final, cast

import aiokafka.conn
from aiokafka.conn import AIOKafkaConnection, CloseReason, OAuthAuthenticator
from aiokafka.errors import SaslAuthenticationFailed
from aiokafka.protocol.admin import SaslAuthenticateRequest, SaslAuthenticateResponse_v1
from typing_extensions import override

from bridge.kafka.client_close import remember
from bridge.kafka.oauth_provider import TokenProvider

RENEW_AT: Final = 0.9
# Of a session. Later than a new token is fetched (0.8 of the old one's life), so that the new connection has that one;
# what is left is for what is under way on this connection to end.


def install() -> None:
    """Have the library make these connections from now on. May be called again."""
    aiokafka.conn.AIOKafkaConnection = SaslConnection


class SaslConnection(AIOKafkaConnection):  # type: ignore[misc]  # the library has no types
    """A connection that ends before its session does."""

    _renew_at: float | None = None

    @override
    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        remember(self)
        return cast("tuple[asyncio.StreamReader, asyncio.StreamWriter]", await super().connect())

    @override
    def connected(self) -> bool:
        """Whether requests may be sent; the library asks before each, and opens another connection if not."""
        due = self._renew_at is not None and self._loop.time() >= self._renew_at
        if due and not self._requests:
            _ = self.close(reason=CloseReason.IDLE_DROP)
        return bool(super().connected())

    @override
    def close(self, reason: CloseReason | None = None, exc: Exception | None = None) -> "asyncio.Future[None]":
        """Close; at once where the login failed, since a command may be over before the farewell of TLS is."""
        if reason is CloseReason.AUTH_FAILURE and self._writer is not None:
            self._writer.transport.abort()
        return cast("asyncio.Future[None]", super().close(reason, exc))

    @override
    def send(self, request: object, expect_response: bool = True) -> Awaitable[object]:
        answer = cast("Awaitable[object]", super().send(request, expect_response))
        return self._session(answer) if isinstance(request, SaslAuthenticateRequest) else answer

    @override
    def authenticator_oauth(self) -> OAuthAuthenticator:
        return _Tokens(sasl_oauth_token_provider=self._sasl_oauth_token_provider)

    @override
    async def _do_sasl_handshake(self) -> None:
        try:
            await super()._do_sasl_handshake()
        except SaslAuthenticationFailed as error:
            provider = self._sasl_oauth_token_provider
            if not isinstance(provider, TokenProvider):
                raise
            provider.refused()
            raise SaslAuthenticationFailed(
                f"the brokers refuse the token of {provider.source}: {_reason(error)}{provider.told()}"
            ) from error

    async def _session(self, answer: Awaitable[object]) -> object:
        asked_at = self._loop.time()
        response = await answer
        if isinstance(response, SaslAuthenticateResponse_v1) and response.session_lifetime_ms > 0:
            self._renew_at = asked_at + RENEW_AT * response.session_lifetime_ms / 1000
        return response


class _Tokens(OAuthAuthenticator):  # type: ignore[misc]  # the library has no types
    """Sends the token, and the answer to a refusal, which makes the brokers say it again as an error."""

    @override
    async def step(self, payload: bytes | None) -> tuple[bytes, bool] | None:
        if payload:
            return b"\x01", True
        return cast("tuple[bytes, bool] | None", await super().step(payload))


def _reason(error: SaslAuthenticationFailed) -> str:
    """Read Kafka's `{"status":"invalid_token"}`; other brokers say what they like."""
    told = str(error.args[0]) if error.args else "no reason given"
    try:
        answer = json.loads(told)
    except ValueError:
        return told
    status = answer.get("status") if isinstance(answer, dict) else None
    return status if isinstance(status, str) else told
