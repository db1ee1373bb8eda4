"""The REST API over HTTP: requests in, judged and noted, answers out."""

import asyncio
import time
from email.utils import formatdate
from math import floor
from weakref import WeakSet

from aiohttp import web

from bridge.simulator.account import Account
from bridge.simulator.answers import Answer
from bridge.simulator.dial_log import DialRequest
from bridge.simulator.handlers import Performed, Wanted, asks_for_next_page, perform, read_dial
from bridge.simulator.log import KEPT_ANSWER
from bridge.simulator.operations import Dial, GetList, find_operation
from bridge.simulator.request_faults import Treatment, treat
from bridge.simulator.request_log import KEPT_BODY, KEPT_TEXT, Request
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
        shown, bearer = read_authorization(request.headers.get("Authorization", ""))
        account = self._world.accounts.get(bearer)
        path = request.path.removeprefix(BASE_PATH + "/") if request.path.startswith(BASE_PATH + "/") else ""
        operation, path_id = find_operation(request.method, path) or (None, "")
        name = "" if operation is None else operation.operation_id
        treatment = treat(self._world.faults, bearer, name, reused=self._is_reused(request))
        if treatment.arrive_after:
            await asyncio.sleep(treatment.arrive_after)
        wanted = Wanted(operation, path_id, request.query, body or b"", self._world.simulated_now)
        row = Request(
            time.monotonic(),
            shown[:KEPT_TEXT],
            name,
            request.method[:KEPT_TEXT],
            request.raw_path[:KEPT_TEXT],
            (body or b"")[:KEPT_BODY],
            treatment.struck,
            authentic=account is not None,
        )
        self._log.arrive(row)
        answer = self._judge(row, account, wanted, treatment, complete=body is not None)
        retry_after = None if answer.retry_after is None else self._retry_after(answer.retry_after, row)
        try:
            if treatment.answer_after:
                await asyncio.sleep(treatment.answer_after)
            left = await respond(request, answer, treatment, retry_after)
            row.status = left.status
            row.answer = None if left.body is None else bytes(memoryview(left.body)[:KEPT_ANSWER])
            return left.response
        finally:
            self._log.end(row, time.monotonic())

    def _judge(
        self, row: Request, account: Account | None, wanted: Wanted, treatment: Treatment, *, complete: bool
    ) -> Answer:
        """Decide whether the request is carried out, and do it."""
        wait = None if account is None else account.limiter.arrive(row.arrived)
        if wait is not None:
            self._log.refuse(row)
        performed = None
        if account is not None and wait is None and treatment.processed and complete:
            performed = self._perform(account, wanted)
            row.processed = performed.answer.status < 400
        if isinstance(wanted.operation, Dial):
            self._note_dial(row, wanted, None if performed is None else performed.call_id)
        if account is None:
            return Answer(401)
        if wait is not None:
            # One second more than the whole ones, so that whoever waits exactly as long is not refused again.
            return Answer(429, retry_after=floor(wait) + 1 if account.retry_after else None)
        if not complete:
            return Answer(400)
        return treatment.instead or (Answer(500) if performed is None else performed.answer)

    def _note_dial(self, row: Request, wanted: Wanted, call_id: int | None) -> None:
        contact_id, destination = read_dial(wanted.body)
        if call_id is not None:
            self._world.let_time_run()
        destination = None if destination is None else destination[:KEPT_TEXT]
        self._log.dials.note(DialRequest(row.arrived, row.key, contact_id, destination, row.processed, call_id))

    def _retry_after(self, seconds: int, row: Request) -> str:
        if self._world.faults.strike("retry_after_date", row.key, row.operation):
            # Rounded up, as the seconds are.
            return formatdate(time.time_ns() // 1_000_000_000 + 1 + seconds, usegmt=True)
        return str(seconds)

    def _perform(self, account: Account, wanted: Wanted) -> Performed:
        operation = wanted.operation
        if operation is None:
            return Performed(Answer(404))
        if account.operations is not None and operation.operation_id not in account.operations:
            return Performed(Answer(403, "Forbidden: the key may not use this method"))
        if isinstance(operation, GetList) and asks_for_next_page(operation, wanted.parameters):
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


def read_authorization(authorization: str) -> tuple[str, str]:
    """Return the key as it was sent, and the same if it is a bearer key, "" if the word is missing or another."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return key.strip(), key.strip()
    return authorization, ""
