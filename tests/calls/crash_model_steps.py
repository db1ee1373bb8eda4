"""What may happen next in a world: each step with its name, and the world after it."""

from collections.abc import Iterator

from tests.calls.crash_model import SHARD, Opening, Owning, Scenario, World
from tests.calls.crash_model_brokers import commits, committed, expelled, live
from tests.calls.crash_model_workers import Step, kill_point, worker_steps

GIVES = "the group gives the shard to "
GIVES_OTHER = GIVES + "{1}"
# From then on that one is the first worker.


def steps(world: World, scenario: Scenario) -> Iterator[Step]:
    """Give every next world, with the name of the step; in it `{0}` and `{1}` stand for the workers' names."""
    yield from _router_steps(world, scenario)
    yield from _group_steps(world)
    yield from _broker_steps(world, scenario)
    for worker in (0, 1):
        yield from _crashes(world, scenario, worker)
        yield from worker_steps(world, scenario, worker)


def _router_steps(world: World, scenario: Scenario) -> Iterator[Step]:
    if world.routed < len(scenario.commands):
        routed = world._replace(work=(*world.work, world.routed), routed=world.routed + 1)
        yield f"the router produces command {world.routed}", routed


def _group_steps(world: World) -> Iterator[Step]:
    if not world.assigned:
        faults = world.faults
    elif world.faults.rebalances:
        faults = world.faults._replace(rebalances=world.faults.rebalances - 1)
    else:
        return
    first, second = (expelled(life) for life in world.lives)
    yield GIVES + "{0}", world._replace(assigned=True, lives=(first, second), faults=faults)
    yield GIVES_OTHER, world._replace(assigned=True, lives=(second, first), faults=faults)


def _broker_steps(world: World, scenario: Scenario) -> Iterator[Step]:
    at = world.ledger.shards[SHARD]
    if at.transaction is None or not scenario.faults.commits_unknown:
        return
    for life in world.lives:
        tasks = life.tasks if isinstance(life, Owning) else (life.task,) if isinstance(life, Opening) else ()
        if isinstance(life, Owning | Opening) and life.epoch == at.epoch and any(map(commits, tasks)):
            return
    yield "the brokers commit, and nobody waits for it", committed(world, at.epoch)


def _crashes(world: World, scenario: Scenario, worker: int) -> Iterator[Step]:
    if not world.faults.crashes:
        return
    crashed = live(world, worker, None)._replace(
        assigned=world.assigned and worker != 0,
        faults=world.faults._replace(crashes=world.faults.crashes - 1),
    )
    point = kill_point(world, scenario, worker)
    if point != "idle" and (scenario.kill_at is None or point in scenario.kill_at):
        yield f"{{{worker}}} dies at {point}", crashed
    # The table's k1 is a kill of the router alone.
    at_k1 = scenario.kill_at is None or ("k1" in scenario.kill_at and world.lives[worker] is None)
    if world.routed and not scenario.work and at_k1:
        yield f"{{{worker}}} dies at k1, and its router", crashed._replace(routed=world.routed - 1)
