"""The drill of the recovery: webhooks are lost in every way there is, and the topics have everything all the same.

Real workers register their webhooks, poll and reconcile in haste; the vendor drops, doubles and delays what it tells,
forgets a registration, and lets rows come and go while its lists are paged; the ingress is away for a fifth of the
time; workers die in the middle of a poll, and between a registration and its record.
"""

import asyncio
import time
from typing import NamedTuple

from bridge.simulator import Fault
from bridge.simulator.facts import EventName
from tests.drills.processes import NotReady, Process
from tests.drills.recovery_judge import TriggerRow
from tests.drills.recovery_scene import (
    CONNECTIONS,
    GRACE_S,
    INTERVAL_S,
    MOST_HOOKS,
    POLLED_EVERY_S,
    RecoveryScene,
)
from tests.drills.scene import Ground
from tests.drills.traffic import key_of, until
from tests.drills.watched_vendor import UNDATED

PLAYED_S = 220.0
UP_S, AWAY_S = 30.0, 9.0
# The ingress takes some two seconds more from its start until it listens: a fifth of the time in all.
LEAST_AWAY_PERCENT = 15
QUIET_BEFORE_END_S = 25.0
DROPPED, DOUBLED, LATE = 0.05, 0.03, 0.02
LATE_BY_S = 60.0
DELETED, ADDED = 0.06, 0.03
# Of the pages behind the first one.
DEATHS = ((0.1, "poll-open"), (0.45, "poll-committed"))
# Which part of the time has passed when a worker starts that dies at its first items.
FORGOTTEN: EventName = "CallRecorded"
ORPHANED: EventName = "CallConnected"
# Its owner dies between its registration and its record. No list tells of it, so it is never taken for silent.
STRUCK_WITHIN_S = 60.0
REGISTERED_WITHIN_S = 90.0
ROWS_EVERY_S = 12.0
SETTLED_WITHIN_S = 150.0
POLLED_WITHIN_S = 130.0
# Promised even at a full quota and across a death; here polls are due every 10 s.
STEADY_S = 25.0
# Two rounds of registrations.
MARGIN_S = 5.0
RESTARTED_FOR_S = 25.0
ITEMS = ".call.listed.v1"


class Figures(NamedTuple):
    """What the drill did, and what the vendor saw."""

    calls: int
    dropped: int
    doubled: int
    late: int
    deleted: int
    away_percent: int
    deaths: int
    throttled: int
    fullest: int
    longest_gap_s: float
    most_hooks: int
    after_restart: int


class Recovery(NamedTuple):
    """What came of the drill. `wrong` is empty when all is as it should be."""

    rows: list[TriggerRow]
    figures: Figures
    seconds: float
    wrong: tuple[str, ...]


async def hold(ground: Ground, *, played_s: float = PLAYED_S, seed: int = 1) -> Recovery:
    """Hold the drill, and judge it."""
    began = time.monotonic()
    async with RecoveryScene(ground, seed) as scene:
        story = _Story(scene, played_s)
        try:
            await story.unfold()
        except (TimeoutError, NotReady, AssertionError) as error:
            scene.wrong.append(f"{type(error).__name__}: {error}")
        await scene.stop()
        await scene.published.stop()
        rows = scene.compared()
        figures = story.figures()
        wrong = (*scene.wrong, *story.complaints(figures), *_complaints(rows))
    return Recovery(rows, figures, time.monotonic() - began, wrong)


class _Story:
    def __init__(self, scene: RecoveryScene, played_s: float) -> None:
        self._scene = scene
        self._vendor = scene.vendor
        self._played_s = played_s
        self._away_s = 0.0
        self._deaths = 0
        self._after_restart = 0
        self._began = self._ends = 0.0
        self._forgotten: int | None = None

    async def unfold(self) -> None:
        """Let everything happen that the drill is about."""
        scene = self._scene
        [ingress] = await scene.started("ingress", role="ingress")
        await scene.published.start()
        await scene.started("one", "two", point=scene.point("registered", ORPHANED))
        victim = await scene.struck("registered", STRUCK_WITHIN_S)
        self._deaths += 1
        died = time.monotonic()
        await until(
            lambda: not scene.unregistered() and not scene.unpolled(died), REGISTERED_WITHIN_S, "not all is registered"
        )
        self._set_faults()
        self._vendor.start_playing()
        self._began = time.monotonic()
        self._ends = self._began + self._played_s
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._come_and_go(ingress))
            tasks.create_task(self._die(victim.name))
            tasks.create_task(self._add_rows())
            tasks.create_task(self._forget_a_hook())
        await self._vendor.stop_playing(drain=LATE_BY_S)
        self._vendor.faults.clear()
        await asyncio.sleep(2 * INTERVAL_S + GRACE_S + MARGIN_S)
        await scene.settled(SETTLED_WITHIN_S, STEADY_S)
        await self._restart()

    def figures(self) -> Figures:
        """Give the figures."""
        vendor, struck = self._vendor, self._vendor.faults.struck
        counts = vendor.requests.keys.values()
        return Figures(
            calls=sum(account.ledger.finished_calls for account in vendor.accounts.values()),
            dropped=struck["webhook_dropped"],
            doubled=struck["webhook_doubled"],
            late=struck["webhook_late"],
            deleted=struck["row_deleted"],
            away_percent=round(100 * self._away_s / self._played_s),
            deaths=self._deaths,
            throttled=sum(count.refusals for count in counts),
            fullest=max(count.arrivals.highest for count in counts),
            longest_gap_s=self._scene.longest_gap_s(self._began),
            most_hooks=self._scene.most_hooks(),
            after_restart=self._after_restart,
        )

    def complaints(self, figures: Figures) -> list[str]:
        """Tell what is wrong with the figures."""
        scene = self._scene
        wrong = [
            f"nothing was {name}, which says nothing"
            for name in ("dropped", "doubled", "late", "deleted")
            if not getattr(figures, name)
        ]
        if figures.deaths != 1 + len(DEATHS):
            wrong.append(f"{figures.deaths} workers have died, which is too few")
        if figures.away_percent < LEAST_AWAY_PERCENT:
            wrong.append(f"the ingress was away for {figures.away_percent} % of the time, which says little")
        if figures.throttled:
            wrong.append(f"the vendor answered 429 {figures.throttled} times")
        if figures.longest_gap_s > POLLED_WITHIN_S:
            wrong.append(f"a list was not polled for {figures.longest_gap_s:.0f} s")
        if scene.published.quarantined:
            wrong.append(f"{scene.published.quarantined} records in the quarantine")
        return wrong + self._about_registrations(figures)

    def _about_registrations(self, figures: Figures) -> list[str]:
        scene, wrong = self._scene, list[str]()
        registrations = scene.registrations()
        refused = sum(row.status == 403 for row in registrations)
        if figures.most_hooks > MOST_HOOKS or refused:
            wrong.append(f"{figures.most_hooks} registrations of a key, {refused} refused")
        if figures.after_restart:
            wrong.append(f"{figures.after_restart} registrations at a restart with everything in place")
        if unregistered := scene.unregistered():
            wrong.append(f"nothing is registered for {', '.join(unregistered)}")
        for key in self._vendor.accounts:
            # The death of its owner leaves one of them unknown; its first event proves that it exists.
            times = sum(row.key == key and row.operation == ORPHANED for row in registrations)
            if times != 1:
                wrong.append(f"{ORPHANED} of {key} was registered {times} times")
        hooks = self._vendor.accounts[key_of(CONNECTIONS[0])].hooks
        if self._forgotten is None or hooks.is_forgotten(self._forgotten):
            wrong.append("the hook that went silent was not replaced")
        return wrong

    def _set_faults(self) -> None:
        faults = self._vendor.faults
        faults.set("webhook_dropped", Fault(probability=DROPPED))
        faults.set("webhook_doubled", Fault(probability=DOUBLED))
        faults.set("webhook_late", Fault(probability=LATE, seconds=LATE_BY_S))
        faults.set("row_deleted", Fault(probability=DELETED))
        faults.set("row_added", Fault(probability=ADDED))

    async def _come_and_go(self, process: Process) -> None:
        scene = self._scene
        while time.monotonic() + UP_S + AWAY_S + QUIET_BEFORE_END_S < self._ends:
            await asyncio.sleep(UP_S)
            began = time.monotonic()
            await process.kill()
            await asyncio.sleep(AWAY_S)
            [process] = await scene.started("ingress", role="ingress")
            self._away_s += time.monotonic() - began
        await asyncio.sleep(max(0.0, self._ends - time.monotonic()))

    async def _die(self, name: str) -> None:
        scene, began = self._scene, time.monotonic()
        for part, at in DEATHS:
            await asyncio.sleep(max(0.0, began + part * self._played_s - time.monotonic()))
            scene.start(name, point=scene.point(at, ITEMS))
            await scene.struck(at, STRUCK_WITHIN_S)
            self._deaths += 1
        await scene.started(name)

    async def _add_rows(self) -> None:
        while time.monotonic() + POLLED_EVERY_S < self._ends:
            for connection in CONNECTIONS:
                for name in UNDATED:
                    self._vendor.add_row(key_of(connection), name)
            await asyncio.sleep(ROWS_EVERY_S)

    async def _forget_a_hook(self) -> None:
        await asyncio.sleep(0.1 * self._played_s)
        hooks = self._vendor.accounts[key_of(CONNECTIONS[0])].hooks
        self._forgotten = hooks.of(FORGOTTEN)[0].hook_id
        hooks.forget(self._forgotten)

    async def _restart(self) -> None:
        """Stop all workers and start them again, with everything in place."""
        scene = self._scene
        workers = [process for process in scene.processes if process.exit_code is None and process.name != "ingress"]
        stopped = time.monotonic()
        await scene.stop(*workers)
        await scene.started(*(worker.name for worker in workers))
        await until(lambda: not scene.unpolled(stopped), STRUCK_WITHIN_S, "not all is polled after a restart")
        await asyncio.sleep(RESTARTED_FOR_S)
        self._after_restart = len(scene.registrations(since=stopped))


def _complaints(rows: list[TriggerRow]) -> list[str]:
    wrong = [f"{row.trigger}: {len(row.missing)} missing, such as {row.missing[0]}" for row in rows if row.missing]
    return wrong + [f"{row.trigger}: {sentence}" for row in rows for sentence in row.wrong]
