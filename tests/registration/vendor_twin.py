"""A vendor in memory, as far as registrations go: it keeps webhooks, refuses the 21st, and fails as it is told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.pbx.requests import RegisterWebhook, RemoveWebhook, Request
from bridge.pbx.responses import (
    Done,
    Exchange,
    Lost,
    LostReason,
    Outcome,
    Refused,
    Registered,
    Rows,
    Unusable,
    UnusableReason,
)

LIMIT = 20
LOST = Lost(LostReason.DISCONNECTED, "gone")
UNUSABLE = Unusable(503, UnusableReason.SERVER_ERROR)
FULL = Refused(403, "forbidden", "Webhook limit reached")


class OwnerDied(Exception):
    """The process that made the call is gone."""


@dataclass
class VendorTwin:
    """`before` and `after` are asked at each request: an outcome is what the caller gets, an exception his death."""

    now: Callable[[], float]
    alive: dict[int, RegisterWebhook] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    most: int = 0
    before: Callable[[Request], Outcome | None] = lambda _: None
    after: Callable[[Request], Outcome | None] = lambda _: None

    @property
    def changes(self) -> list[Request]:
        """All requests but those that only read."""
        return [request for request in self.requests if isinstance(request, RegisterWebhook | RemoveWebhook)]

    def events(self) -> list[str]:
        return [registered.event for registered in self.alive.values()]

    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        began = self.now()
        self.requests.append(request)
        await asyncio.sleep(0.05)
        outcome = self.before(request)
        if outcome is None:
            done = self._perform(request)
            outcome = self.after(request) or done
        await asyncio.sleep(0.05)
        status = outcome.status if isinstance(outcome, Refused | Unusable) else 200
        answered = None if isinstance(outcome, Lost) else self.now()
        return Exchange(outcome, began, self.now(), began, answered, None if answered is None else status)

    def _perform(self, request: Request) -> Outcome:
        match request:
            case RegisterWebhook():
                if len(self.alive) >= LIMIT:
                    return FULL
                webhook_id = 3_400_000_000 + len(self.changes)
                self.alive[webhook_id] = request
                self.most = max(self.most, len(self.alive))
                return Registered(webhook_id)
            case RemoveWebhook(webhook_id):
                return Done() if self.alive.pop(webhook_id, None) else Refused(404, "not_found", None)
            case _:
                return Rows((), b"")
