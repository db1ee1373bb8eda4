"""A token endpoint on loopback, for clients of the secured broker; it can be away, refuse, or give bad tokens."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, unquote_plus

from aiohttp import web

from bridge.ops.clock import epoch_ms

CLIENT_ID = "bridge"
CLIENT_SECRET = "not to be shown: + / ="


class TokenServer:
    """Gives tokens to the one client that it knows. `sign` makes one that lives for so many seconds."""

    def __init__(self, sign: Callable[[float], str], life_s: float) -> None:
        self._sign = sign
        self.life_s = life_s
        self.refusal: tuple[int, str] | None = None
        """Answered to whoever asks, in place of a token: a status and an error's code."""
        self.secret = CLIENT_SECRET
        self.scopes: list[str] = []
        """The scope of each request that was answered with a token."""
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer as RFC 6749 says."""
        if self.refusal is not None:
            return web.json_response({"error": self.refusal[1]}, status=self.refusal[0])
        form = parse_qs(await request.text())
        scheme, _, written = request.headers["Authorization"].partition(" ")
        client, _, secret = b64decode(written).decode().partition(":")
        if (scheme, unquote_plus(client), unquote_plus(secret)) != ("Basic", CLIENT_ID, self.secret):
            return web.json_response({"error": "invalid_client", "error_description": secret}, status=401)
        assert form["grant_type"] == ["client_credentials"]
        self.scopes.append(form.get("scope", [""])[0])
        token = await asyncio.to_thread(self._sign, self.life_s)
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": int(self.life_s)})


@asynccontextmanager
async def token_server(
    sign: Callable[[str, float, float], str], user: str, life_s: float, tls: ssl.SSLContext | None = None
) -> AsyncIterator[TokenServer]:
    """Serve tokens for a principal for a while; `sign` is given who, the time of issue, and for how many seconds."""
    server = TokenServer(lambda life: sign(user, epoch_ms() / 1000, life), life_s)
    application = web.Application()
    application.router.add_post("/token", server.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/token"
        yield server
    finally:
        await runner.cleanup()
