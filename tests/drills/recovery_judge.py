"""What is right and what is wrong after the drill of the recovery: the vendor's books against the topics. Pure.

It knows what happened at the vendor, when it left the vendor's lists, which webhooks were answered 2xx, and what a
read_committed reader found in the topics. It shares no code with the bridge. `_s` are seconds of any one clock.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

SEEN_WITHIN_S: Final = 90.0
# What leaves its list sooner may never have been looked at: a poll or a comparison every few seconds, and up to a
# minute after a worker has died.

WEBHOOKS: Final[Mapping[str, str]] = {
    "CallStarted": "call.started",
    "CallConnected": "call.connected",
    "CallCompleted": "call.completed",
    "CallTransfered": "call.transferred",
    "CallRecorded": "call.recorded",
    "LostCallerAdded": "lost-caller.added",
    "LostCallerUpdated": "lost-caller.updated",
    "LostCallerRemoved": "lost-caller.removed",
    "VoicemailCreated": "voicemail.created",
    "VoicemailDeleted": "voicemail.deleted",
}
LISTS: Final[Mapping[str, str]] = {
    "audio_prompts": "audio-prompt.listed",
    "call_history": "call.listed",
    "call_records": "recording.listed",
    "contacts": "contact.listed",
    "groups": "group.listed",
    "voicemail_boxes": "voicemail-box.listed",
    "voicemails": "voicemail.listed",
    "voip_endpoints": "voip-endpoint.listed",
}
EVENTS: Final[tuple[str, ...]] = (*WEBHOOKS.values(), *LISTS.values())
RECOVERED: Final = frozenset({"CallCompleted", "CallRecorded", "VoicemailCreated", "LostCallerAdded"})
# What a list tells of each by itself. Of the others of a lost caller it tells how he stands, which is judged apart; of
# the rest no list tells.
_ONE_ID: Final = frozenset({"call.completed", "call.recorded", "voicemail.created", *LISTS.values()})

Item = tuple[str, str]
"""A connection and a subject, such as `call/150818921852`."""


class Event(NamedTuple):
    """A record of an event's topic. `standing`: of a lost caller his attempts and last contact, as published."""

    event: str
    connection: str
    subject: str
    id: str
    origin: str
    appended_ms: int
    hook: str | None = None
    standing: tuple[object, object] | None = None

    @property
    def item(self) -> Item:
        return self.connection, self.subject


class Stay(NamedTuple):
    """When something happened, or came into its list, and when it left it again, None = not."""

    since_s: float
    until_s: float | None = None

    @property
    def short(self) -> bool:
        return self.until_s is not None and self.until_s - self.since_s < SEEN_WITHIN_S


class Lost(NamedTuple):
    """A lost caller on the vendor's list at the end."""

    item: Item
    standing: tuple[object, object]


@dataclass(frozen=True)
class Truth:
    """What the vendor knows: by trigger (webhook or list) what happened and which of it a webhook has brought to us.

    `old` is what had been in the lists before the bridge began.
    """

    happened: Mapping[str, Mapping[Item, Stay]]
    accepted: Mapping[str, frozenset[Item]]
    lost_callers: Sequence[Lost]
    old: frozenset[tuple[str, Item]] = frozenset()


class TriggerRow(NamedTuple):
    """One trigger of the vendor, from the vendor to its topic; `unseen` has left the vendor's list too soon."""

    trigger: str
    event: str
    happened: int
    accepted: int | None
    origins: Counter[str]
    distinct: int
    unseen: int
    lost: int
    missing: tuple[str, ...]
    wrong: tuple[str, ...]


def judge_all(truth: Truth, events: Sequence[Event]) -> list[TriggerRow]:
    """Compare everything; a row for each of the ten webhooks and of the eight lists."""
    by_event: dict[str, list[Event]] = {name: [] for name in EVENTS}
    for event in events:
        by_event[event.event].append(event)
    rows = [_webhook_row(trigger, truth, by_event) for trigger in WEBHOOKS]
    return [*rows, *(_list_row(name, truth, by_event[LISTS[name]]) for name in LISTS)]


def _webhook_row(trigger: str, truth: Truth, by_event: Mapping[str, Sequence[Event]]) -> TriggerRow:
    name = WEBHOOKS[trigger]
    found, happened = by_event[name], truth.happened.get(trigger, {})
    published = {event.item for event in found}
    absent = {item: stay for item, stay in happened.items() if item not in published}
    # Who is told of by his second call already is known to be lost.
    told = {event.item for event in by_event["lost-caller.updated"]} if trigger == "LostCallerAdded" else set[Item]()
    unseen = {item for item, stay in absent.items() if trigger in RECOVERED and stay.short and item not in told}
    missing = [_text(item) for item in absent if trigger in RECOVERED and item not in unseen | told]
    missing += [f"{_text(item)}, answered 2xx" for item in truth.accepted.get(trigger, frozenset()) - published]
    if trigger in {"LostCallerUpdated", "LostCallerRemoved"}:
        missing += _wrong_standings(trigger, truth, by_event)
    wrong = [*_repeats(found), *_made_up(found, happened)]
    if not any(event.origin == "webhook" for event in found):
        wrong.append("no webhook of it has come to its topic")
    lost = len(absent.keys() & told) if trigger in RECOVERED else len(absent)
    accepted = len(truth.accepted.get(trigger, frozenset()))
    return _row(trigger, found, happened, accepted, len(unseen), lost, missing, wrong)


def _list_row(name: str, truth: Truth, found: Sequence[Event]) -> TriggerRow:
    happened = truth.happened.get(name, {})
    published = {event.item for event in found}
    absent = {item: stay for item, stay in happened.items() if item not in published}
    unseen = {item for item, stay in absent.items() if stay.short}
    missing = [_text(item) for item in absent if item not in unseen]
    wrong = [
        f"{_text(item)} is {times} times in its topic"
        for item, times in Counter(event.item for event in found).items()
        if times > 1
    ]
    wrong += [f"{_text(item)} is of the past" for item in published if (name, item) in truth.old]
    wrong += _made_up([event for event in found if (name, event.item) not in truth.old], happened)
    if not found:
        wrong.append("no item of it has come to its topic")
    return _row(name, found, happened, None, len(unseen), 0, missing, wrong)


def _row(
    trigger: str,
    found: Sequence[Event],
    happened: Mapping[Item, Stay],
    accepted: int | None,
    unseen: int,
    lost: int,
    missing: Sequence[str],
    wrong: Sequence[str],
) -> TriggerRow:
    origins, distinct = Counter(event.origin for event in found), len({event.item for event in found})
    event = WEBHOOKS.get(trigger) or LISTS[trigger]
    return TriggerRow(
        trigger, event, len(happened), accepted, origins, distinct, unseen, lost, tuple(missing), tuple(wrong)
    )


def _repeats(found: Sequence[Event]) -> list[str]:
    """Tell of what reconciliation has published more than once, and of what has two ids."""
    made_up = Counter(event.id for event in found if event.origin == "reconcile")
    wrong = [f"{id_} was made up for {times} times" for id_, times in made_up.items() if times > 1]
    ids: dict[Item, set[str]] = {}
    for event in found:
        if event.event in _ONE_ID:
            ids.setdefault(event.item, set()).add(event.id)
    return wrong + [f"{_text(item)} has {len(several)} ids" for item, several in ids.items() if len(several) > 1]


def _made_up(found: Sequence[Event], happened: Mapping[Item, Stay]) -> list[str]:
    return [f"{_text(item)} has never happened" for item in {event.item for event in found} - happened.keys()]


def _wrong_standings(trigger: str, truth: Truth, by_event: Mapping[str, Sequence[Event]]) -> list[str]:
    """Tell whose last event says something else than the vendor's list does."""
    told = [event for name in ("added", "updated", "removed") for event in by_event[f"lost-caller.{name}"]]
    last = {event.item: event.event for event in sorted(told, key=lambda event: event.appended_ms)}
    standings = {(event.item, event.standing) for event in told}
    listed = {lost.item for lost in truth.lost_callers}
    if trigger == "LostCallerUpdated":
        return [
            f"{_text(lost.item)}, who stands at {lost.standing}"
            for lost in truth.lost_callers
            if lost.item in last and (lost.item, lost.standing) not in standings
        ]
    gone = [item for item, event in last.items() if event != "lost-caller.removed" and item not in listed]
    there = [item for item, event in last.items() if event == "lost-caller.removed" and item in listed]
    return [f"{_text(item)}, who is gone" for item in gone] + [f"{_text(item)}, who is back" for item in there]


def _text(item: Item) -> str:
    return "/".join(item)
