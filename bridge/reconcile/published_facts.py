"""What the event topics say of one connection: ids by list, lost callers, and how many webhooks were lost. Pure.

It changes in place, and takes a record twice without harm: after an outage the topics are read again from a while back.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

import orjson

from bridge.events.catalogue import WEBHOOK_EVENTS, EventName
from bridge.events.envelope import Origin
from bridge.events.times import parse_moment

KNOWN_BY: dict[EventName, EventName] = {
    EventName.CALL_COMPLETED: EventName.CALL_COMPLETED,
    EventName.CALL_RECORDED: EventName.CALL_RECORDED,
    EventName.VOICEMAIL_CREATED: EventName.VOICEMAIL_CREATED,
    # A voicemail that has been deleted is not announced any more, though a list may still show it.
    EventName.VOICEMAIL_DELETED: EventName.VOICEMAIL_CREATED,
}
"""The events that tell of an item with an id, and the event that is not missing then."""

LOST_CALLER_EVENTS = frozenset(
    {EventName.LOST_CALLER_ADDED, EventName.LOST_CALLER_UPDATED, EventName.LOST_CALLER_REMOVED}
)
HOOK_EVENTS = frozenset(WEBHOOK_EVENTS.values()) - frozenset(KNOWN_BY) - LOST_CALLER_EVENTS
"""The other events that webhooks bring: no list tells of them, but their webhooks are seen to come."""
RATIO_OVER_MS = 3_600_000
_MINUTE_MS = 60_000
_REACHED_WITHIN_MS = 3_600_000
# The vendor also drops a lost caller without a word when the day is over. One who goes so soon after his last call was
# reached, most likely, and a webhook should have said so.

Pair = tuple[str, str]
"""A lost caller: his number, and the one that he called, as the vendor sends them."""


class Try(NamedTuple):
    """What is told of a lost caller: how often he has called in vain, and when last, in epoch seconds."""

    attempts: int | None
    last_contact_s: int | None


class Fact(NamedTuple):
    """A record of an event topic, as far as it matters: `time` is the event's, `hook` the one that it came by."""

    event: EventName
    subject: str
    origin: str
    appended_ms: int
    data: bytes
    time: str
    hook: str | None = None


@dataclass(slots=True)
class Told:
    """What was published of a lost caller. `listed_ms` and `removed_ms` are append times, 0 for never."""

    tries: set[Try] = field(default_factory=set)
    listed_ms: int = 0
    removed_ms: int = 0

    @property
    def listed(self) -> bool:
        """Whether consumers believe that he is on the list."""
        return self.listed_ms > self.removed_ms

    @property
    def last_contact_s(self) -> int:
        """The latest contact that was told; 0 where none was."""
        return max((told.last_contact_s or 0 for told in self.tries), default=0)


class Loss(NamedTuple):
    """An event that its webhook has not brought; when it happened, and when it was found, in epoch ms."""

    event: EventName
    happened_ms: int
    found_ms: int


class PublishedFacts:
    """One connection's. What it is not given within the bounds of `forget` it does not know."""

    def __init__(self) -> None:
        self._ids: dict[EventName, dict[int, int]] = {event: {} for event in set(KNOWN_BY.values())}
        self.lost_callers: dict[Pair, Told] = {}
        self._losses: list[Loss] = []
        self._brought: defaultdict[tuple[EventName, int], int] = defaultdict(int)

    def knows(self, event: EventName, id_: int) -> bool:
        """Tell whether an item's event was published; for the values of `KNOWN_BY`."""
        return id_ in self._ids[event]

    def take(self, fact: Fact) -> Loss | None:
        """Take a record into account; give the loss of a webhook that it tells of for the first time.

        One that is not as we write it says nothing.
        """
        if fact.event in LOST_CALLER_EVENTS:
            return self._take_lost_caller(fact)
        known = self._ids.get(KNOWN_BY.get(fact.event, fact.event))
        id_ = _id_of(fact.subject)
        if known is None or id_ is None or id_ in known:
            return None
        known[id_] = fact.appended_ms
        return self._count(fact, _happened_ms(fact)) if fact.event in self._ids else None

    def forget(self, before_ms: int, lost_before_ms: int) -> None:
        """Forget what was appended before; of lost callers, before another moment."""
        for event, known in self._ids.items():
            self._ids[event] = {id_: at_ms for id_, at_ms in known.items() if at_ms >= before_ms}
        self.lost_callers = {
            pair: told
            for pair, told in self.lost_callers.items()
            if max(told.listed_ms, told.removed_ms) >= lost_before_ms
        }
        self._losses = [loss for loss in self._losses if loss.found_ms >= lost_before_ms]
        for key in [key for key in self._brought if key[1] * _MINUTE_MS < before_ms]:
            del self._brought[key]

    def losses(self, event: EventName, since_ms: int) -> int:
        """Count the events that happened since a moment and were found missing."""
        return sum(loss.event is event and loss.happened_ms >= since_ms for loss in self._losses)

    def loss_ratio(self, event: EventName, now_ms: int) -> float | None:
        """Give which part of the last hour's events their webhooks have not brought; None: there were none."""
        begin_ms = now_ms - RATIO_OVER_MS
        lost = sum(loss.event is event and loss.found_ms >= begin_ms for loss in self._losses)
        brought = sum(
            count for (of, minute), count in self._brought.items() if of is event and minute * _MINUTE_MS >= begin_ms
        )
        return lost / (lost + brought) if lost or brought else None

    def _take_lost_caller(self, fact: Fact) -> Loss | None:
        pair = _pair_of(fact.subject)
        if pair is None:
            return None
        told = self.lost_callers.setdefault(pair, Told())
        if fact.event is EventName.LOST_CALLER_REMOVED:
            if fact.appended_ms <= told.removed_ms:
                return None
            told.removed_ms = fact.appended_ms
            reached = fact.appended_ms - told.last_contact_s * 1000 <= _REACHED_WITHIN_MS
            return self._count(fact, fact.appended_ms) if reached or fact.origin != Origin.RECONCILE else None
        this = _try_of(fact.data)
        told.listed_ms = max(told.listed_ms, fact.appended_ms)
        if this in told.tries:
            return None
        told.tries.add(this)
        return self._count(fact, _happened_ms(fact))

    def _count(self, fact: Fact, happened_ms: int) -> Loss | None:
        if fact.origin != Origin.RECONCILE:
            self._brought[fact.event, fact.appended_ms // _MINUTE_MS] += 1
            return None
        loss = Loss(fact.event, happened_ms, fact.appended_ms)
        self._losses.append(loss)
        return loss


def _happened_ms(fact: Fact) -> int:
    text = fact.time
    if fact.event is EventName.CALL_RECORDED and fact.origin == Origin.RECONCILE:
        # Its `time` is when it was received, which says nothing of when the webhook should have come.
        ended = _json_object(fact.data).get("call_ended")
        text = ended if isinstance(ended, str) else text
    moment = parse_moment(text)
    return fact.appended_ms if moment is None else moment.epoch_s * 1000


def _id_of(subject: str) -> int | None:
    digits = subject.rpartition("/")[2]
    return int(digits) if digits.isascii() and digits.isdigit() else None


def _pair_of(subject: str) -> Pair | None:
    match subject.split("/"):
        case [_, caller, destination]:
            return unquote(caller), unquote(destination)
        case _:
            return None


def _try_of(data: bytes) -> Try:
    sent = _json_object(data)
    attempts, last_contact = sent.get("attempts"), sent.get("last_contact")
    moment = parse_moment(last_contact) if isinstance(last_contact, str) else None
    return Try(attempts if isinstance(attempts, int) else None, None if moment is None else moment.epoch_s)


def _json_object(data: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
