"""Two workers, one shard and every order of their steps, crashes included: a frozen world, and what may happen next.

What a worker does is not modelled: its take-over, its dials and its resolutions are the bridge's own coroutines, its
memory is the bridge's own `OwnedCommands`. Modelled is what surrounds them: brokers, group, router and vendor.

- A worker that lost its partition does not know it (`learn` may come at any time, or never). It goes on, sends what it
  has a stored intent for, and tries to store the outcome: a zombie.
- A crash forgets all that the worker knows. The last record of its router may not have been committed, and comes again.
- The brokers may carry a commit out whose asker is gone; an asker may hear nothing of one that was carried out.
- An owner reads the shard's work from the committed offset, or from its beginning: nothing may rest on that offset.
- Between an answer and the write that follows it lies no step: what others do in between refuses the commit as well.

Worlds that differ in nothing that decides anything are one world. Of generations and epochs only the latest one counts
(`current`, `LATEST`), and of the journal what is stored of commands; who has sent what is kept as long as it matters.
"""

from dataclasses import dataclass
from typing import NamedTuple

from bridge.calls.conclusions import NoSlot
from bridge.calls.dial_states import KnownCommand
from bridge.calls.orders import DIAL_TYPE, Order, Reference
from bridge.calls.owned_commands import OwnedCommands
from bridge.calls.progress import Progress
from bridge.pbx.requests import Dial
from bridge.pbx.responses import Done, Exchange, Lost, LostReason, NotSent, NotSentReason, Refused
from tests.calls.crash_model_replay import NOW_MS, Answer, Script
from tests.calls.journal_model import Ledger

SHARD = 0
OLD, LATEST = 0, 1
# The two epochs that there are: all that are fenced, and the shard's.

HELD_BACK = Exchange(NotSent(NotSentReason.CONNECT, ""), 0.0, 1.0)
DONE = Exchange(Done(), 0.0, 1.0, 0.5, 0.9, 200)
REFUSED = Exchange(Refused(400, "bad_request", None), 0.0, 1.0, 0.5, 0.9, 400)
UNANSWERED = Exchange(Lost(LostReason.TIMEOUT, ""), 0.0, 15.0, 0.5)


def dial(id_: str, accepted_ms: int = NOW_MS - 100) -> Order:
    """Give a dial; one of the same id is the same command, found on another partition."""
    return Order(Reference("acme", "crm", id_, DIAL_TYPE, accepted_ms), Dial(224, "37060000000"), 30.0)


class Faults(NamedTuple):
    """How much may still go wrong."""

    crashes: int = 0
    rebalances: int = 0
    commits_unknown: int = 0


@dataclass(frozen=True)
class Scenario:
    """What happens, and what may. `commands` are the records in the command topic.

    `work` are those, by index, that the router has produced already. An owner may read a record as late as it likes, so
    that is no restriction; with () the router's own steps are part of the search. `answers` are the vendor's, to a
    request that left. `kill_at`: the crashes have to be at these points alone.
    """

    commands: tuple[Order, ...]
    faults: Faults
    work: tuple[int, ...] = ()
    no_slot: tuple[NoSlot, ...] = (NoSlot.EXPIRED,)
    answers: tuple[Exchange, ...] = (DONE, REFUSED, UNANSWERED)
    held_back: bool = True
    kill_at: frozenset[str] | None = None


class Task(NamedTuple):
    """A coroutine under way. Of an append `phase` 1 is written, 2 committed; of a call 1 is: bytes have left.

    `offset` is that of the record in the shard's work that it carries out.
    """

    script: Script
    answers: tuple[Answer, ...] = ()
    phase: int = 0
    offset: int = -1


class Opening(NamedTuple):
    """Takes the shard over: the group has just confirmed that it is its own, step 0."""

    task: Task
    current: bool = True
    epoch: int = OLD


class Owning(NamedTuple):
    """Believes that the shard is its own.

    `known`, `committable` and `open` are what `OwnedCommands` consists of. `intended` is a judge's note: the dials
    under way whose intent was committed in this epoch.
    """

    current: bool
    epoch: int
    known: tuple[tuple[str, KnownCommand], ...]
    committable: int
    open: tuple[tuple[int, bool], ...]
    position: int
    tasks: tuple[Task, ...] = ()
    intended: tuple[str, ...] = ()

    @property
    def commands(self) -> OwnedCommands:
        return OwnedCommands(dict(self.known), Progress(self.committable, dict(self.open)))

    def with_commands(self, commands: OwnedCommands) -> "Owning":
        progress = commands.progress
        return self._replace(
            known=tuple(sorted(commands.known.items())),
            committable=progress.committable,
            open=tuple(progress.open.items()),
        )


Life = Opening | Owning | None
"""Where a worker stands; None: it has nothing to do with the shard."""


class World(NamedTuple):
    """Everything.

    The first of the workers is the one to which the group has given the shard, if it is `assigned` to anybody: which of
    two equal workers that is decides nothing.

    `work` holds the shard's work as indices of the scenario's commands, `routed` is how many of those the router has
    produced, `posts` whose dials the vendor has seen, by identity, and `unannounced` whether one of them was sent by an
    owner that had not stored its intent.
    """

    ledger: Ledger
    work: tuple[int, ...]
    routed: int
    committed: int
    assigned: bool
    lives: tuple[Life, Life]
    posts: tuple[str, ...]
    faults: Faults
    unannounced: bool = False


def beginning(scenario: Scenario) -> World:
    """Give the world before anything has happened; the group has just given the shard to the first worker."""
    routed = len(scenario.commands) if scenario.work else 0
    return World(Ledger(), scenario.work, routed, 0, True, (None, None), (), scenario.faults)
