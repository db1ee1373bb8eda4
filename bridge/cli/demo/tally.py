"""The demo's book-keeping: what the PBX sent, what was answered, what Kafka holds. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import orjson

from bridge.events.catalogue import WEBHOOK_EVENTS, EventName, event_type
from bridge.events.cloudevents import ReceivedEvent


class Delivery(NamedTuple):
    """A webhook as the PBX saw it: the vendor's event name, and the body of the 2xx answer (None: there was none)."""

    event: str
    answer: bytes | None


class Books(NamedTuple):
    """What the PBX knows at the end: how often each event happened, what it sent, and what its lists still show.

    `subjects` are those of the events that must be in Kafka whether or not their webhooks came.
    """

    happened: Mapping[str, int]
    deliveries: Sequence[Delivery]
    subjects: Mapping[EventName, AbstractSet[str]]

    @property
    def undelivered(self) -> int:
        """How many webhooks were sent and never answered 2xx."""
        return sum(delivery.answer is None for delivery in self.deliveries)


class Row(NamedTuple):
    """One event type at the end.

    `recovered` were published from the vendor's lists, since no webhook had come; `lost` can be recovered by nobody;
    `missing` should be in Kafka, since it was promised to the PBX or stands in its books, and is not.
    """

    event: str
    happened: int
    answered: int
    recovered: int
    distinct: int
    lost: int
    missing: int


class DialSeen(NamedTuple):
    """The demo's dial: its result's status (None: no result), and the id of its call (None: the PBX got no dial)."""

    status: str | None
    call_id: int | None


class Reading:
    """What was read from Kafka so far."""

    def __init__(self) -> None:
        self._subjects: defaultdict[str, set[str]] = defaultdict(set)
        self._ids: defaultdict[str, set[str]] = defaultdict(set)
        self._recovered: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, event: ReceivedEvent) -> None:
        """Count one record."""
        self._ids[event.type].add(event.id)
        self._subjects[event.type].add(event.attributes.get("subject", ""))
        if event.attributes.get("origin") == "reconcile":
            self._recovered[event.type].add(event.id)

    def holds_call(self, dial: DialSeen) -> bool:
        """Tell whether an event of the dial's call has been read; also when there can be none."""
        return dial.call_id is None or any(f"call/{dial.call_id}" in subjects for subjects in self._subjects.values())

    def polled(self) -> int:
        """Return how many items of the vendor's lists have been read."""
        return sum(len(ids) for type_, ids in self._ids.items() if type_.endswith(".listed.v1"))

    def rows(self, books: Books) -> Sequence[Row]:
        """Return a row per webhook event, in the contract's order."""
        answered: Counter[str] = Counter()
        promised: defaultdict[str, set[str]] = defaultdict(set)
        for delivery in books.deliveries:
            if delivery.answer is not None:
                answered[delivery.event] += 1
                promised[delivery.event].add(orjson.loads(delivery.answer)["id"])
        return [
            self._row(event, books.happened.get(name, 0), answered[name], promised[name], books.subjects.get(event))
            for name, event in WEBHOOK_EVENTS.items()
        ]

    def _row(
        self, event: EventName, happened: int, answered: int, promised: set[str], subjects: AbstractSet[str] | None
    ) -> Row:
        type_ = event_type(event)
        distinct = len(self._ids[type_])
        missing = len(promised - self._ids[type_])
        if subjects is not None:
            missing = max(missing, len(subjects - self._subjects[type_]))
        lost = max(0, happened - distinct - missing)
        return Row(event, happened, answered, len(self._recovered[type_]), distinct, lost, missing)


def table(rows: Sequence[Row]) -> list[str]:
    """Return the table as lines."""
    heads = ("event", "happened", "answered 202", "recovered", "distinct ids", "lost for good", "missing")
    total = Row("all", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))
    cells = [heads, *(tuple(map(str, row)) for row in (*rows, total))]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in cells)
    ]
    rule = "-" * len(lines[0])
    return [lines[0], rule, *lines[1:-1], rule, lines[-1]]


def dial_line(dial: DialSeen) -> str:
    """Return what came of the dial, as a line below the table."""
    return f"dialled once: result {dial.status or 'none'}, call {dial.call_id or 'none'}"


def verdict(rows: Sequence[Row], undelivered: int, dial: DialSeen, *, call_seen: bool) -> str | None:
    """Return what is wrong, None when nothing is: all that was promised, or could be recovered, is there.

    `undelivered` webhooks were sent, and never answered 2xx.
    """
    missing = sum(row.missing for row in rows)
    if not sum(row.happened for row in rows):
        return "nothing happened at the PBX"
    if missing:
        return f"{missing} events are not in Kafka that should be"
    if undelivered:
        return f"{undelivered} webhooks were never answered 202"
    return _wrong_with(dial, call_seen=call_seen)


def _wrong_with(dial: DialSeen, *, call_seen: bool) -> str | None:
    if dial.status != "ok":
        return f"the dial has {'no result' if dial.status is None else f'the result {dial.status}'}"
    if dial.call_id is None:
        return "the dial's result is ok, and the PBX got no dial"
    return None if call_seen else "the dial's call has no event"
