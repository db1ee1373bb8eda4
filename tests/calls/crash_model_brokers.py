"""What the brokers and the group do to a world: transactions that are written, committed or refused, and fencing."""

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter

from bridge.calls.journal import JournalRecord
from tests.calls.crash_model import LATEST, OLD, SHARD, Life, Owning, Task, World
from tests.calls.crash_model_replay import NOW_MS, Answer, AppendAsked, LostAnswer, next_step
from tests.calls.journal_model import Ledger, Refused

COMMAND = b"command/"
FENCED = LostAnswer("fenced")
UNKNOWN = LostAnswer("unknown")


def append_steps(world: World, epoch: int, task: Task, asked: AppendAsked) -> Iterator[tuple[str, World, Task]]:
    """Give what may come of an append that is written: the world and the task after it."""
    faults = world.faults
    less = world._replace(faults=faults._replace(commits_unknown=faults.commits_unknown - 1))
    if task.phase == 1:
        try:
            yield f"commits {_named(asked)}", committed(world, epoch), task._replace(phase=2)
        except Refused:
            yield f"is fenced, committing {_named(asked)}", world, told(task, FENCED)
        if faults.commits_unknown:
            yield f"gives up waiting for the commit of {_named(asked)}", less, told(task, UNKNOWN)
    else:
        yield f"hears that {_named(asked)} is stored", world, told(task, NOW_MS)
        if faults.commits_unknown:
            yield f"never hears that {_named(asked)} is stored", less, told(task, UNKNOWN)


def written(task: Task, epoch: int, ledger: Ledger) -> tuple[Task, Ledger]:
    """Begin the transaction that a task asks for, if it asks for one; fenced, it may only ask for another."""
    asked = next_step(task.script, task.answers)
    if not isinstance(asked, AppendAsked) or task.phase:
        return task, ledger
    try:
        return task._replace(phase=1), ledger.write(
            SHARD, epoch, NOW_MS, _of_commands(asked.records), asked.publications
        )
    except Refused:
        return written(told(task, FENCED), epoch, ledger)


def committed(world: World, epoch: int) -> World:
    """Make the open transaction visible, and note whose intents it stores. Refused, as of the ledger."""
    transaction = world.ledger.shards[SHARD].transaction
    ledger = world.ledger.commit(SHARD, epoch)
    assert transaction is not None
    intended = tuple(
        record.key.removeprefix(COMMAND).decode()
        for record, _ in transaction.records
        if record.value is not None and b'"is":"intent"' in record.value
    )
    first, second = (
        life._replace(intended=(*life.intended, *intended))
        if isinstance(life, Owning) and life.epoch == epoch
        else life
        for life in world.lives
    )
    at = ledger.shards[SHARD]
    ledger = Ledger(
        (replace(at, stored=tuple(sorted(at.stored))),), tuple(sorted(ledger.published, key=attrgetter("key")))
    )
    return world._replace(ledger=ledger, lives=(first, second))


def opened(world: World) -> World:
    """Fence whoever has opened the shard before."""
    ledger, _ = world.ledger.open(SHARD)
    first, second = (_fenced(life) for life in world.lives)
    latest = replace(ledger, shards=(replace(ledger.shards[SHARD], epoch=LATEST),))
    return world._replace(ledger=latest, lives=(first, second))


def _of_commands(records: tuple[JournalRecord, ...]) -> tuple[JournalRecord, ...]:
    return tuple(record for record in records if record.key.startswith(COMMAND))


def appends(task: Task) -> bool:
    return isinstance(next_step(task.script, task.answers), AppendAsked)


def commits(task: Task) -> bool:
    return task.phase == 1 and appends(task)


def told(task: Task, answer: Answer) -> Task:
    """Answer what a task has asked."""
    return task._replace(answers=(*task.answers, answer), phase=0)


def _named(asked: AppendAsked) -> str:
    published = [record.value.decode() for record in asked.publications]
    return ", ".join([record.key.decode().split("/")[0] for record in asked.records] + published)


def live(world: World, worker: int, life: Life) -> World:
    """Put a worker where it stands now."""
    kept = _doomed(life)
    lives = (kept, world.lives[1]) if worker == 0 else (world.lives[0], kept)
    return world._replace(lives=lives)


def expelled(life: Life) -> Life:
    """Give a worker as it is after the group has moved on, without its knowing."""
    return None if life is None else _doomed(life._replace(current=False))


def _fenced(life: Life) -> Life:
    return None if life is None else _doomed(life._replace(epoch=OLD))


def _doomed(life: Life) -> Life:
    """Keep of an owner that is expelled and fenced what it has under way: nothing comes of what else it may do."""
    if not isinstance(life, Owning) or life.current or life.epoch == LATEST:
        return life
    return life._replace(known=(), committable=0, open=(), position=0) if life.tasks else None
