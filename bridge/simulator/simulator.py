"""The simulator as a whole: accounts, their days, the API, and the webhooks on their way."""

import asyncio
import contextlib
import time
from collections.abc import Iterable

from aiohttp import web

from bridge.simulator.account import Account
from bridge.simulator.api import BASE_PATH, Api
from bridge.simulator.clock import SimulatedClock
from bridge.simulator.delivery import Delivery
from bridge.simulator.facts import Fact, body_of
from bridge.simulator.log import Webhook, WebhookLog
from bridge.simulator.options import SimulatorOptions

# What is due within it is told together: at 500 webhooks a second a wake-up for each would cost more than they do.
_TICK = 0.005
# How long stop_playing waits for webhooks on their way, in seconds, unless told otherwise.
_DRAIN = 30.0


class Simulator:
    """A vendor on loopback: `start`, register webhooks at `base_url`, `play`, look into `log`, `stop`.

    One object plays one time: after `stop` make another. All methods belong to the event loop that started it.
    """

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options
        begin = time.time_ns() // 1_000_000_000 if options.begin is None else int(options.begin.timestamp())
        self.accounts = {key: Account(key, options, index, begin) for index, key in enumerate(options.keys)}
        self.log = WebhookLog(options.kept_log)
        self._clock = SimulatedClock(options.speed)
        self._delivery = Delivery(
            self.log, options.retry, concurrency=options.concurrency, max_pending=options.max_pending
        )
        self._runner: web.AppRunner | None = None
        self._player: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._playing = False
        self._address = ("", 0)

    @property
    def base_url(self) -> str:
        """Return the URL of the API, as a connection's `base_url` wants it; the port is known after `start`."""
        host, port = self._address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}{BASE_PATH}"

    @property
    def pending(self) -> int:
        """Return how many webhooks are on their way or wait to be sent again."""
        return self._delivery.pending

    async def start(self) -> None:
        """Listen. Raises OSError when the address is taken."""
        app = web.Application()
        Api(self.accounts).add_to(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._options.host, self._options.port)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        address = self._runner.addresses[0]
        self._address = (str(address[0]), int(address[1]))
        await self._delivery.start()
        self._player = asyncio.create_task(self._live())

    async def stop(self) -> None:
        """Stop listening and sending, at once; what still waited is given up in the log."""
        if self._player is not None:
            self._player.cancel()
            await asyncio.gather(self._player, return_exceptions=True)
        await self._delivery.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    def start_playing(self) -> None:
        """Let calls come; the first time also lets simulated time run. Nothing changes when they come already."""
        if self._playing:
            return
        self._playing = True
        # The first call of a day is at the same simulated second in every play of the same seed.
        now = 0.0 if self._clock.start(time.monotonic()) else self._clock.now(time.monotonic())
        for account in self.accounts.values():
            account.day.open(now)
        self._changed.set()

    async def stop_playing(self, *, finish: bool = True, drain: float = _DRAIN) -> bool:
        """Let no new call come, end those in flight at once or (`finish` false) cut them, and wait for their webhooks.

        Waits at most `drain` seconds; False when webhooks are still on their way then.
        """
        self._playing = False
        for account in self.accounts.values():
            last, facts = account.day.close(finish=finish)
            self._tell(account, facts)
            self._clock.jump(time.monotonic(), last)
        return await self._delivery.drain(drain)

    async def play(self, duration: float) -> bool:
        """Play for `duration` real seconds, then stop as `stop_playing` does."""
        self.start_playing()
        await asyncio.sleep(duration)
        return await self.stop_playing()

    async def _live(self) -> None:
        while True:
            now = self._clock.now(time.monotonic())
            for account in self.accounts.values():
                self._tell(account, account.day.advance(now))
            self._changed.clear()
            moments = [at for account in self.accounts.values() if (at := account.day.next_at) is not None]
            wait = max(_TICK, self._clock.wait(time.monotonic(), min(moments))) if moments else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()

    def _tell(self, account: Account, facts: Iterable[Fact]) -> None:
        planned = time.monotonic()
        for fact in facts:
            self.log.happened(fact.event)
            hooks = account.hooks.of(fact.event)
            if not hooks:
                continue
            body = body_of(fact.event, fact.data)
            # Each event of a call has a hook of its own, and the call is told in order all the same; whoever registers
            # twice for an event has a second, independent telling.
            for lane, hook in enumerate(hooks):
                webhook = Webhook(account.key, fact.event, fact.subject, hook.hook_id, hook.endpoint, body, planned)
                self._delivery.submit(webhook, lane=lane)
