"""What is known of a connection's webhooks, as people and programs are told it. Pure."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict

from bridge.calls.journal_format import Kept
from bridge.calls.journal_values import Hook
from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.events.times import receipt_text
from bridge.pbx.hook_keys import HookName
from bridge.registration.plan import (
    MOST,
    KnownHooks,
    Obstacle,
    Register,
    Standing,
    Step,
    Wanted,
    course,
    missing,
    obstacles,
    standing,
)
from bridge.registration.refusals import Trouble

_OBSTACLES: Final[Mapping[Obstacle, str]] = MappingProxyType(
    {
        Obstacle.UNKNOWN: (
            "a registration may exist: it is given the time to bring an event. If the vendor's panel shows it, "
            "bridge hooks adopt ID {hook} says so; if it does not, bridge hooks remove {hook}"
        ),
        Obstacle.TOO_MANY_UNKNOWN: (
            "several registrations may exist, so no other one is begun: look which of them the vendor's panel shows, "
            "and tell with bridge hooks adopt ID {hook}, or bridge hooks remove {hook}"
        ),
        Obstacle.LIMIT: (
            f"{MOST} registrations of ours may exist, and the vendor allows no more: tell which of the unknown ones "
            "exist, with bridge hooks adopt or bridge hooks remove"
        ),
        Obstacle.SETTLING: (
            "the URL is another one since less than two minutes: registrations follow when all that take webhooks "
            "know it; bridge hooks apply does it at once"
        ),
    }
)

_PLACES: Final = MappingProxyType({event: place for place, event in enumerate(WEBHOOK_EVENTS)})


class _Told(BaseModel):
    """What is sent from a worker to the command line; a newer worker may tell more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class HookLine(_Told):
    """One registration; times are RFC 3339 in UTC."""

    hook: str
    standing: Standing
    id: int | None
    since: str
    last_delivery: str | None


class StepLine(_Told):
    """A step: `register` or `remove`."""

    do: str
    hook: str
    id: int | None = None


class ObstacleLine(_Told):
    """An event that gets no registration by itself, and what a person can do about it."""

    event: str
    obstacle: Obstacle
    sentence: str


class HookState(_Told):
    """All of a connection. `idle` says why the worker does nothing by itself, `trouble` why it could not."""

    hooks: tuple[HookLine, ...]
    missing: tuple[str, ...]
    steps: tuple[StepLine, ...]
    obstacles: tuple[ObstacleLine, ...]
    idle: str | None = None
    trouble: str | None = None
    stopped: bool = False


def step_line(step: Step) -> StepLine:
    """Describe a step."""
    if isinstance(step, Register):
        return StepLine(do="register", hook=step.name.text)
    return StepLine(do="remove", hook=step.name.text, id=step.webhook_id)


def hook_state(
    kept: Mapping[HookName, Kept[Hook]],
    known: KnownHooks,
    wanted: Wanted,
    last_delivery_ms: Mapping[HookName, int],
    *,
    idle: str | None,
    trouble: Trouble | None,
) -> HookState:
    """Describe a connection. `kept` and `known` are the same hooks, with their times and with what was seen since."""
    return HookState(
        hooks=tuple(
            HookLine(
                hook=name.text,
                standing=standing(name, known[name], wanted),
                id=kept[name].value.id,
                since=receipt_text(kept[name].appended_ms),
                last_delivery=receipt_text(last_delivery_ms[name]) if name in last_delivery_ms else None,
            )
            for name in sorted(kept, key=lambda name: (_PLACES[name.event], name.generation))
        ),
        missing=() if idle else missing(known, wanted),
        steps=() if idle else tuple(step_line(step) for step in course(known, wanted).steps),
        obstacles=() if idle else tuple(_obstacle_lines(known, wanted)),
        idle=idle,
        trouble=None if trouble is None else trouble.sentence,
        stopped=trouble is not None and trouble.final,
    )


def _obstacle_lines(known: KnownHooks, wanted: Wanted) -> Iterator[ObstacleLine]:
    for event, obstacle in obstacles(known, wanted).items():
        doubtful = [name.text for name, hook in known.items() if name.event == event and not hook.exists]
        sentence = _OBSTACLES[obstacle].format(hook=doubtful[-1] if doubtful else event)
        yield ObstacleLine(event=event, obstacle=obstacle, sentence=sentence)
