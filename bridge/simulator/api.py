"""The REST API over HTTP: bytes in, bytes out; what it means is decided elsewhere."""

from collections.abc import Mapping

from aiohttp import web

from bridge.simulator.account import Account
from bridge.simulator.answers import Answer, not_found
from bridge.simulator.handlers import perform
from bridge.simulator.operations import find_operation

BASE_PATH = "/api/v2"


class Api:
    """Answers every request below the base path, in the vendor's envelope."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._accounts = accounts

    def add_to(self, app: web.Application) -> None:
        app.router.add_route("*", BASE_PATH + "/{path:.*}", self._handle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        answer = self._answer(request, body)
        return web.Response(
            status=answer.status, body=answer.body(), content_type="application/json", headers=answer.headers
        )

    def _answer(self, request: web.Request, body: bytes) -> Answer:
        account = self._accounts.get(bearer_key(request.headers.get("Authorization", "")))
        if account is None:
            return Answer(401)
        found = find_operation(request.method, request.match_info["path"])
        if found is None:
            return not_found()
        operation, path_id = found
        allowed = account.options.operations
        if allowed is not None and operation.operation_id not in allowed:
            return Answer(403, "Forbidden: the key may not use this method")
        return perform(account, operation, path_id, body)


def bearer_key(authorization: str) -> str:
    """Return the key of `Bearer <key>`, "" when the header is anything else."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
