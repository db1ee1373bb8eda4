"""Asking a token endpoint by the client credentials grant (RFC 6749, section 4.4)."""

import ssl
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote_plus

from aiohttp import (
    ClientConnectionError,
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    StreamReader,
    TCPConnector,
)

from bridge.kafka.oauth_provider import FETCH_WITHIN_S
from bridge.kafka.oauth_token import LONGEST_ANSWER, NoToken, Token, read_answer


@dataclass(frozen=True)
class TokenEndpoint:
    """Where tokens are to be had, and for whom; `secret` and `tls` are asked each time, so that both may change.

    `tls` raises ValueError where its files cannot be used; the text is a sentence.
    """

    url: str
    client_id: str
    secret: Callable[[], bytes]
    scope: str | None
    tls: Callable[[], ssl.SSLContext]

    async def fetch(self) -> Token:
        """Ask for a token, over a connection of its own: there is one fetch in minutes. Raises NoToken."""
        try:
            connector = TCPConnector(ssl=self.tls() if self.url.startswith("https:") else False, force_close=True)
        except ValueError as error:
            raise NoToken(f"cannot be asked: {error}") from error
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        headers = {"Authorization": self._authorization(), "Accept": "application/json"}
        timeout = ClientTimeout(total=FETCH_WITHIN_S)
        try:
            async with (
                ClientSession(connector=connector, cookie_jar=DummyCookieJar(), timeout=timeout) as session,
                # A redirect would carry the secret to wherever it says.
                session.post(self.url, data=form, headers=headers, allow_redirects=False) as response,
            ):
                return read_answer(response.status, await _body(response.content))
        except ClientConnectionError as error:
            raise NoToken(f"cannot be reached: {error}") from error
        except ClientError as error:
            raise NoToken(f"gave no usable answer: {type(error).__name__}") from error

    def _authorization(self) -> str:
        # Both parts are form-encoded before they are joined (RFC 6749, section 2.3.1).
        both = f"{quote_plus(self.client_id)}:{quote_plus(self.secret())}"
        return f"Basic {b64encode(both.encode()).decode()}"


async def _body(stream: StreamReader) -> bytes:
    body = bytearray()
    async for part in stream.iter_any():
        body += part
        if len(body) > LONGEST_ANSWER:
            raise NoToken(f"answered with more than {LONGEST_ANSWER // 1024} KiB")
    return bytes(body)
