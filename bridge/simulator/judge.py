"""The judge over HTTP: questions about what was asked of the simulator and what it sent, below `/_control`."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict
from itertools import islice
from typing import TypeVar

from aiohttp import web

from bridge.simulator.control import CONTROL_PATH, account_of
from bridge.simulator.control_fields import answer, wrong
from bridge.simulator.lists import ListName
from bridge.simulator.log import Attempt, Webhook
from bridge.simulator.queries import whole_number
from bridge.simulator.request_log import Request
from bridge.simulator.rows import data_of
from bridge.simulator.world import World

# Rows of an answer when nothing is said.
_ROWS = 100

_RowT = TypeVar("_RowT")


class Judge:
    """Routes that change nothing."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, app: web.Application) -> None:
        app.router.add_get(CONTROL_PATH, self._overview)
        app.router.add_get(f"{CONTROL_PATH}/arrivals", self._arrivals)
        app.router.add_get(f"{CONTROL_PATH}/requests", self._requests)
        app.router.add_get(f"{CONTROL_PATH}/webhooks", self._webhooks)
        app.router.add_get(f"{CONTROL_PATH}/dials", self._dials)
        app.router.add_get(f"{CONTROL_PATH}/registrations", self._registrations)
        app.router.add_get(f"{CONTROL_PATH}/lost_callers", self._lost_callers)
        for path, name in _TRUTH.items():
            app.router.add_get(f"{CONTROL_PATH}/{path}", self._truth(name))

    async def _overview(self, _: web.Request) -> web.Response:
        world = self._world
        answers: dict[str, dict[str, int]] = {}
        for (operation, status), count in sorted(world.requests.answers.items(), key=str):
            answers.setdefault(operation or "unknown", {})[str(status or "none")] = count
        return answer(
            {
                "playing": world.playing,
                "simulated_seconds": round(world.simulated_now, 3),
                "pending": world.pending,
                "requests": {"total": world.requests.total, "answers": answers},
                "webhooks": {
                    "total": asdict(world.log.total),
                    "events": {event: asdict(counts) for event, counts in sorted(world.log.counts.items())},
                    "given_up": world.log.given_up,
                },
                "keys": {
                    key: {
                        "arrivals": world.requests.keys[key].arrivals.total,
                        "most_in_window": world.requests.keys[key].arrivals.highest,
                        "window": world.requests.keys[key].arrivals.window,
                        "refusals": world.requests.keys[key].refusals,
                        "hooks": len(account.hooks.registered),
                        "started_calls": account.day.started_calls,
                        "finished_calls": account.books.finished_calls,
                        "recordings": account.books.made_recordings,
                        "voicemails": account.books.left_voicemails,
                    }
                    for key, account in world.accounts.items()
                },
                "faults": world.faults.struck,
            }
        )

    async def _arrivals(self, request: web.Request) -> web.Response:
        counts = self._world.requests.keys[account_of(self._world, request).key]
        try:
            window = float(request.query.get("window", counts.arrivals.window))
        except ValueError as error:
            raise wrong("window is a number of seconds") from error
        return answer(
            {
                "total": counts.arrivals.total,
                "window": window,
                "most": counts.arrivals.most_within(window),
                "refusals": counts.refusals,
                "last_refusals": list(counts.last_refusals),
            }
        )

    async def _requests(self, request: web.Request) -> web.Response:
        query = request.query
        status = whole_number(query["status"]) if "status" in query else None
        rows = self._world.requests.of(key=query.get("key"), operation=query.get("operation"), status=status)
        return answer(_last(rows, request, _shown_request))

    async def _webhooks(self, request: web.Request) -> web.Response:
        key, event, accepted = (request.query.get(name) for name in ("key", "event", "accepted"))
        rows = (
            row
            for row in self._world.log.rows
            if key in {None, row.key}
            and event in {None, row.event}
            and accepted in {None, "true" if row.accepted else "false"}
        )
        return answer(_last(rows, request, _shown_webhook))

    async def _dials(self, request: web.Request) -> web.Response:
        log = self._world.requests
        return answer({"to": log.dials_to, "rows": _last(log.dials, request, asdict)})

    async def _registrations(self, request: web.Request) -> web.Response:
        hooks = account_of(self._world, request).hooks
        return answer(
            [
                {
                    "id": str(hook.hook_id),
                    "event": hook.event,
                    "endpoint": hook.endpoint,
                    "forgotten": hooks.is_forgotten(hook.hook_id),
                }
                for hook in hooks.registered
            ]
        )

    async def _lost_callers(self, request: web.Request) -> web.Response:
        account = account_of(self._world, request)
        lost = account.books.lost_callers(account.day.begin + self._world.simulated_now)
        return answer([data_of(row, account.directory) for row in islice(lost, _limit(request))])

    def _truth(self, name: ListName) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def show(request: web.Request) -> web.StreamResponse:
            account = account_of(self._world, request)
            rows = islice(account.rows(name).newest_first(), _limit(request))
            return answer([data_of(row, account.directory) for row in rows])

        return show


# What has really happened, newest first, beside what the API and its faults make of it.
_TRUTH: dict[str, ListName] = {"calls": "call_history", "recordings": "call_records", "voicemails": "voicemails"}


def _limit(request: web.Request) -> int:
    limit = whole_number(request.query.get("limit", str(_ROWS)))
    if limit is None:
        raise wrong("limit is a whole number")
    return limit


def _last(rows: Iterable[_RowT], request: web.Request, show: Callable[[_RowT], dict[str, object]]) -> list[object]:
    """Return the last rows, oldest of them first."""
    limit = _limit(request)
    return [show(row) for row in list(rows)[-limit:]] if limit else []


def _shown_request(row: Request) -> dict[str, object]:
    return asdict(row) | {"body": _text(row.body), "answer": _text(row.answer)}


def _shown_webhook(row: Webhook) -> dict[str, object]:
    shown = {name: value for name, value in asdict(row).items() if name != "attempts"}
    attempts = [_shown_attempt(attempt) for attempt in row.attempts]
    return shown | {"body": _text(row.body), "attempts": attempts, "accepted": row.accepted}


def _shown_attempt(attempt: Attempt) -> dict[str, object]:
    return asdict(attempt) | {"answer": None if attempt.answer is None else _text(attempt.answer)}


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
