"""The judge over HTTP: questions about what was asked of the simulator and what it sent, below `/_control`."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from math import inf
from typing import TypeVar

from aiohttp import web

from bridge.simulator.clock import stamp
from bridge.simulator.control import CONTROL_PATH, account_of
from bridge.simulator.control_fields import answer, wrong
from bridge.simulator.log import Attempt, Webhook
from bridge.simulator.queries import whole_number
from bridge.simulator.request_log import Request
from bridge.simulator.rows import call_data, lost_caller_data, recording_data, voicemail_data
from bridge.simulator.shelf import Shelf
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
        app.router.add_get(f"{CONTROL_PATH}/calls", self._calls)
        app.router.add_get(f"{CONTROL_PATH}/recordings", self._recordings)
        app.router.add_get(f"{CONTROL_PATH}/voicemails", self._voicemails)

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
                        "finished_calls": account.ledger.finished_calls,
                        "recordings": account.ledger.made_recordings,
                        "voicemails": account.ledger.left_voicemails,
                        "deleted_voicemails": account.ledger.deleted_voicemails,
                        "lost_callers": account.ledger.lost,
                        "reached_callers": account.ledger.reached,
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
        if not 0 <= window < inf:
            raise wrong("window is at least 0 seconds")
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
        dials, key = self._world.requests.dials, request.query.get("key")
        to = {destination or "": asdict(counts) for destination, counts in dials.by_destination(key=key).items()}
        return answer({"to": to, "others": asdict(dials.others), "rows": _last(dials.of(key=key), request, asdict)})

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

    async def _calls(self, request: web.Request) -> web.Response:
        return answer([call_data(row) for row in _page(account_of(self._world, request).ledger.calls, request)])

    async def _recordings(self, request: web.Request) -> web.Response:
        rows = _page(account_of(self._world, request).ledger.recordings, request)
        return answer([recording_data(row) for row in rows])

    async def _voicemails(self, request: web.Request) -> web.Response:
        rows = _page(account_of(self._world, request).ledger.voicemails, request)
        return answer([voicemail_data(left.row) | {"deleted": _time(left.deleted)} for left in rows])

    async def _lost_callers(self, request: web.Request) -> web.Response:
        rows = _page(account_of(self._world, request).ledger.lost_callers, request)
        return answer([lost_caller_data(spell.row) | {"removed": _time(spell.removed)} for spell in rows])


def _time(epoch: int | None) -> str | None:
    return None if epoch is None else stamp(epoch)


def _whole(request: web.Request, name: str, default: int) -> int:
    number = whole_number(request.query.get(name, str(default)))
    if number is None:
        raise wrong(f"{name} is a whole number")
    return min(number, sys.maxsize)


def _page(shelf: Shelf[_RowT], request: web.Request) -> Iterator[_RowT]:
    """Yield `limit` rows after the first `offset`, newest first."""
    limit, offset = _whole(request, "limit", _ROWS), _whole(request, "offset", 0)
    return islice(shelf.newest_first(), offset, min(offset + limit, sys.maxsize))


def _last(rows: Iterable[_RowT], request: web.Request, show: Callable[[_RowT], dict[str, object]]) -> list[object]:
    """Return the last `limit` rows before the `offset` last ones, oldest of them first."""
    limit, offset = _whole(request, "limit", _ROWS), _whole(request, "offset", 0)
    kept = list(rows)
    end = max(0, len(kept) - offset)
    return [show(row) for row in kept[max(0, end - limit) : end]]


def _shown_request(row: Request) -> dict[str, object]:
    return asdict(row) | {"body": _text(row.body), "answer": None if row.answer is None else _text(row.answer)}


def _shown_webhook(row: Webhook) -> dict[str, object]:
    shown = {name: value for name, value in asdict(row).items() if name != "attempts"}
    attempts = [_shown_attempt(attempt) for attempt in row.attempts]
    return shown | {"body": _text(row.body), "attempts": attempts, "accepted": row.accepted}


def _shown_attempt(attempt: Attempt) -> dict[str, object]:
    return asdict(attempt) | {"answer": None if attempt.answer is None else _text(attempt.answer)}


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
