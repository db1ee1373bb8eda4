"""The demo's book-keeping: what the PBX sent, what was answered, what Kafka holds. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from bridge.events.catalogue import WEBHOOK_EVENTS, event_type
from bridge.events.cloudevents import ReceivedEvent


class Delivery(NamedTuple):
    """A webhook as the PBX saw it: the vendor's event name, and the body of the 2xx answer (None: there was none)."""

    event: str
    answer: bytes | None


class Row(NamedTuple):
    """One event type at the end: counts, and how many of the promised events Kafka does not hold."""

    event: str
    sent: int
    answered: int
    read: int
    distinct: int
    missing: int


class DialSeen(NamedTuple):
    """The demo's dial: its result's status (None: no result), and the id of its call (None: the PBX got no dial)."""

    status: str | None
    call_id: int | None


class Reading:
    """What was read from Kafka so far."""

    def __init__(self) -> None:
        self._subjects: set[str] = set()
        self._records: Counter[str] = Counter()
        self._ids: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, event: ReceivedEvent) -> None:
        """Count one record."""
        self._records[event.type] += 1
        self._ids[event.type].add(event.id)
        self._subjects.add(event.attributes.get("subject", ""))

    def holds_call(self, dial: DialSeen) -> bool:
        """Tell whether an event of the dial's call has been read; also when there can be none."""
        return dial.call_id is None or f"call/{dial.call_id}" in self._subjects

    def holds(self, deliveries: Iterable[Delivery]) -> bool:
        """Tell whether every event that was answered 2xx has been read."""
        return not any(row.missing for row in self.rows(deliveries))

    def rows(self, deliveries: Iterable[Delivery]) -> Sequence[Row]:
        """Return a row per webhook event, in the contract's order."""
        sent: Counter[str] = Counter()
        answered: Counter[str] = Counter()
        promised: defaultdict[str, set[str]] = defaultdict(set)
        for delivery in deliveries:
            sent[delivery.event] += 1
            if delivery.answer is not None:
                answered[delivery.event] += 1
                promised[delivery.event].add(orjson.loads(delivery.answer)["id"])
        return [
            Row(
                event,
                sent[vendor_name],
                answered[vendor_name],
                self._records[event_type(event)],
                len(self._ids[event_type(event)]),
                len(promised[vendor_name] - self._ids[event_type(event)]),
            )
            for vendor_name, event in WEBHOOK_EVENTS.items()
        ]


def table(rows: Sequence[Row]) -> list[str]:
    """Return the table as lines."""
    heads = ("event", "sent by the PBX", "answered 202", "read from Kafka", "distinct ids", "missing")
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


def verdict(rows: Sequence[Row], dial: DialSeen, *, call_seen: bool) -> str | None:
    """Return what is wrong, None when nothing is: all was delivered, and all that was promised is there."""
    undelivered = sum(row.sent - row.answered for row in rows)
    missing = sum(row.missing for row in rows)
    if not sum(row.sent for row in rows):
        return "the PBX sent nothing"
    if missing:
        return f"{missing} events that were answered 202 are not in Kafka"
    if undelivered:
        return f"{undelivered} webhooks were never answered 202"
    return _wrong_with(dial, call_seen=call_seen)


def _wrong_with(dial: DialSeen, *, call_seen: bool) -> str | None:
    if dial.status != "ok":
        return f"the dial has {'no result' if dial.status is None else f'the result {dial.status}'}"
    if dial.call_id is None:
        return "the dial's result is ok, and the PBX got no dial"
    return None if call_seen else "the dial's call has no event"
