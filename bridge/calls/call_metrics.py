"""The metrics of shards, slots and quotas."""

from collections.abc import Mapping

import structlog

from bridge.calls.lanes import Lane
from bridge.calls.ownership import Ownership
from bridge.ops.metrics import Metrics

log = structlog.get_logger(__name__)

Values = Mapping[tuple[str, ...], float]


class CallMetrics:
    """Counts what happens to shards and slots (`shard_owner.OwnershipWatch`)."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def waited(self, lane: Lane, seconds: float) -> None:
        """Note that somebody got a slot."""
        self._metrics.histogram("bridge_slot_wait_seconds", (lane,)).observe(seconds)

    def refused(self, connection: str, freeze_s: float, limit: int) -> None:
        """Note that the vendor has refused a call."""
        self._metrics.counter("bridge_vendor_refusals_total", (connection,)).inc()
        log.warning("the vendor refuses calls", connection=connection, frozen_s=round(freeze_s, 1), limit_in_use=limit)

    def taken_over(self, seconds: float) -> None:
        """Note a take-over and how long it took."""
        self._metrics.counter("bridge_shard_take_overs_total").inc()
        self._metrics.histogram("bridge_shard_take_over_seconds").observe(seconds)

    def lost(self, cause: str) -> None:
        """Note a shard that was given up."""
        self._metrics.counter("bridge_shards_lost_total", (cause,)).inc()

    def appended(self, seconds: float) -> None:
        """Note an append to a journal."""
        self._metrics.histogram("bridge_journal_append_seconds").observe(seconds)

    def describe(self, ownership: Ownership) -> None:
        """Let the gauges be read from the shards as they are when somebody scrapes."""
        read = self._metrics.read_gauge
        read("bridge_shards_assigned", lambda: {(): float(len(ownership.owners))})
        read(
            "bridge_shards_owned", lambda: {(): float(sum(one.tenant is not None for one in ownership.owners.values()))}
        )
        read("bridge_commands_waiting", lambda: _waiting(ownership))
        read("bridge_quota_slots_busy", lambda: _busy(ownership))
        read("bridge_quota_limit", lambda: _limits(ownership))
        read("bridge_quota_frozen", lambda: _frozen(ownership))


def _waiting(ownership: Ownership) -> Values:
    return {
        (name, lane.value): float(len(admission.lanes.of(lane)))
        for slots in ownership.slots()
        for name, admission in slots.admissions.items()
        for lane in Lane
    }


def _busy(ownership: Ownership) -> Values:
    busy: dict[tuple[str, ...], float] = {}
    for slots in ownership.slots():
        for name, admission in slots.admissions.items():
            window = admission.window.advance(slots.now())
            busy[name, "dial"] = float(window.busy_dials)
            busy[name, "other"] = float(window.busy - window.busy_dials)
    return busy


def _limits(ownership: Ownership) -> Values:
    return {
        (name,): float(admission.slow_down.limit(admission.quota.calls))
        for slots in ownership.slots()
        for name, admission in slots.admissions.items()
    }


def _frozen(ownership: Ownership) -> Values:
    return {
        (name,): float(admission.slow_down.frozen_until > slots.now())
        for slots in ownership.slots()
        for name, admission in slots.admissions.items()
    }
