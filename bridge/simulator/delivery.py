"""Sends webhooks: many at once, those of one subject in order, again when they are not answered 2xx."""

import asyncio
import time
from collections import deque
from itertools import chain, count

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from bridge.simulator.log import KEPT_ANSWER, Attempt, Webhook, WebhookLog
from bridge.simulator.options import RetryPolicy
from bridge.simulator.tasks import end_tasks

# A lane: what must stay in order. The subject and its receiver; in nobody's order a number instead.
Lane = tuple[str, str | int]

_HEADERS = {"Content-Type": "application/json", "User-Agent": "pbx-simulator"}


class Delivery:
    """One account's pool of senders over lanes, so that no receiver of another account can hold it up.

    Only the head of a lane is on its way; a lane that backs off holds no sender.
    """

    def __init__(self, log: WebhookLog, retry: RetryPolicy, *, concurrency: int, max_pending: int) -> None:
        self._log = log
        self.set_retry(retry)
        self._loose = count()
        self._concurrency = concurrency
        self._max_pending = max_pending
        self._lanes: dict[Lane, deque[Webhook]] = {}
        self._ready: asyncio.Queue[Lane] = asyncio.Queue()
        self._timers: set[asyncio.TimerHandle] = set()
        self.senders: list[asyncio.Task[None]] = []
        self._session: ClientSession | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.pending = 0

    async def start(self) -> None:
        connector = TCPConnector(
            limit=self._concurrency, keepalive_timeout=30, ssl=False
        )  # a test's certificate will do
        session = ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            headers=_HEADERS,
        )
        self._session = session
        self.senders = [
            asyncio.create_task(self._send_for_ever(session), name="sender of webhooks")
            for _ in range(self._concurrency)
        ]

    async def stop(self) -> None:
        """End at once; what waits is given up."""
        try:
            await end_tasks(self.senders)
        finally:
            for timer in self._timers:
                timer.cancel()
            for webhook in chain.from_iterable(self._lanes.values()):
                self._log.give_up(webhook, "stopped")
            self._lanes.clear()
            self.pending = 0
            if self._session is not None:
                await self._session.close()

    def submit(self, webhook: Webhook, lane: str | None) -> None:
        """Take a webhook to send when it is due.

        Webhooks with the same subject and `lane` are sent in order, also to different hooks (each event of a call has
        its own), so a late one holds up those behind it; with `lane` None it is in nobody's order.
        """
        self._log.plan(webhook)
        if self.pending >= self._max_pending:
            self._log.give_up(webhook, "too many waiting")
            return
        self.pending += 1
        self._idle.clear()
        key = (webhook.subject, next(self._loose) if lane is None else lane)
        waiting = self._lanes.get(key)
        if waiting is not None:
            waiting.append(webhook)
            return
        self._lanes[key] = deque((webhook,))
        self._wake(key, webhook.due - webhook.planned)

    def set_retry(self, retry: RetryPolicy) -> None:
        """Use another policy, from the next answer on."""
        self.retry = retry
        self._timeout = ClientTimeout(total=retry.timeout)

    async def drain(self, timeout: float) -> bool:  # noqa: ASYNC109 - the bound is the point of it
        """Wait until nothing waits, at most `timeout` seconds; False when something still does."""
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def _wake(self, lane: Lane, after: float) -> None:
        if after <= 0.0:
            self._ready.put_nowait(lane)
            return

        def ready() -> None:
            self._timers.discard(timer)
            self._ready.put_nowait(lane)

        timer = asyncio.get_running_loop().call_later(after, ready)
        self._timers.add(timer)

    async def _send_for_ever(self, session: ClientSession) -> None:
        while True:
            lane = await self._ready.get()
            waiting = self._lanes[lane]
            webhook = waiting[0]
            attempt = await self._send(session, webhook)
            self._log.tried(webhook, attempt)
            delay = None if attempt.accepted else self.retry.delay(webhook.tries)
            if delay is not None:
                self._wake(lane, delay)
                continue
            if not attempt.accepted:
                self._log.give_up(webhook, "attempts used up")
            waiting.popleft()
            if waiting:
                self._wake(lane, waiting[0].due - time.monotonic())
            else:
                del self._lanes[lane]
            self.pending -= 1
            if not self.pending:
                self._idle.set()

    async def _send(self, session: ClientSession, webhook: Webhook) -> Attempt:
        sent = time.monotonic()
        try:
            url = URL(webhook.endpoint, encoded=True)
            async with session.post(url, data=webhook.body, allow_redirects=False, timeout=self._timeout) as response:
                answer = await response.read()
                return Attempt(sent, time.monotonic(), response.status, answer[:KEPT_ANSWER])
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            return Attempt(sent, time.monotonic(), None, None, f"{type(error).__name__}: {error}"[:200])
