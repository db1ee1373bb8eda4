"""Those who send webhooks while pods come and go: every answer but 202 is a failure, and so is every broken connection.

Some open a connection for each webhook, some keep theirs and send often, and some keep theirs and send seldom. Whoever
keeps one opens another when it has been told `Connection: close` or sees the end of it, as HTTP wants it. Who sends
seldom may be silent for as long as a pod stops: his webhook can cross the end of an idle connection on its way, which
no server can prevent. As HTTP's clients do he sends it once more then, and that is counted; nobody else repeats.
"""

import asyncio
import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientSession,
    ClientTimeout,
    ServerDisconnectedError,
    TCPConnector,
)

ANSWERED_WITHIN_S: Final = 10.0
SPREAD: Final = 0.2
# Of the pauses: nobody sends in step.


@dataclass(frozen=True)
class Senders:
    """A kind of sender: how many, how long each waits after a webhook, and whether it keeps its connection."""

    number: int
    every_s: float
    keeps: bool
    may_cross: bool = False


FRESH: Final = Senders(8, 0.2, keeps=False)
OFTEN: Final = Senders(16, 0.2, keeps=True)
SELDOM: Final = Senders(12, 4.0, keeps=True, may_cross=True)
# 120 webhooks a second. Those who send seldom are silent for longer than a stopping pod takes webhooks.


@dataclass
class Load:
    """What was sent to an URL, and how it was answered: the ids of events by their calls, and sentences of failures."""

    url: str
    accepted: dict[int, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    sent: int = 0
    crossed: int = 0

    async def send(self, until: Callable[[], bool], kinds: tuple[Senders, ...] = (FRESH, OFTEN, SELDOM)) -> None:
        """Send until it is enough."""
        numbers = itertools.count(1)
        chance = random.Random(1)
        async with asyncio.TaskGroup() as group:
            for kind in kinds:
                for _ in range(kind.number):
                    group.create_task(self._be(kind, numbers, chance, until))

    async def _be(
        self, kind: Senders, numbers: "itertools.count[int]", chance: random.Random, until: Callable[[], bool]
    ) -> None:
        # One connection each, as one of the vendor's machines has it.
        connector = TCPConnector(limit=1, force_close=not kind.keeps, keepalive_timeout=600 if kind.keeps else None)
        async with ClientSession(connector=connector, timeout=ClientTimeout(total=ANSWERED_WITHIN_S)) as session:
            await asyncio.sleep(chance.uniform(0, kind.every_s))
            while not until():
                await self._tell(session, next(numbers), kind)
                await asyncio.sleep(kind.every_s * chance.uniform(1 - SPREAD, 1 + SPREAD))

    async def _tell(self, session: ClientSession, number: int, kind: Senders) -> None:
        self.sent += 1
        try:
            await self._post(session, number, kind)
        except (ClientError, TimeoutError) as error:
            ended = isinstance(error, ServerDisconnectedError | ClientOSError)
            if ended and kind.may_cross and not isinstance(error, ClientConnectorError):
                self.crossed += 1
                await self._tell(session, number, replace(kind, may_cross=False))
            else:
                self.failed.append(f"{kind}: {type(error).__name__}: {error}")

    async def _post(self, session: ClientSession, number: int, kind: Senders) -> None:
        body = {"eventType": "CallStarted", "data": {"callID": number, "contactID": 1, "caller": "22222222"}}
        async with session.post(self.url, data=json.dumps(body)) as answer:
            text = await answer.text()
        if answer.status == 202:
            self.accepted[number] = json.loads(text)["id"]
        else:
            self.failed.append(f"{kind}: {answer.status} {text}")
