"""What the configuration says of a connection's reconciliation. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from bridge.events.catalogue import WEBHOOK_EVENTS, EventName
from bridge.ops.settings import ConnectionSettings
from bridge.reconcile.compared_lists import ITEM_LISTS
from bridge.reconcile.published_facts import LOST_CALLER_EVENTS


@dataclass(frozen=True, slots=True)
class ReconcileOptions:
    """One connection's. `events` are those that are published when they are missing.

    `retention_ms` is how long the event topics keep what was published: of what is older nobody knows whether it was.
    """

    interval_s: float
    grace_ms: int
    rescan_ms: int
    retention_ms: int
    events: frozenset[EventName]


def reconcile_options(connection: ConnectionSettings, retention: timedelta) -> ReconcileOptions | None:
    """Give the options; None when there is nothing to compare."""
    reconcile = connection.reconcile
    wanted = {WEBHOOK_EVENTS[name] for name in connection.webhooks.events}
    events = wanted & ({each.event for each in ITEM_LISTS.values()} | LOST_CALLER_EVENTS)
    if not reconcile.enabled or not events:
        return None
    return ReconcileOptions(
        reconcile.interval.total_seconds(),
        _ms(reconcile.grace),
        _ms(reconcile.rescan),
        _ms(retention),
        frozenset(events),
    )


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
