"""The vendor without its server: accounts, their days as time goes by, and the webhooks on their way."""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack

from bridge.simulator.account import Account
from bridge.simulator.clock import SimulatedClock
from bridge.simulator.delivery import Delivery
from bridge.simulator.facts import Fact
from bridge.simulator.faults import Faults
from bridge.simulator.limiter import SlidingLimiter
from bridge.simulator.lists import ListName
from bridge.simulator.log import Webhook, WebhookLog
from bridge.simulator.operations import GetList
from bridge.simulator.options import RetryPolicy, SimulatorOptions, check_quota
from bridge.simulator.request_log import RequestLog
from bridge.simulator.seeds import stream
from bridge.simulator.tasks import end_tasks, watch_tasks
from bridge.simulator.webhook_faults import tell

# What is due within it is told together: at 500 webhooks a second a wake-up for each would cost more than they do.
_TICK = 0.005
# How long stop_playing waits for webhooks on their way, in seconds, unless told otherwise.
DRAIN = 30.0


class World:
    """Everything that happens at the vendor. All methods belong to one event loop.

    `faults` makes it nasty; `log` has the webhooks, `requests` what was asked.
    """

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options
        begin = _wall_clock() if options.begin is None else int(options.begin.timestamp())
        self.faults = Faults(stream(options.seed, "faults"))
        self.accounts = {
            key: Account(key, options, index, begin, self.faults) for index, key in enumerate(options.keys)
        }
        self.log = WebhookLog(options.kept_log)
        self.requests = RequestLog(options.kept_log)
        for key, account in self.accounts.items():
            self.requests.add_key(key, account.options.window)
        self._clock = SimulatedClock(options.speed)
        share = max(1, options.max_pending // len(self.accounts))
        self._deliveries = {
            key: Delivery(self.log, options.retry, concurrency=options.concurrency, max_pending=share)
            for key in self.accounts
        }
        self._player: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._playing = False

    @property
    def pending(self) -> int:
        """Return how many webhooks are on their way or wait to be sent again."""
        return sum(delivery.pending for delivery in self._deliveries.values())

    @property
    def playing(self) -> bool:
        return self._playing

    @property
    def simulated_now(self) -> float:
        """Return the simulated seconds since the day began."""
        return self._clock.now(time.monotonic())

    async def wake(self) -> None:
        """Let things happen."""
        for delivery in self._deliveries.values():
            await delivery.start()
        self._player = asyncio.create_task(self._live(), name="player of calls")

    async def watch(self) -> None:
        """Wait for ever, and raise FailedTaskError when a part of the simulator has failed. Belongs after `start`."""
        senders = [sender for delivery in self._deliveries.values() for sender in delivery.senders]
        await watch_tasks([*self._players(), *senders])

    async def sleep(self) -> None:
        """Let nothing happen any more, at once; what still waited is given up in the log.

        Raises FailedTaskError when a part of the simulator has failed.
        """
        async with AsyncExitStack() as stack:
            for delivery in self._deliveries.values():
                stack.push_async_callback(delivery.stop)
            await end_tasks(self._players())

    def start_playing(self) -> None:
        """Let calls come; the first time also lets simulated time run. Nothing changes when they come already."""
        if self._playing:
            return
        self._playing = True
        # The first call of a day is at the same simulated second in every play of the same seed.
        now = self.let_time_run()
        for account in self.accounts.values():
            account.day.open(now)

    async def stop_playing(self, *, finish: bool = True, drain: float = DRAIN) -> bool:
        """Let no new call come, end those in flight at once or (`finish` false) cut them, and wait for their webhooks.

        Waits at most `drain` seconds; False when webhooks are still on their way then.
        """
        self._playing = False
        now = self.simulated_now
        for account in self.accounts.values():
            # What is due has happened, also when the loop was too busy to tell of it in time.
            self._tell(account, account.day.advance(now))
            self._tell(account, account.day.close(now, finish=finish))
        return all(await asyncio.gather(*(delivery.drain(drain) for delivery in self._deliveries.values())))

    async def play(self, duration: float) -> bool:
        """Play for `duration` real seconds, then stop as `stop_playing` does."""
        self.start_playing()
        await asyncio.sleep(duration)
        return await self.stop_playing()

    def add_row(self, key: str, name: ListName) -> None:
        """Have a new row at the top of a list; of a call, recording or voicemail the webhooks tell, too."""
        account = self.accounts[key]
        now = self.simulated_now
        account.add_row(name, now)
        self._tell(account, account.day.advance(now))
        self._changed.set()

    def set_limit(self, key: str, limit: int, window: float, *, retry_after: bool = True) -> None:
        """Change a key's quota; what has arrived already counts in it. Raises ValueError for one that cannot be."""
        check_quota(limit, window)
        arrivals = self.requests.keys[key].arrivals
        account = self.accounts[key]
        account.limiter = SlidingLimiter(limit, window, arrivals.last(limit))
        account.retry_after = retry_after
        arrivals.watch(window)

    @property
    def retry(self) -> RetryPolicy:
        """Return how often webhooks are sent again."""
        return next(iter(self._deliveries.values())).retry

    def set_retry(self, retry: RetryPolicy) -> None:
        """Change how often webhooks are sent again, from the next answer on."""
        for delivery in self._deliveries.values():
            delivery.set_retry(retry)

    def let_time_run(self) -> float:
        """Return the simulated second, after a look at what happens next; the first time it is 0.0."""
        monotonic = time.monotonic()
        self._changed.set()
        if not self._clock.start(monotonic):
            return self._clock.now(monotonic)
        if self._options.begin is None:
            # However long the simulator has stood idle, the first call is now: others compare its time with theirs.
            for account in self.accounts.values():
                account.day.begin = _wall_clock()
        return 0.0

    def turn_page(self, account: Account, operation: GetList) -> None:
        """Have rows come and go between two pages, when the switches say so."""
        if self.faults.strike("row_deleted", account.key, operation.operation_id):
            account.delete_row(operation.name)
        if self.faults.strike("row_added", account.key, operation.operation_id):
            self.add_row(account.key, operation.name)

    def _players(self) -> list[asyncio.Task[None]]:
        return [] if self._player is None else [self._player]

    async def _live(self) -> None:
        while True:
            now = self.simulated_now
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
            for telling in tell(fact, account.hooks, self.faults, account.key):
                hook = telling.hook
                self._deliveries[account.key].submit(
                    Webhook(
                        key=account.key,
                        event=fact.event,
                        subject=fact.subject,
                        hook_id=hook.hook_id,
                        endpoint=hook.endpoint,
                        body=telling.body,
                        planned=planned,
                        due=planned + telling.after,
                    ),
                    telling.lane,
                )


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000_000
