"""The REST API over HTTP: requests in, judged and noted, answers out."""

import asyncio
import time
from math import floor
from weakref import WeakSet

from aiohttp import web

from bridge.simulator.account import Account
from bridge.simulator.answers import Answer
from bridge.simulator.handlers import Performed, Wanted, perform, read_dial
from bridge.simulator.log import KEPT_ANSWER
from bridge.simulator.operations import Dial, GetList, find_operation
from bridge.simulator.request_faults import Ending, Treatment, treat
from bridge.simulator.request_log import KEPT_BODY, DialRequest, Request
from bridge.simulator.responding import respond
from bridge.simulator.world import World

BASE_PATH = "/api/v2"


class Api:
    """Answers every request in the vendor's envelope, and notes it in the world's log."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._log = world.requests
        self._used: WeakSet[asyncio.Transport] = WeakSet()

    def add_to(self, app: web.Application) -> None:
        """Take every request but the control interface's: a probe of another path is one that the vendor sees, too."""
        app.router.add_route("*", "/{path:(?!_control(/|$)).*}", self._handle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await _whole_body(request)
        key = bearer_key(request.headers.get("Authorization", ""))
        path = request.path.removeprefix(BASE_PATH + "/") if request.path.startswith(BASE_PATH + "/") else ""
        operation, path_id = find_operation(request.method, path) or (None, "")
        name = "" if operation is None else operation.operation_id
        treatment = treat(self._world.faults, key, name, reused=self._is_reused(request))
        if treatment.arrive_after:
            await asyncio.sleep(treatment.arrive_after)
        wanted = Wanted(operation, path_id, request.query, body or b"", self._world.simulated_now)
        row = Request(
            time.monotonic(), key, name, request.method, request.raw_path, (body or b"")[:KEPT_BODY], treatment.struck
        )
        self._log.arrive(row)
        answer = self._judge(row, wanted, treatment, complete=body is not None)
        if treatment.answer_after:
            await asyncio.sleep(treatment.answer_after)
        if treatment.ending not in {Ending.RESET, Ending.HANG}:
            row.status, row.answer = answer.status, bytes(memoryview(answer.body())[:KEPT_ANSWER])
        try:
            return await respond(request, answer, treatment)
        finally:
            self._log.end(row, time.monotonic())

    def _judge(self, row: Request, wanted: Wanted, treatment: Treatment, *, complete: bool) -> Answer:
        """Decide whether the request is carried out, and do it."""
        account = self._world.accounts.get(row.key)
        if account is None:
            return Answer(401)
        wait = account.limiter.arrive(row.arrived)
        if wait is not None:
            self._log.refuse(row)
        performed = None
        if wait is None and treatment.processed and complete:
            performed = self._perform(account, wanted)
            row.processed = performed.answer.status < 400
        if isinstance(wanted.operation, Dial):
            contact_id, destination = read_dial(wanted.body)
            call_id = None if performed is None else performed.call_id
            self._world.let_time_run()
            self._log.dial(DialRequest(row.arrived, row.key, contact_id, destination, row.processed, call_id))
        if wait is not None:
            # One second more than the whole ones, so that whoever waits exactly as long is not refused again.
            return Answer(429, headers={"Retry-After": str(floor(wait) + 1)} if account.retry_after else {})
        if not complete:
            return Answer(400)
        return treatment.instead or (Answer(500) if performed is None else performed.answer)

    def _perform(self, account: Account, wanted: Wanted) -> Performed:
        operation = wanted.operation
        if operation is None:
            return Performed(Answer(404))
        if account.operations is not None and operation.operation_id not in account.operations:
            return Performed(Answer(403, "Forbidden: the key may not use this method"))
        if isinstance(operation, GetList) and wanted.parameters.get("offset", "0") != "0":
            self._world.turn_page(account, operation)
        return perform(account, operation, wanted, self._world.faults)

    def _is_reused(self, request: web.Request) -> bool:
        transport = request.transport
        if transport is None:
            return False
        reused = transport in self._used
        self._used.add(transport)
        return reused


async def _whole_body(request: web.Request) -> bytes | None:
    """Return the body, None when it was cut on its way, does not decompress, or is far too large."""
    try:
        return await request.read()
    except (ConnectionError, web.RequestPayloadError, web.HTTPRequestEntityTooLarge):
        return None


def bearer_key(authorization: str) -> str:
    """Return the key of `Bearer <key>`, "" when the header is anything else."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
