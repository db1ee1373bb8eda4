"""What a worker may do next: the bridge's own coroutines, one answer further, and its own memory of commands."""

from collections.abc import Iterator

from bridge.calls.dial_states import KnownCommand, Resolution
from bridge.calls.dialing import TakenOver
from bridge.calls.journal_values import Verdict
from bridge.calls.means import Slot
from bridge.calls.quota import Reservation
from tests.calls.crash_model import HELD_BACK, LATEST, SHARD, Life, Opening, Owning, Scenario, Task, World
from tests.calls.crash_model_brokers import append_steps, appends, live, opened, told, written
from tests.calls.crash_model_replay import (
    AppendAsked,
    CallAsked,
    Dialling,
    OpenAsked,
    Opened,
    Resolving,
    Returned,
    SlotAsked,
    TakingOver,
    next_step,
)

Step = tuple[str, World]

SLOT = Slot(Reservation(0, dial=True, at=0.0), 3.0)


def kill_point(world: World, scenario: Scenario, worker: int) -> str:
    """Name the place where a worker stands, as the architecture's table of kills does."""
    life = world.lives[worker]
    if isinstance(life, Opening):
        return "k9"
    if isinstance(life, Owning):
        for task in life.tasks:
            if isinstance(task.script, Dialling):
                return _kill_point_of_dial(task)
        if life.tasks:
            return "resolving"
        if life.commands.progress.committable > world.committed:
            return "k8"
    return "k0" if world.routed < len(scenario.commands) else "idle"


def _kill_point_of_dial(task: Task) -> str:
    asked = next_step(task.script, task.answers)
    if isinstance(asked, SlotAsked):
        return "k2"
    if isinstance(asked, CallAsked):
        return ("k5", "k6")[task.phase]
    if task.phase == 2:
        return "k4" if len(task.answers) == 1 and task.answers[0] == SLOT else "k8"
    if task.answers[0] == SLOT:
        return "k3" if len(task.answers) == 1 else "k7"
    return "k2"


def worker_steps(world: World, scenario: Scenario, worker: int) -> Iterator[Step]:
    """Give what a worker may do next."""
    life = world.lives[worker]
    if life is None:
        if world.assigned and worker == 0:
            yield f"{{{worker}}} asks the group: ours", live(world, worker, _asked(current=True))
        return
    if not life.current:
        yield f"{{{worker}}} learns that the group has moved on", live(world, worker, None)
    if isinstance(life, Opening):
        yield from _opening_steps(world, worker, life)
    else:
        yield from _owning_steps(world, scenario, worker, life)


def _opening_steps(world: World, worker: int, life: Opening) -> Iterator[Step]:
    task = life.task
    match next_step(task.script, task.answers):
        case OpenAsked():
            if task.phase == 0:
                opening = life._replace(task=task._replace(phase=1), epoch=LATEST)
                yield f"{{{worker}}} opens the shard", live(opened(world), worker, opening)
            else:
                stored = world.ledger.shards[SHARD].stored
                read = life._replace(task=told(task, Opened(life.epoch, stored)))
                yield f"{{{worker}}} reads the journal", _settle(world, worker, read)
        case AppendAsked() as asked:
            for name, after, next_task in append_steps(world, life.epoch, task, asked):
                yield f"{{{worker}}} takes over: {name}", _settle(after, worker, life._replace(task=next_task))
        case Returned(TakenOver() as taken):
            known: tuple[tuple[str, KnownCommand], ...] = tuple(sorted(taken.commands.items()))
            for offset in sorted({0, world.committed}):
                owning = Owning(life.current, life.epoch, known, offset, (), offset)
                yield f"{{{worker}}} reads the work from {offset} on", live(world, worker, owning)
        case _:
            raise AssertionError("a take-over asks for nothing else")


def _owning_steps(world: World, scenario: Scenario, worker: int, life: Owning) -> Iterator[Step]:
    if life.epoch == LATEST or life.current:
        yield from _memory_steps(world, scenario, worker, life)
    for number, task in enumerate(life.tasks):
        for name, after, next_task in _task_steps(world, scenario, life, task):
            owning = after.lives[worker]
            assert isinstance(owning, Owning)
            tasks = (*life.tasks[:number], next_task, *life.tasks[number + 1 :])
            yield f"{{{worker}}} {name}", _settle(after, worker, owning._replace(tasks=tasks))


def _memory_steps(world: World, scenario: Scenario, worker: int, life: Owning) -> Iterator[Step]:
    if life.position < len(world.work):
        index = world.work[life.position]
        order = scenario.commands[index]
        commands = life.commands
        tasks = life.tasks
        if new := commands.receive(life.position, order):
            tasks = (*tasks, Task(Dialling(order), offset=life.position))
        received = life.with_commands(commands)._replace(position=life.position + 1, tasks=tasks)
        name = f"{{{worker}}} receives command {index} at {life.position}: {'queued' if new else 'dropped'}"
        yield name, _settle(world, worker, received)
    # A commit of a generation that is over is refused, and changes nothing.
    if life.committable > world.committed and life.current:
        yield f"{{{worker}}} commits the offset {life.committable}", world._replace(committed=life.committable)
    for identity, doubt in life.commands.doubts.items():
        if not any(isinstance(task.script, Resolving) and task.script.identity == identity for task in life.tasks):
            called = identity in world.posts
            resolution = Resolution("call_observed", 5) if called else Resolution("not_observed")
            task = Task(Resolving(identity, doubt, resolution))
            name = f"{{{worker}}} resolves a doubt: {resolution.outcome}"
            yield name, _settle(world, worker, life._replace(tasks=(*life.tasks, task)))


def _task_steps(world: World, scenario: Scenario, life: Owning, task: Task) -> Iterator[tuple[str, World, Task]]:
    match next_step(task.script, task.answers):
        case SlotAsked():
            yield "gets a slot", world, told(task, SLOT)
            for no_slot in scenario.no_slot:
                yield f"gets no slot: {no_slot}", world, told(task, no_slot)
        case CallAsked():
            assert isinstance(task.script, Dialling)
            if task.phase == 0:
                identity = task.script.order.identity
                sent = world._replace(
                    posts=tuple(sorted((*world.posts, identity))),
                    unannounced=world.unannounced or identity not in life.intended,
                )
                yield "sends the first byte", sent, task._replace(phase=1)
                if scenario.held_back:
                    yield "cannot connect", world, told(task, HELD_BACK)
            else:
                for answer in scenario.answers:
                    yield f"gets the answer {type(answer.outcome).__name__}", world, told(task, answer)
        case AppendAsked() as asked if task.phase:
            yield from append_steps(world, life.epoch, task, asked)
        case _:
            # It waits behind another append of its owner.
            pass


def _settle(world: World, worker: int, life: Opening | Owning) -> World:
    """Let a worker go on up to its next question to the world: write what it wants stored, take what has ended."""
    if isinstance(life, Opening):
        task, ledger = written(life.task, life.epoch, world.ledger)
        lost = next_step(task.script, task.answers) == Returned(None)
        settled: Life = _asked(current=life.current) if lost else life._replace(task=task)
        return live(world._replace(ledger=ledger), worker, settled)
    ledger, commands, tasks = world.ledger, life.commands, list[Task]()
    # One transaction of a shard at a time: the others wait.
    writing = any(task.phase for task in life.tasks if appends(task))
    for waiting in life.tasks:
        task = waiting
        if not writing and appends(task):
            task, ledger = written(task, life.epoch, ledger)
            writing = True
        match next_step(task.script, task.answers), task.script:
            case Returned(Verdict() as verdict), Dialling(order):
                commands.conclude(task.offset, order.identity, verdict)
            case Returned(Verdict() as verdict), Resolving(identity):
                commands.resolve(identity, verdict)
            case Returned(), _:
                # All memory of the shard is dropped; what is under way for it ends.
                return live(world._replace(ledger=ledger), worker, _asked(current=life.current))
            case _:
                tasks.append(task)
    under_way = {task.script.order.identity for task in tasks if isinstance(task.script, Dialling)}
    settled = life.with_commands(commands)._replace(
        tasks=tuple(tasks), intended=tuple(identity for identity in life.intended if identity in under_way)
    )
    return live(world._replace(ledger=ledger), worker, settled)


def _asked(*, current: bool) -> Life:
    """Begin anew at step 0: who is not current any more is told so by the group."""
    return Opening(Task(TakingOver())) if current else None
