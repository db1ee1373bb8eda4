"""What is counted and logged of polling: one for a process, told by all its pollers."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import structlog

from bridge.ops.field_drift import FieldDrift
from bridge.ops.metrics import Metrics
from bridge.pbx.item_events import ItemEvent, NoEvent
from bridge.pbx.responses import Outcome, Refused
from bridge.polling.schedule import PollOutcome

log = structlog.get_logger(__name__)


class Polled(Protocol):
    """A list that is being polled."""

    @property
    def labels(self) -> tuple[str, str]:
        """The connection and the collection."""
        ...

    @property
    def age_s(self) -> float:
        """Seconds since its last complete poll began."""
        ...


class PollWatch:
    """Counts for all pollers of a process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._drift = FieldDrift(metrics)
        self._polled: set[Polled] = set()
        self._refused: dict[tuple[str, str], str] = {}
        metrics.read_gauge("bridge_poller_age_seconds", self._ages)

    def begun(self, polled: Polled) -> None:
        """Show the age of a list from now on."""
        self._polled.add(polled)

    def ended(self, polled: Polled) -> None:
        """Show it no more."""
        self._polled.discard(polled)

    def polled(self, labels: tuple[str, str], outcome: PollOutcome, answer: Outcome | None) -> None:
        """Note a poll that is over; `answer` is the vendor's last one.

        A vendor who says no is told of once, until that changes; one without an answer is told of by whoever calls.
        """
        self._metrics.counter("bridge_polls_total", (*labels, outcome)).inc()
        connection, collection = labels
        if outcome is PollOutcome.REFUSED and isinstance(answer, Refused):
            if self._refused.get(labels) != answer.code:
                self._refused[labels] = answer.code
                log.warning(
                    "the vendor refuses to list a collection: look at the filters, and at what the key may do",
                    connection=connection,
                    collection=collection,
                    status=answer.status,
                    code=answer.code,
                    message=answer.message,
                )
        elif outcome is PollOutcome.COMPLETE and self._refused.pop(labels, None) is not None:
            log.info("the vendor lists a collection again", connection=connection, collection=collection)

    def published(self, labels: tuple[str, str], read: Iterable[ItemEvent | NoEvent], *, late: bool) -> None:
        """Note what has been published, and put into the quarantine."""
        connection, collection = labels
        refused: list[NoEvent] = []
        for one in read:
            if isinstance(one, NoEvent):
                self._metrics.counter("bridge_quarantined_total", (connection, "item", one.reason)).inc()
                refused.append(one)
                continue
            told = one.translation
            self._metrics.counter("bridge_events_published_total", (connection, told.event, "poll")).inc()
            if late:
                self._metrics.counter("bridge_late_items_total", labels).inc()
            if told.has_drifted:
                self._drift.count(told.event, told.unknown, told.mistyped, told.missing)
        if refused:
            log.warning(
                "items of the vendor cannot be understood, and are in the quarantine",
                connection=connection,
                collection=collection,
                count=len(refused),
                reason=refused[0].reason,
                detail=refused[0].detail,
            )

    def learnt(self, labels: tuple[str, str], after: int) -> None:
        """Note the first poll of a list that begins with its newest item."""
        connection, collection = labels
        log.debug("polling begins behind the newest item", connection=connection, collection=collection, after=after)

    def _ages(self) -> Mapping[tuple[str, ...], float]:
        return {polled.labels: polled.age_s for polled in self._polled}
