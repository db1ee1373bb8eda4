"""One connection in an owned shard: its lists are compared again and again, and what is missing is published.

A list is walked first, and only then it is asked whether everything is known that was published by now: what a topic
held before the walk ended cannot be taken for missing. What is missing then, and for longer than the grace, is stored
with `compared/<connection>` in one fenced transaction, so a former owner can add nothing, and the next one, who reads
the topics after he has fenced us, finds it published or not at all.
"""

import asyncio
from collections.abc import Mapping

from bridge.events.catalogue import EventName
from bridge.reconcile.closing import Closing
from bridge.reconcile.compared_lists import ITEM_LISTS, LOST_CALLS
from bridge.reconcile.item_gaps import ItemGaps
from bridge.reconcile.lost_caller_gaps import LOST_FOR_MS, LostCallerGaps
from bridge.reconcile.published_facts import LOST_CALLER_EVENTS
from bridge.reconcile.published_reader import PublishedReader
from bridge.reconcile.stretches import LISTED_WITHIN_MS, LONG_EVERY_MS

CLOCKS_APART_MS = 3_600_000
# Topics are read from so much earlier than a walk goes back: the vendor's clock may be ahead of the brokers'.
STORE_EVERY_MS = 30_000
# How far the comparison has got, while nothing is missing: the next owner compares so much again.
FORGET_EVERY = 10
# Rounds: what is forgotten is looked through as a whole.


def known_from_ms(compared_ms: int, rescan_ms: int) -> int:
    """Give the append time from which on topics have to be read by whoever goes on from `compared_ms`."""
    return compared_ms - max(rescan_ms + LISTED_WITHIN_MS, LONG_EVERY_MS) - CLOCKS_APART_MS


class GapCloser:
    """Compares from its loop's beginning to its end."""

    def __init__(self, closing: Closing, reader: PublishedReader) -> None:
        self._closing = closing
        self._reader = reader
        events = closing.options.events
        self._items = [ItemGaps(of, closing) for of in ITEM_LISTS.values() if of.event in events]
        lost = [LostCallerGaps(closing)] if events & LOST_CALLER_EVENTS else []
        self._all: list[ItemGaps | LostCallerGaps] = [*self._items, *lost]
        closing.compared_ms = self._compared_ms

    @property
    def connection(self) -> str:
        """The connection's name."""
        return self._closing.connection

    @property
    def age_s(self) -> float:
        """Seconds since the moment up to which all is compared, but for lists that the vendor refuses."""
        return max(0.0, (self._closing.now_ms() - self._compared_ms()) / 1000)

    def loss_ratios(self) -> Mapping[EventName, float]:
        """Give which part of the last hour's events their webhooks have not brought."""
        facts, now_ms = self._closing.facts, self._closing.now_ms()
        ratios = {event: facts.loss_ratio(event, now_ms) for event in self._closing.options.events}
        return {event: ratio for event, ratio in ratios.items() if ratio is not None}

    async def run(self) -> None:
        """Compare for ever."""
        owned, interval_s = self._closing.owned, self._closing.options.interval_s
        self._closing.watch.begun(self)
        try:
            # A thousand connections that are taken over at once do not all walk at once.
            await asyncio.sleep(interval_s * owned.means.jitter())
            await self._reader.until_current(self.connection)
            rounds = 0
            while True:
                began = owned.clock.now()
                await self._compare(began)
                rounds += 1
                if rounds % FORGET_EVERY == 0:
                    self._forget()
                await asyncio.sleep(max(0.0, began + interval_s - owned.clock.now()))
        finally:
            self._closing.watch.ended(self)

    async def _compare(self, began: float) -> None:
        closing = self._closing
        for each in self._all:
            if each.pauses.due <= began:
                outcome = await each.compare()
                each.pauses.after(outcome, began, closing.options.interval_s)
                closing.watch.walked(self.connection, each.collection, outcome)
        if self._compared_ms() >= closing.stored_ms + STORE_EVERY_MS:
            await closing.publish(LOST_CALLS, ())

    def _compared_ms(self) -> int:
        return min(
            (each.progress.compared_ms for each in self._items if not each.pauses.refused),
            default=self._closing.stored_ms,
        )

    def _forget(self) -> None:
        closing = self._closing
        since_ms = [each.long_walk.ended_since_ms for each in self._items]
        before_ms = min([known_from_ms(closing.stored_ms, closing.options.rescan_ms), *since_ms])
        closing.facts.forget(before_ms, min(before_ms, closing.now_ms() - LOST_FOR_MS - CLOCKS_APART_MS))
