"""Which registrations there should be, which are known, and the next step from one to the other. Pure.

The vendor has no list of webhooks, so all that is known is what the journal remembers and which keys events came by. A
registration that may exist counts until a person says that it does not: of our own there are never more than `MOST`.
An event that has a registration keeps one through every step: a new one first, then the old one away, and only then
the next event.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple

from bridge.calls.journal_values import Hook
from bridge.pbx.hook_keys import HookName

MOST: Final = 20
# The vendor's published limit for an account; registrations by others count there, and are answered 403 in the end.
SILENT_AFTER: Final = 3
# Events that a registration should have brought. One or two are lost on the way now and then.
MOST_UNKNOWN: Final = 1
# Of an event, when another registration begins. One that got lost again and again would use up the limit.


class Standing(StrEnum):
    """What a known registration is good for."""

    ACTIVE = "active"
    """It brings events to the wanted URL."""
    OUTDATED = "outdated"
    """It exists, with a URL of another secret or origin."""
    SILENT = "silent"
    """It should have brought events, and brought none."""
    UNKNOWN = "unknown"
    """Nobody knows whether it exists: the answer to its registration was lost."""
    UNWANTED = "unwanted"
    """It exists, and its event is not configured any more."""


@dataclass(frozen=True, slots=True)
class KnownHook:
    """A registration as the journal has it, and what is known of it since: `missed` events it should have brought."""

    hook: Hook
    delivered: bool = False
    missed: int = 0

    @property
    def exists(self) -> bool:
        """Whether it is certain that the vendor has it, or had."""
        return self.hook.state == "active" or self.delivered


KnownHooks = Mapping[HookName, KnownHook]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What there should be: the vendor's names of `events`, and the digest of the URL that a registration must have.

    Without `rotate` no registration that exists is replaced for its URL's sake.
    """

    events: tuple[str, ...]
    address: Callable[[HookName], str]
    rotate: bool = True


class Register(NamedTuple):
    """Register a new generation."""

    name: HookName


class Remove(NamedTuple):
    """Remove a registration that is not needed (any more)."""

    name: HookName
    webhook_id: int


Step = Register | Remove


class Obstacle(StrEnum):
    """Why an event has no registration to the wanted URL, and gets none by itself."""

    UNKNOWN = "unknown"
    """One may exist; it is given the time to bring an event."""
    TOO_MANY_UNKNOWN = "too_many_unknown"
    LIMIT = "limit"
    """`MOST` of our own may exist."""
    SETTLING = "settling"
    """The wanted URL is new: not all that take webhooks may know its secret yet."""


def standing(name: HookName, known: KnownHook, wanted: Wanted) -> Standing:
    """Judge a registration."""
    if not known.exists:
        return Standing.SILENT if known.missed >= SILENT_AFTER else Standing.UNKNOWN
    if name.event not in wanted.events:
        return Standing.UNWANTED
    if known.hook.address != wanted.address(name):
        return Standing.OUTDATED
    return Standing.SILENT if known.missed >= SILENT_AFTER else Standing.ACTIVE


def next_step(known: KnownHooks, wanted: Wanted) -> Step | None:
    """Give what is to be done next; None when there is nothing, or nothing that may be done."""
    removal = next(_removals(known, wanted), None)
    if removal is not None:
        return removal
    if len(known) >= MOST:
        return None
    lacking = [event for event, obstacle in _lacking(known, wanted) if obstacle is None]
    # An event that nothing brings goes before one that has only to change its URL.
    lacking.sort(key=lambda event: _is_brought(event, known))
    return Register(next_name(lacking[0], known)) if lacking else None


class Course(NamedTuple):
    """All steps in order, if the vendor does what it is asked for, and the registrations that are known at the end."""

    steps: tuple[Step, ...]
    end: KnownHooks


def course(known: KnownHooks, wanted: Wanted) -> Course:
    """Give what will be done."""
    steps, hooks = list[Step](), dict(known)
    while (step := next_step(hooks, wanted)) is not None:
        steps.append(step)
        match step:
            case Register(name):
                hooks[name] = KnownHook(Hook("active", wanted.address(name), 0))
            case Remove(name):
                del hooks[name]
    return Course(tuple(steps), hooks)


def obstacles(known: KnownHooks, wanted: Wanted) -> Mapping[str, Obstacle]:
    """Give the events that get no registration to the wanted URL by themselves, with the reason."""
    end = course(known, wanted).end
    return {event: obstacle or Obstacle.LIMIT for event, obstacle in _lacking(end, wanted)}


def next_name(event: str, known: KnownHooks) -> HookName:
    """Give the name of an event's next registration: generations count from 1, 0 is a person's."""
    return HookName(event, max((name.generation for name in known if name.event == event), default=0) + 1)


def missing(known: KnownHooks, wanted: Wanted) -> tuple[str, ...]:
    """Give the wanted events that no registration brings, as far as anybody knows."""
    return tuple(event for event in wanted.events if not _is_brought(event, known))


def _removals(known: KnownHooks, wanted: Wanted) -> Iterator[Remove]:
    """Give what can go: it is not wanted, or another one of its event brings the events."""
    for event, names in groupby(sorted(known), lambda name: name.event):
        newest_first = sorted(names, reverse=True)
        active = [name for name in newest_first if standing(name, known[name], wanted) is Standing.ACTIVE]
        for name in newest_first:
            webhook_id = known[name].hook.id
            superfluous = event not in wanted.events or (active and name != active[0])
            if superfluous and webhook_id is not None:
                yield Remove(name, webhook_id)


def _lacking(known: KnownHooks, wanted: Wanted) -> Iterator[tuple[str, Obstacle | None]]:
    """Give the wanted events without a registration to the wanted URL; None: another one may begin."""
    for event in wanted.events:
        hooks = {name: hook for name, hook in known.items() if name.event == event}
        standings = {name: standing(name, hook, wanted) for name, hook in hooks.items()}
        if Standing.ACTIVE in standings.values():
            continue
        may_come = any(
            found is Standing.UNKNOWN and hooks[name].hook.address == wanted.address(name)
            for name, found in standings.items()
        )
        unknown = sum(not hook.exists for hook in hooks.values())
        if may_come:
            yield event, Obstacle.UNKNOWN
        elif unknown > MOST_UNKNOWN:
            yield event, Obstacle.TOO_MANY_UNKNOWN
        elif Standing.OUTDATED in standings.values() and not wanted.rotate:
            yield event, Obstacle.SETTLING
        else:
            yield event, None


def _is_brought(event: str, known: KnownHooks) -> bool:
    return any(name.event == event and hook.exists and hook.missed < SILENT_AFTER for name, hook in known.items())


def unknown_after_a_crash(hook: Hook) -> Hook:
    """Give what an intent is for whoever finds it: its request may have left, and nobody heard an answer."""
    return replace(hook, state="unknown") if hook.state == "intent" else hook
