"""One process dies or freezes at a named point with a dial under way, and another one goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from bridge.simulator import Fault
from tests.drills.judge import Expected
from tests.drills.scene import Scene

Story = Callable[[Scene], Awaitable[None]]

SLOW_ANSWER_S = 3.0
# So that there is a time in which a dial is carried out and not answered.
FROZEN_FOR_S = 8.0
# At least: the session is 6 s, so the group has counted the frozen process out.
LATE_S = 2.0
# More than what the judge allows for the way to the vendor.
OTHERS_TAKE_OVER_WITHIN_S = 40.0
# Session, rebalance with the calls that others have in flight, take-over.
BYSTANDERS = 3

_ONCE = Expected(frozenset({"ok", "expired"}), frozenset({1}))
_NEVER = Expected(frozenset({"in_doubt"}), frozenset({0}), frozenset({"not_observed"}))
_UNKNOWN = Expected(frozenset({"in_doubt"}), frozenset({1}), frozenset({"call_observed"}))
# The three rows of the design's table of crashes. A POST of the second kind that leaves late, after a freeze, is the
# third kind.

KILLED = {
    "k0": _ONCE,
    "k1": _ONCE,
    "k2": _ONCE,
    "k3": _ONCE,
    "k4": _NEVER,
    "k5": _NEVER,
    "k6": _UNKNOWN,
    "k7": _UNKNOWN,
    "k8": _ONCE,
}
FROZEN = {
    "k2": _ONCE,
    "k3": _ONCE,
    "k4": _NEVER,
    "k5": _UNKNOWN,
    "k6": _UNKNOWN,
    "k7": _UNKNOWN,
    "k8": _ONCE,
}
IN_TAKE_OVER = ("k9", "k9-stored")


async def kill(at: str, scene: Scene) -> None:
    """Kill -9 at a point; the other worker finishes."""
    expected = KILLED[at]
    victim = await _prepare(scene, at)
    await scene.started("one", "two", environ=scene.point(at, "kill", victim))
    await _dial(scene, victim, expected)
    struck = await scene.struck(at)
    assert await struck.ended() == -9
    await scene.traffic.answered(victim)


async def kill_in_take_over(at: str, scene: Scene) -> None:
    """Kill -9 with a dial on its way, then kill -9 of its next owner inside the take-over; a third one finishes."""
    victim = await _prepare(scene, "k6")
    await scene.started("one", environ=scene.point("k6", "kill", victim))
    await _dial(scene, victim, _UNKNOWN)
    await scene.struck("k6")
    scene.start("two", environ=scene.point(at, "kill", victim))
    await scene.struck(at)
    await scene.started("three")
    await scene.traffic.answered(victim)


async def freeze(at: str, scene: Scene) -> None:
    """SIGSTOP at a point for longer than the session, then SIGCONT: its successor has answered, or will."""
    expected = FROZEN[at]
    victim = await _prepare(scene, at)
    await scene.started("one", "two", environ=scene.point(at, "stop", victim))
    await _dial(scene, victim, expected)
    frozen = await scene.struck(at)
    await asyncio.gather(asyncio.sleep(FROZEN_FOR_S), scene.traffic.answered(victim, OTHERS_TAKE_OVER_WITHIN_S))
    # So long that what it sends now is late beyond doubt.
    await asyncio.sleep(LATE_S)
    frozen.wake()
    await frozen.ready()


async def _prepare(scene: Scene, at: str) -> str:
    # With an ingress, who was called is known at once; else the history is asked, and that at the end of five minutes.
    await scene.hooked()
    if at == "k6":
        scene.simulator.faults.set("answer_slow", Fault(on=frozenset({"Dial"}), seconds=SLOW_ANSWER_S))
    return scene.traffic.number()


async def _dial(scene: Scene, victim: str, expected: Expected) -> None:
    """Send the victim, and what is under way beside it: on its own connection and on the other one."""
    traffic = scene.traffic
    beside = [traffic.dial(connection) for connection in scene.connections for _ in range(BYSTANDERS)]
    questions = [traffic.ask(connection) for connection in scene.connections]
    await asyncio.gather(traffic.dial(number=victim, expected=expected), *beside, *questions)


def kills() -> dict[str, Story]:
    """Give the stories of kill -9, by point."""
    return {**{at: partial(kill, at) for at in KILLED}, **{at: partial(kill_in_take_over, at) for at in IN_TAKE_OVER}}


def freezes() -> dict[str, Story]:
    """Give the stories of SIGSTOP, by point."""
    return {at: partial(freeze, at) for at in FROZEN}
