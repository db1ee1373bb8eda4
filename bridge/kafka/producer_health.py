"""Whether Kafka is there, judged from one look at a time, and what to say about it once. Pure."""

from dataclasses import dataclass, field, replace
from enum import StrEnum


class PublisherState(StrEnum):
    """Where the publisher stands. Only `READY` has good prospects; `STOPPED` is final."""

    STARTING = "starting"
    """Not connected yet, or one of the topics has never been there."""
    READY = "ready"
    AWAY = "away"
    """No broker answers, or none acknowledges."""
    STOPPED = "stopped"


@dataclass(frozen=True)
class Health:
    """What is known so far; `away_since` is on the clock of the looks, `missing` are topics that were reported."""

    state: PublisherState = PublisherState.STARTING
    complete: bool = False
    away_since: float | None = None
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Look:
    """One look at the cluster at `now`: `cause` says why nothing can be made durable, None that it can."""

    now: float
    cause: str | None = None
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Notice:
    """Something worth one log line; `trouble` begins or goes on with it, or it ends."""

    event: str
    trouble: bool
    fields: dict[str, object] = field(default_factory=dict)


def judge(health: Health, look: Look) -> tuple[Health, tuple[Notice, ...]]:
    """Give the new health, and a notice for each edge between the old one and it."""
    if look.cause is not None:
        if health.away_since is not None:
            return health, ()
        state = PublisherState.AWAY if health.complete else PublisherState.STARTING
        away = replace(health, state=state, away_since=look.now)
        return away, (Notice("Kafka is away", trouble=True, fields={"cause": look.cause}),)
    notices: list[Notice] = []
    if health.away_since is not None:
        seconds = round(look.now - health.away_since, 1)
        notices.append(Notice("Kafka is back", trouble=False, fields={"away_seconds": seconds}))
    if look.missing - health.missing:
        notices.append(Notice("topics are missing", trouble=True, fields={"topics": sorted(look.missing)}))
    elif health.missing and not look.missing:
        notices.append(Notice("all topics are there", trouble=False))
    # A topic that goes missing later is that topic's trouble alone: the others can still be published to.
    complete = health.complete or not look.missing
    state = PublisherState.READY if complete else PublisherState.STARTING
    return Health(state=state, complete=complete, missing=look.missing), tuple(notices)
