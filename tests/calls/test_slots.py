"""Waiting for slots, in virtual time: who waits is served, expires, is cancelled or is handed over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

import pytest

from bridge.calls.admission import Admission, Refusal
from bridge.calls.conclusions import NoSlot
from bridge.calls.dial_states import Ended
from bridge.calls.journal_format import put
from bridge.calls.journal_keys import RefusalKey
from bridge.calls.journal_values import Refusal as StoredRefusal
from bridge.calls.lanes import Lane
from bridge.calls.means import Handover, Slot, Wanted
from bridge.calls.quota import Ending, Quota, Window
from bridge.calls.slots import ShardSlots, Waiter
from tests.virtual_time import run_virtually

DIAL = Wanted("acme", Lane.DIAL)


@dataclass
class Watch:
    waits: list[tuple[Lane, float]] = field(default_factory=list)
    refusals: list[tuple[str, float, int]] = field(default_factory=list)

    def waited(self, lane: Lane, seconds: float) -> None:
        self.waits.append((lane, seconds))

    def refused(self, connection: str, freeze_s: float, limit: int) -> None:
        self.refusals.append((connection, freeze_s, limit))


def slots(now: Callable[[], float], watch: Watch | None = None, calls: int = 2) -> ShardSlots:
    quota = Quota(calls=calls)
    return ShardSlots({"acme": Admission(quota, 100, Window.of(quota))}, now, watch or Watch())


def test_who_waits_is_served_when_a_slot_is_free_again() -> None:
    """A window and its guard after the response of the call before; by a timer, without anybody asking."""

    async def story(now: Callable[[], float]) -> None:
        watch = Watch()
        of = slots(now, watch, calls=1)
        first = await of.take(DIAL)
        assert isinstance(first, Slot)
        await asyncio.sleep(2)
        of.finish("acme", Ended(first.reservation, Ending.ANSWERED), None)
        second = await of.take(DIAL)
        assert isinstance(second, Slot)
        assert now() == pytest.approx(62.25)
        assert second.first_byte_by == pytest.approx(65.25)
        assert watch.waits == [(Lane.DIAL, 0.0), (Lane.DIAL, pytest.approx(60.25))]

    run_virtually(story)


def test_who_cannot_be_served_in_time_hears_it_at_once_or_at_the_deadline() -> None:
    """The three ways to get no slot."""

    async def story(now: Callable[[], float]) -> None:
        of = slots(now, calls=1)
        first = await of.take(DIAL)
        assert isinstance(first, Slot)
        assert await of.take(DIAL._replace(deadline=0.0)) is NoSlot.EXPIRED
        assert await of.take(DIAL._replace(deadline=30.0)) is NoSlot.TOO_LATE
        assert now() == 0.0
        assert await of.take(Wanted("acme", Lane.QUERY, 20.0), not_before=25.0) is NoSlot.EXPIRED
        assert now() == 20.0
        waiting = [asyncio.create_task(of.take(Wanted("acme", Lane.POLL, 500.0))) for _ in range(100)]
        await asyncio.sleep(0)
        assert await of.take(Wanted("acme", Lane.POLL, 500.0)) is NoSlot.QUEUE_FULL
        assert await waiting[0] is NoSlot.EXPIRED
        assert now() == pytest.approx(500.0)

    run_virtually(story)


def test_a_slot_for_somebody_who_has_gone_is_the_next_ones() -> None:
    """Nothing left for it, so it is not busy for a window."""

    async def story(now: Callable[[], float]) -> None:
        of = slots(now, calls=1)
        first = await of.take(DIAL)
        assert isinstance(first, Slot)
        gone = asyncio.create_task(of.take(DIAL))
        await asyncio.sleep(0)
        gone.cancel()
        of.finish("acme", Ended(first.reservation, Ending.ANSWERED), None)
        assert isinstance(await of.take(DIAL), Slot)
        assert now() == pytest.approx(60.25)

    run_virtually(story)


def test_a_refusal_is_kept_told_and_obeyed() -> None:
    """The journal gets the freeze and the step, the watch what is left of the limit."""

    async def story(now: Callable[[], float]) -> None:
        watch = Watch()
        of = slots(now, watch, calls=100)
        first = await of.take(DIAL)
        assert isinstance(first, Slot)
        kept = of.finish("acme", Ended(first.reservation, Ending.ANSWERED), Refusal(20.0))
        assert kept == (put(RefusalKey("acme"), StoredRefusal(20.0, 1)),)
        assert watch.refusals == [("acme", 20.0, 90)]
        assert isinstance(await of.take(DIAL), Slot)
        assert now() == pytest.approx(20.0)

    run_virtually(story)


def test_a_closed_shard_gives_nothing_more() -> None:
    """Who waits and who comes is told so; the end of a call under way is taken as before."""

    async def story(now: Callable[[], float]) -> None:
        of = slots(now, calls=1)
        first = await of.take(DIAL)
        assert isinstance(first, Slot)
        waiting = asyncio.create_task(of.take(DIAL))
        later = asyncio.create_task(of.take(DIAL, not_before=1.0))
        await asyncio.sleep(0)
        of.close()
        for task in (waiting, later):
            with pytest.raises(Handover):
                await task
        with pytest.raises(Handover):
            await of.take(DIAL)
        assert of.finish("acme", Ended(first.reservation, Ending.ANSWERED), None) == ()
        await asyncio.sleep(100)
        assert of.admissions["acme"].window.advance(now()).busy == 0

    run_virtually(story)


def test_connections_do_not_share() -> None:
    """Each has its own quota."""

    async def story(now: Callable[[], float]) -> None:
        quota = Quota(calls=1)
        one: Admission[Waiter] = Admission(quota, 100, Window.of(quota))
        of = ShardSlots({"acme": one, "other": one}, now, Watch())
        assert isinstance(await of.take(DIAL), Slot)
        assert isinstance(await of.take(Wanted("other", Lane.DIAL, inf)), Slot)
        assert now() == 0.0

    run_virtually(story)
