"""Workers come, go and die, Kafka and the vendor go away, clocks are wrong: all while commands keep coming."""

import asyncio
import time
from collections.abc import Sequence

from bridge.simulator import Fault
from tests.drills import wrong_clock
from tests.drills.scene import COMMAND_PARTITIONS, Scene
from tests.drills.traffic import DIAL, GET_CONTACT

EVERY_S = 0.3
ASKS = 2
# A dial and two questions, on each of three connections in turn: 66 calls in 20 s where the quota of these drills
# allows 40. So windows are full when things break, dials go first, and most questions wait for longer than the drill.
FILLED_AFTER_S = 12.0
# By then the first window is full.
VISITS_FOR_S = 40.0
STAYS_S = 2.0
KAFKA_AWAY_S = 10.0
LINK_DEAD_S = 25.0
# Longer than a dial waits for its answer, so that dials end in doubt, and bytes of theirs could come late.
ARRIVES_LATE_S = 1.0
# Half of the requests are under way for so long: those of a process that dies arrive after its death.
HOUR_S = 3600


async def visitor(scene: Scene) -> None:
    """Let a third member join and leave the group every few seconds."""
    await scene.started("one", "two")
    _slow_way(scene)
    load = asyncio.create_task(scene.traffic.load(VISITS_FOR_S, every_s=EVERY_S, asks=ASKS))
    while not load.done():
        [third] = await scene.started("three")
        await asyncio.sleep(STAYS_S)
        scene.expect_clean_end(third, await third.stop())
    await load


async def all_killed(scene: Scene) -> None:
    """Kill all workers -9 at once, and start them again."""
    workers = await scene.started("one", "two", "three")
    await scene.hooked()
    _slow_way(scene)
    load = asyncio.create_task(scene.traffic.load(30, every_s=EVERY_S, asks=ASKS))
    await asyncio.sleep(FILLED_AFTER_S)
    began = time.monotonic()
    await asyncio.gather(*(worker.kill() for worker in workers))
    await scene.started("one", "two", "three")
    scene.traffic.outage_s = time.monotonic() - began
    await load


async def rolling_restart(scene: Scene, names: Sequence[str] = ("one", "two", "three"), load_s: float = 40.0) -> None:
    """Stop workers as a supervisor does, one after the other, and start each again."""
    workers = await scene.started(*names)
    _slow_way(scene)
    load = asyncio.create_task(scene.traffic.load(load_s, every_s=EVERY_S, asks=ASKS))
    await asyncio.sleep(3)
    for worker in workers:
        scene.expect_clean_end(worker, await worker.stop())
        await scene.started(worker.name)
    await load


async def kafka_away(scene: Scene) -> None:
    """Kill the broker -9, and start it again after ten seconds."""
    await scene.started("one", "two")
    _slow_way(scene)
    load = asyncio.create_task(scene.traffic.load(40, every_s=EVERY_S, asks=ASKS))
    await asyncio.sleep(FILLED_AFTER_S)
    began = time.monotonic()
    await scene.ground.kafka.kill()
    await asyncio.sleep(KAFKA_AWAY_S)
    await scene.ground.kafka.restart()
    scene.traffic.outage_s = time.monotonic() - began
    await load


async def dead_link(scene: Scene) -> None:
    """Let nothing pass to or from the vendor, kill a worker meanwhile, and let all pass that TCP still holds."""
    assert scene.proxy is not None
    one, _ = await scene.started("one", "two")
    _slow_way(scene)
    load = asyncio.create_task(scene.traffic.load(20, every_s=EVERY_S, asks=ASKS))
    await asyncio.sleep(FILLED_AFTER_S)
    scene.proxy.die()
    await asyncio.sleep(4)
    await one.kill()
    await asyncio.sleep(LINK_DEAD_S - 4)
    scene.proxy.live()
    await load
    await scene.traffic.load(5, every_s=EVERY_S, asks=ASKS)
    if not scene.proxy.dropped:
        scene.wrong.append("nothing was on its way when the link died, which says nothing")


async def wrong_clocks(scene: Scene) -> None:
    """Run with clocks an hour ahead and an hour behind that step; one worker dies, and another takes over."""
    [one] = await scene.started("one", environ={wrong_clock.OFF_BY: f"{HOUR_S}"})
    await scene.started("two", environ={wrong_clock.OFF_BY: f"{-HOUR_S}"})
    await scene.hooked()
    _slow_way(scene)
    load = asyncio.create_task(scene.traffic.load(30, every_s=EVERY_S, asks=ASKS))
    await asyncio.sleep(FILLED_AFTER_S)
    for connection in scene.connections:
        await scene.traffic.dial_wrongly(connection)
    await one.kill()
    await scene.started("three", environ={wrong_clock.OFF_BY: "0"})
    await load


async def repeats(scene: Scene) -> None:
    """Send each command three times at once, on three partitions, and again later, even as another command."""
    await scene.started("one", "two")
    traffic = scene.traffic
    everywhere = range(COMMAND_PARTITIONS)
    dials = [(connection, traffic.number()) for connection in scene.connections for _ in range(3)]
    await asyncio.gather(
        *(traffic.dial(connection, number=number, partitions=everywhere) for connection, number in dials),
        *(traffic.ask(connection, partitions=everywhere) for connection in scene.connections),
    )
    for _, number in dials:
        await traffic.answered(number)
    for connection, number in dials:
        # What is sent under an identity that is known is dropped, whatever it asks for.
        await traffic.send(connection, number, DIAL, traffic.dial_data(connection, number))
        await traffic.send(connection, number, DIAL, traffic.dial_data(connection, traffic.number()))
        await traffic.send(connection, number, GET_CONTACT, {"id": 1})


async def observed(scene: Scene) -> None:
    """Have the vendor carry dials out and reset the connection: `bridge run --role all` learns it from events."""
    await scene.hooked(role="all")
    scene.simulator.faults.set("reset_after", Fault(on=frozenset({"Dial"})))
    for connection in scene.connections:
        for _ in range(3):
            await scene.traffic.dial(connection)


def _slow_way(scene: Scene) -> None:
    late = Fault(on=frozenset({"Dial", "GetContactsByID"}), seconds=ARRIVES_LATE_S, probability=0.5)
    scene.simulator.faults.set("request_late", late)
