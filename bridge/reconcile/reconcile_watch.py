"""What is counted and logged of the reconciliation: one for a process, told by all its gap closers."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import structlog

from bridge.events.catalogue import EventName
from bridge.ops.field_drift import FieldDrift
from bridge.ops.metrics import Metrics
from bridge.pbx.item_events import ItemEvent, NoEvent
from bridge.reconcile.pauses import Walked

log = structlog.get_logger(__name__)


class Compared(Protocol):
    """A connection that is being compared."""

    @property
    def connection(self) -> str:
        """Its name."""
        ...

    @property
    def age_s(self) -> float:
        """Seconds since the moment up to which all is compared."""
        ...

    def loss_ratios(self) -> Mapping[EventName, float]:
        """Give which part of the last hour's events their webhooks have not brought."""
        ...


class ReconcileWatch:
    """Counts for all connections of a process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._drift = FieldDrift(metrics)
        self._compared: set[Compared] = set()
        self._troubled: dict[tuple[str, str], Walked] = {}
        self._left_out: set[tuple[str, str]] = set()
        metrics.read_gauge("bridge_reconcile_age_seconds", self._ages)
        metrics.read_gauge("bridge_webhook_loss_ratio", self._ratios)

    def begun(self, compared: Compared) -> None:
        """Show a connection from now on."""
        self._compared.add(compared)

    def ended(self, compared: Compared) -> None:
        """Show it no more."""
        self._compared.discard(compared)

    def walked(self, connection: str, collection: str, outcome: Walked) -> None:
        """Note a comparison of a list that is over; trouble is told once, until that changes."""
        self._metrics.counter("bridge_reconcile_walks_total", (connection, collection, outcome)).inc()
        labels = (connection, collection)
        if outcome is Walked.COMPLETE:
            if self._troubled.pop(labels, None) is not None:
                log.info("a list is compared again", connection=connection, collection=collection)
        elif self._troubled.get(labels) is not outcome:
            self._troubled[labels] = outcome
            log.warning(
                "a list cannot be compared with what was published",
                connection=connection,
                collection=collection,
                outcome=outcome.value,
            )

    def published(self, connection: str, collection: str, read: Iterable[ItemEvent | NoEvent]) -> None:
        """Note what has been published, and put into the quarantine."""
        events: dict[str, int] = {}
        refused: list[NoEvent] = []
        for one in read:
            if isinstance(one, NoEvent):
                self._metrics.counter("bridge_quarantined_total", (connection, "item", one.reason)).inc()
                refused.append(one)
                continue
            told = one.translation
            events[told.event] = events.get(told.event, 0) + 1
            self._metrics.counter("bridge_events_published_total", (connection, told.event, "reconcile")).inc()
            if told.has_drifted:
                self._drift.count(told.event, told.unknown, told.mistyped, told.missing)
        for event, count in events.items():
            log.warning("webhooks have not come, and are made up for", connection=connection, name=event, count=count)
        if refused:
            log.warning(
                "items of the vendor cannot be understood, and are in the quarantine",
                connection=connection,
                collection=collection,
                count=len(refused),
                reason=refused[0].reason,
                detail=refused[0].detail,
            )

    def left_out(self, connection: str, collection: str, count: int) -> None:
        """Note rows that say no moment, and are not compared; told once."""
        if (connection, collection) not in self._left_out:
            self._left_out.add((connection, collection))
            log.warning(
                "rows without a time are not compared with what was published",
                connection=connection,
                collection=collection,
                count=count,
            )

    def _ages(self) -> Mapping[tuple[str, ...], float]:
        return {(one.connection,): one.age_s for one in self._compared}

    def _ratios(self) -> Mapping[tuple[str, ...], float]:
        return {(one.connection, event): ratio for one in self._compared for event, ratio in one.loss_ratios().items()}
