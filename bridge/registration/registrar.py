"""The registrations of one connection, in the hands of its owner: what is stored, and what the vendor is asked, when.

    slot -> append {slot, intent} -> POST -> append {slot's end, active | unknown | nothing}

An intent that somebody finds is of a registration that may exist: its owner died in between. It becomes `unknown`, and
an event that comes by its key proves it. A removal is stored when it is done; asked again, the vendor answers 404.

Every step runs to its end even while the shard is handed over, and one at a time. ShardLost and Handover pass through.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog

from bridge.calls.asking import Asked, ask, call
from bridge.calls.conclusions import NoSlot
from bridge.calls.dial_states import reserve
from bridge.calls.journal_values import Hook
from bridge.calls.lanes import Lane
from bridge.calls.means import Wanted as WantedCall
from bridge.calls.shard_owner import OwnedShard
from bridge.pbx.hook_keys import HookName
from bridge.pbx.requests import Collection, ListItems, RegisterWebhook, RemoveWebhook
from bridge.pbx.responses import Lost, NotSent, Refused, Registered, Unusable
from bridge.registration.hook_options import HookOptions, HookUrls
from bridge.registration.hook_records import HookRecords
from bridge.registration.hook_state import HookState, hook_state
from bridge.registration.plan import Register, Remove, Step, Wanted, missing, next_step, standing
from bridge.registration.refusals import Trouble, ending_of_registration, ending_of_removal, trouble_of

log = structlog.get_logger(__name__)

ROUND_EVERY_S: Final = 60.0
# The contract's minute.
SETTLED_AFTER_S: Final = 50.0
# Between a new secret and the first rotation: another replica of the ingress may see the file later by as much, and
# would refuse what comes by the new URL. A little less than a round, so that it begins with the next one.
LONGEST_PAUSE_S: Final = 3_600.0
# After registrations without an answer, one after the other: doubled from a round on, so that few become unknown.
SLOT_WITHIN_S: Final = 30.0
# Nothing waits for a registration; but queries that have deadlines would go before one without for ever.
MISSING: Final = "missing"
# Beside the standings of registrations: that of an event which none brings.
NOT_CONFIGURED: Final = "webhooks.register is false: the bridge leaves the webhooks alone"
PAUSED: Final = "all were removed on request, and for a while none is registered (bridge hooks apply ends that)"
NO_URL: Final = "ingress.public_url is not set, so there is no URL to register"


class Registrar:
    """Looks after one connection from `run` on. `records` are what the take-over found."""

    def __init__(self, connection: str, options: HookOptions, records: HookRecords, owned: OwnedShard) -> None:
        self.connection = connection
        self.options = options
        self.records = records
        self.trouble: Trouble | None = None
        self._owned = owned
        self._means = owned.means
        self._urls: HookUrls | None = None
        self._urls_since = 0.0
        self._not_before = 0.0
        self._paused_until = 0.0
        self._pause_s = ROUND_EVERY_S
        self._one_at_a_time = asyncio.Lock()
        self._poked = asyncio.Event()

    async def run(self) -> None:
        """Make a round now and every minute, until cancelled."""
        while True:
            self._poked.clear()
            while await self._owned.tasks.perform(self.take_step()) is not None:
                pass
            with suppress(TimeoutError):
                async with asyncio.timeout(ROUND_EVERY_S):
                    await self._poked.wait()

    def poke(self) -> None:
        """Let the next round begin now."""
        self._poked.set()

    async def take_step(self, *, at_once: bool = False) -> Step | None:
        """Do the next thing; None when there is none, or it did not succeed. `at_once`: somebody has asked for it."""
        async with self._one_at_a_time:
            await self.records.store_what_is_known_now()
            if self.idle is not None:
                return None
            urls = self._current_urls()
            step = next_step(self.records.known(self._now_ms()), self._wanted(urls, at_once=at_once))
            if step is None:
                # What could not be done is not wanted any more, or has come about otherwise.
                self._out_of_trouble()
                return None
            if self.trouble is not None and not await self._may_try_again(self.trouble):
                return None
            match step:
                case Register(name):
                    succeeded = await self._register(name, urls)
                case Remove(name, webhook_id):
                    succeeded = await self._remove(name, webhook_id)
            return step if succeeded else None

    def forget_trouble(self) -> None:
        """Try again what was given up."""
        self.trouble, self._pause_s = None, ROUND_EVERY_S

    async def pause(self, seconds: float) -> None:
        """Register nothing by itself for so long, or until `end_pause`, or until another process is the owner."""
        async with self._one_at_a_time:
            self._paused_until = self._means.clock.now() + seconds

    def end_pause(self) -> None:
        """Register again."""
        self._paused_until = 0.0

    async def put(self, name: HookName, hook: Hook) -> None:
        """Store what a person knows about a registration."""
        async with self._one_at_a_time:
            await self.records.store({name: hook})

    async def drop(self, name: HookName) -> bool:
        """Remove a registration at the vendor, where its id is known, and forget it; false when that failed."""
        async with self._one_at_a_time:
            kept = self.records.kept.get(name)
            if kept is None:
                return True
            if kept.value.id is None:
                await self.records.store({name: None})
                return True
            return await self._remove(name, kept.value.id)

    @property
    def idle(self) -> str | None:
        """Why nothing is registered by itself; None when it is."""
        if not self.options.register:
            return NOT_CONFIGURED
        if self._means.clock.now() < self._paused_until:
            return PAUSED
        return NO_URL if self.options.public_url is None else None

    def address(self, name: HookName) -> str | None:
        """Give the digest of the URL that a registration should have; None without a public URL."""
        return None if self.options.public_url is None else self._current_urls().address(name)

    def state(self, *, at_once: bool = False) -> HookState:
        """Describe what is known, and what comes next: by itself, or `at_once`, if somebody asks for it."""
        now_ms, wanted = self._now_ms(), self._wanted_for_people(at_once=at_once)
        return hook_state(
            self.records.kept,
            self.records.known(now_ms),
            wanted,
            self.records.last_deliveries_ms(),
            idle=self.idle,
            trouble=self.trouble,
        )

    def standings(self) -> Sequence[str]:
        """Give the standing of each known registration, and `MISSING` for each event that nothing brings."""
        known, wanted = self.records.known(self._now_ms()), self._wanted_for_people()
        lacking = () if self.idle else missing(known, wanted)
        return [*(standing(name, hook, wanted).value for name, hook in known.items()), *(MISSING for _ in lacking)]

    async def _register(self, name: HookName, urls: HookUrls) -> bool:
        slot = await self._means.slots.take(self._call())
        if isinstance(slot, NoSlot):
            return False
        intent = Hook("intent", urls.address(name))
        await self.records.store({name: intent}, (reserve(self.connection, slot.reservation),))
        asked = await call(self.connection, RegisterWebhook(name.event, urls.url(name)), slot, self._means)
        outcome = asked.exchange.outcome
        match ending_of_registration(asked.exchange):
            case "done":
                assert isinstance(outcome, Registered)
                await self.records.store({name: Hook("active", intent.address, outcome.webhook_id)}, asked.beside)
                log.info("a webhook is registered", connection=self.connection, hook=name.text, id=outcome.webhook_id)
                self._out_of_trouble()
                return True
            case "not_done":
                await self.records.store({name: None}, asked.beside)
            case "unknown":
                await self.records.store({name: Hook("unknown", intent.address)}, asked.beside)
                self._not_before = self._means.clock.now() + self._pause_s
                self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._in_trouble(trouble_of("register", name.text, asked.exchange))
        return False

    async def _remove(self, name: HookName, webhook_id: int) -> bool:
        asked = await ask(self._call(), RemoveWebhook(webhook_id), self._means)
        if isinstance(asked, NoSlot):
            return False
        if ending_of_removal(asked.exchange) != "done":
            await self._means.writer.append(asked.beside)
            self._in_trouble(trouble_of("remove", name.text, asked.exchange))
            return False
        await self.records.store({name: None}, asked.beside)
        log.info("a webhook is removed", connection=self.connection, hook=name.text, id=webhook_id)
        self._out_of_trouble()
        return True

    async def _may_try_again(self, trouble: Trouble) -> bool:
        """See whether the vendor answers what does no harm: each registration without an answer is one more unknown."""
        if trouble.final or self._means.clock.now() < self._not_before:
            return False
        asked: Asked | NoSlot = await ask(self._call(), ListItems(Collection.GROUPS, limit=1), self._means)
        if isinstance(asked, NoSlot):
            return False
        await self._means.writer.append(asked.beside)
        match asked.exchange.outcome:
            case Lost() | NotSent() | Unusable() | Refused(status=401 | 429):
                return False
            case _:
                return True

    def _in_trouble(self, trouble: Trouble) -> None:
        if self.trouble is None or self.trouble.code != trouble.code:
            tell = log.error if trouble.final else log.warning
            tell(
                "registrations of webhooks have stopped" if trouble.final else "a webhook is not registered yet",
                connection=self.connection,
                hook=trouble.hook,
                status=trouble.status,
                what_to_do=trouble.sentence,
            )
        self.trouble = trouble

    def _out_of_trouble(self) -> None:
        if self.trouble is not None:
            log.info("registrations of webhooks go on", connection=self.connection)
        self.forget_trouble()

    def _call(self) -> WantedCall:
        return WantedCall(self.connection, Lane.QUERY, self._means.clock.now() + SLOT_WITHIN_S)

    def _current_urls(self) -> HookUrls:
        public_url, secret = self.options.public_url, self.options.secret()
        assert public_url is not None
        if self._urls is None or not self._urls.is_of(public_url, secret):
            self._urls = HookUrls(self.connection, public_url, secret)
            self._urls_since = self._means.clock.now()
        return self._urls

    def _wanted(self, urls: HookUrls, *, at_once: bool) -> Wanted:
        settled = self._means.clock.now() - self._urls_since >= SETTLED_AFTER_S
        return urls.wanted(self.options.events, rotate=at_once or settled)

    def _wanted_for_people(self, *, at_once: bool = False) -> Wanted:
        if self.options.public_url is None:
            return Wanted(self.options.events, lambda name: self.records.kept[name].value.address)
        return self._wanted(self._current_urls(), at_once=at_once)

    def _now_ms(self) -> int:
        return self._owned.clock.epoch_ms(self._owned.clock.now())
