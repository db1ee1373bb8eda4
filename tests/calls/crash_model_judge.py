"""What must hold in each world that can be reached, and where nothing more can happen."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.calls.crash_model import Scenario, World
from tests.calls.crash_model_replay import RESULTS

NEVER_SENT = frozenset({"expired", "overloaded", "not_sent"})
SENT_ONCE = frozenset({"ok", "rejected"})


class Ending(NamedTuple):
    """How a command can end: its POSTs, and what was published of it."""

    posts: int
    published: tuple[str, ...]


def wrong_in(world: World, scenario: Scenario) -> Iterator[str]:
    """Say which invariants a world breaks; each sentence begins with the invariant's name."""
    if world.unannounced:
        yield "S2 is broken: a dial was sent without a stored intent of the sender's epoch"
    for ending in endings(world, scenario):
        yield from _wrong_with(ending)
    finished = _published(world).keys()
    if not {scenario.commands[index].reference.id for index in world.work[: world.committed]} <= finished:
        yield f"O1 is broken: the offset {world.committed} passes a command without a result"


def wrong_at_the_end(world: World, scenario: Scenario) -> Iterator[str]:
    """Say what is missing where nothing more can happen: a worker has run to the end."""
    for ending in endings(world, scenario):
        if not ending.published or (ending.published[0] == "in_doubt") is (len(ending.published) == 1):
            yield f"S3 is broken: {', '.join(ending.published) or 'nothing'} at the end"
    if world.routed < len(scenario.commands) or world.committed < len(world.work):
        yield "O1 is broken: not all work is finished at the end"


def endings(world: World, scenario: Scenario) -> Iterator[Ending]:
    """Give how each command has ended so far, in the order of their ids."""
    published = _published(world)
    for id_, identity in sorted({(order.reference.id, order.identity) for order in scenario.commands}):
        yield Ending(world.posts.count(identity), tuple(published.get(id_, ())))


def _wrong_with(ending: Ending) -> Iterator[str]:
    terminal = [status for status in ending.published if not status.startswith("resolved")]
    if ending.posts > 1:
        yield "S1 is broken: a dial was sent twice"
    if len(terminal) > 1:
        yield f"S3 is broken: the results {', '.join(terminal)}"
    elif len(ending.published) > len(terminal) and ending.published[:-1] != ("in_doubt",):
        yield f"S3 is broken: {', '.join(ending.published)}"
    if (NEVER_SENT.intersection(terminal) and ending.posts) or (SENT_ONCE.intersection(terminal) and ending.posts != 1):
        yield f"S4 is broken: {terminal[0]} after {ending.posts} requests"


def _published(world: World) -> dict[str, list[str]]:
    by_id: dict[str, list[str]] = {}
    for publication in world.ledger.published:
        assert publication.topic == RESULTS
        by_id.setdefault(publication.key.decode(), []).append(publication.value.decode())
    return by_id
