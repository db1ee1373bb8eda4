"""Every metric of the bridge: one list, from which they are made and `docs/metrics.md` is checked.

Each process has a registry of its own, so two services in one test do not add up.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.registry import Collector
from typing_extensions import override

CounterName = Literal[
    "bridge_ingress_requests_total",
    "bridge_ingress_hook_mismatch_total",
    "bridge_events_published_total",
    "bridge_quarantined_total",
    "bridge_vendor_fields_unknown_total",
    "bridge_vendor_fields_mistyped_total",
    "bridge_vendor_fields_missing_total",
    "bridge_commands_dropped_total",
    "bridge_commands_finished_total",
    "bridge_doubts_resolved_total",
    "bridge_shard_take_overs_total",
    "bridge_shards_lost_total",
    "bridge_vendor_calls_total",
    "bridge_vendor_refusals_total",
    "bridge_polls_total",
    "bridge_late_items_total",
    "bridge_reconcile_walks_total",
]
ReadCounterName = Literal[
    "bridge_commands_refused_total",
    "bridge_commands_routed_total",
    "bridge_kafka_publish_failures_total",
    "bridge_kafka_producer_replacements_total",
    "bridge_kafka_outages_total",
    "bridge_router_connections_total",
    "bridge_router_dropped_total",
    "bridge_router_retries_total",
    "bridge_router_unstored_commits_total",
]
GaugeName = Literal[
    "bridge_build_info",
    "bridge_ingress_in_flight",
    "bridge_ingress_connections",
    "bridge_ready",
    "bridge_event_loop_lag_seconds",
    "bridge_kafka_producer_up",
]
ReadGaugeName = Literal[
    "bridge_commands_remembered",
    "bridge_commands_waiting",
    "bridge_doubts_open",
    "bridge_kafka_certificate_expiry_timestamp_seconds",
    "bridge_kafka_token_fetch_failing",
    "bridge_poller_age_seconds",
    "bridge_reconcile_age_seconds",
    "bridge_webhook_loss_ratio",
    "bridge_hooks",
    "bridge_hooks_stopped",
    "bridge_quota_limit",
    "bridge_quota_slots_busy",
    "bridge_quota_frozen",
    "bridge_shards_assigned",
    "bridge_shards_owned",
]
HistogramName = Literal[
    "bridge_ingress_publish_seconds",
    "bridge_journal_append_seconds",
    "bridge_shard_take_over_seconds",
    "bridge_slot_wait_seconds",
    "bridge_vendor_call_seconds",
]


class Metric(NamedTuple):
    """What a metric means, its labels, and the bounds of a histogram's buckets."""

    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


COUNTERS: dict[CounterName, Metric] = {
    "bridge_ingress_requests_total": Metric("Requests to the webhook port, by how they ended.", ("outcome",)),
    "bridge_ingress_hook_mismatch_total": Metric(
        "Webhooks that came by the key of another event of their connection.", ("connection",)
    ),
    "bridge_events_published_total": Metric(
        "Events that Kafka acknowledged, repeats included.", ("connection", "event", "origin")
    ),
    "bridge_quarantined_total": Metric(
        "Records that Kafka acknowledged in the quarantine topic.", ("connection", "kind", "reason")
    ),
    "bridge_vendor_fields_unknown_total": Metric(
        "Fields that the vendor sent and the schema does not know; beyond 64 names per process `(other)`.",
        ("event", "field"),
    ),
    "bridge_vendor_fields_mistyped_total": Metric(
        "Known fields that the vendor sent with another type than known.", ("event", "field")
    ),
    "bridge_vendor_fields_missing_total": Metric(
        "Known fields that the vendor left out, though its contract has them in every such payload.",
        ("event", "field"),
    ),
    "bridge_commands_dropped_total": Metric(
        "Commands that the owner dropped without a result: `repeat` of a known identity, `not_work` for bytes that no "
        "release of the bridge has written.",
        ("reason",),
    ),
    "bridge_commands_finished_total": Metric(
        "Commands that have their terminal result stored and published.", ("connection", "command", "status")
    ),
    "bridge_doubts_resolved_total": Metric("Dials in doubt whose doubt has ended.", ("connection", "outcome")),
    "bridge_shard_take_overs_total": Metric("Times that this process has taken a shard over."),
    "bridge_shards_lost_total": Metric(
        "Shards that this process has given up for another reason than a rebalance.", ("cause",)
    ),
    "bridge_vendor_calls_total": Metric(
        "Requests to the vendor, by how they ended; `not_sent` ones never left.", ("connection", "operation", "outcome")
    ),
    "bridge_vendor_refusals_total": Metric(
        "Answers of the vendor with 429 or Retry-After: the connection freezes.", ("connection",)
    ),
    "bridge_polls_total": Metric(
        "Polls of a list of the vendor, and looks for late rows in it, by how they ended.",
        ("connection", "collection", "outcome"),
    ),
    "bridge_late_items_total": Metric(
        "Items whose row appeared in its list below the cursor, found by a look back.", ("connection", "collection")
    ),
    "bridge_reconcile_walks_total": Metric(
        "Comparisons of a list of the vendor with what was published, by how they ended.",
        ("connection", "collection", "outcome"),
    ),
}
READ_COUNTERS: dict[ReadCounterName, Metric] = {
    "bridge_commands_refused_total": Metric(
        "Records of the command topic that are no commands: they are in the quarantine.", ("reason",)
    ),
    "bridge_commands_routed_total": Metric(
        "Commands that the router has handed to the owner of their connection, repeats included.", ("command", "mode")
    ),
    "bridge_kafka_publish_failures_total": Metric(
        "Records that Kafka did not acknowledge in time, or refused, by reason.", ("reason",)
    ),
    "bridge_kafka_producer_replacements_total": Metric("Producers that were replaced after a refusal or a failure."),
    "bridge_router_connections_total": Metric("Times that the router has joined its group, the first one included."),
    "bridge_router_dropped_total": Metric(
        "Records that fitted nowhere, not even the quarantine: nobody knows of them but the log.", ("topic",)
    ),
    "bridge_router_unstored_commits_total": Metric(
        "Commits of the router that Kafka did not take: what they were for was routed again, and dropped as repeats."
    ),
    "bridge_router_retries_total": Metric("Publishes of the router that had to be tried again, by why.", ("reason",)),
    "bridge_kafka_outages_total": Metric(
        "Times that Kafka went out of reach of what publishes webhooks, or of the router."
    ),
}
GAUGES: dict[GaugeName, Metric] = {
    "bridge_build_info": Metric("Always 1; the labels say what runs.", ("version", "role")),
    "bridge_ingress_in_flight": Metric("Webhook requests between their head and their answer."),
    "bridge_ingress_connections": Metric("Connections that the ingress takes webhooks for."),
    "bridge_ready": Metric("1 while the role can do its work, else 0.", ("role",)),
    "bridge_event_loop_lag_seconds": Metric("How late the event loop's last heartbeat was."),
    "bridge_kafka_producer_up": Metric(
        "1 while the producer of webhooks, or of the router, has its brokers and topics, else 0."
    ),
}
READ_GAUGES: dict[ReadGaugeName, Metric] = {
    "bridge_commands_remembered": Metric(
        "Identities of commands whose repeats are dropped, of shards owned here: half a KiB each."
    ),
    "bridge_commands_waiting": Metric(
        "Requests that wait for a slot of the quota, of shards owned here.", ("connection", "lane")
    ),
    "bridge_doubts_open": Metric("Dials in doubt whose doubt has not ended, of shards owned here.", ("connection",)),
    "bridge_kafka_certificate_expiry_timestamp_seconds": Metric(
        "When our client certificate for Kafka expires, in seconds since 1970; none without one."
    ),
    "bridge_kafka_token_fetch_failing": Metric(
        "1 while no new token for Kafka is to be had, else 0; none where we log in without tokens."
    ),
    "bridge_poller_age_seconds": Metric(
        "Since the last complete poll of a list began, or since its shard was taken over.", ("connection", "collection")
    ),
    "bridge_reconcile_age_seconds": Metric(
        "Since the moment up to which all that the vendor lists is compared with what was published.", ("connection",)
    ),
    "bridge_webhook_loss_ratio": Metric(
        "Of an event's occurrences of the last hour, the part that no webhook has brought; none without any.",
        ("connection", "event"),
    ),
    "bridge_hooks": Metric(
        "Registrations of webhooks with the vendor that are known, and events that none brings (`missing`), of "
        "connections owned here.",
        ("connection", "state"),
    ),
    "bridge_hooks_stopped": Metric(
        "1 while the vendor has refused a registration, and nothing is tried again by itself.", ("connection",)
    ),
    "bridge_quota_limit": Metric("Calls of a window in use: fewer after a refusal of the vendor.", ("connection",)),
    "bridge_quota_slots_busy": Metric(
        "Slots of the quota's window that are busy: `dial`, and `other` for queries and polls.", ("connection", "lane")
    ),
    "bridge_quota_frozen": Metric("1 while the vendor has asked to be left alone, else 0.", ("connection",)),
    "bridge_shards_assigned": Metric("Shards that the group has given to this process."),
    "bridge_shards_owned": Metric("Shards that this process has taken over and serves."),
}
HISTOGRAMS: dict[HistogramName, Metric] = {
    "bridge_ingress_publish_seconds": Metric(
        "From a webhook's whole body to Kafka's acknowledgement.",
        # From one local round trip to the default deadline of 1.5 s.
        buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5),
    ),
    "bridge_journal_append_seconds": Metric(
        "From an append to the journal to its committed transaction.",
        # From a quick local transaction to the limit of 10 s, after which the shard is given up.
        buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    ),
    "bridge_shard_take_over_seconds": Metric(
        "From a shard's assignment, or loss, to its first command.",
        # Two seconds are the goal for all shards of a process together.
        buckets=(0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
    ),
    "bridge_slot_wait_seconds": Metric(
        "How long a request waited for its slot of the quota.",
        ("lane",),
        # A dial's goal is 3 s at p99; a query waits up to its minute.
        buckets=(0.01, 0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 120.0),
    ),
    "bridge_vendor_call_seconds": Metric(
        "From a request to the vendor to the end of its answer, or of the wait for one.",
        ("operation",),
        # Up to the 15 s that a dial may take.
        buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0),
    ),
}


Reader = Callable[[], Mapping[tuple[str, ...], float]]


class _ReadMetrics(Collector):
    """Metrics that their owners keep as plain numbers, read when somebody scrapes."""

    def __init__(self) -> None:
        self.counters: dict[ReadCounterName, Reader] = {}
        self.gauges: dict[ReadGaugeName, Reader] = {}

    @override
    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        for counter, metric in READ_COUNTERS.items():
            yield _filled(
                CounterMetricFamily(counter, metric.meaning, labels=metric.labels), self.counters.get(counter)
            )
        for gauge, metric in READ_GAUGES.items():
            yield _filled(GaugeMetricFamily(gauge, metric.meaning, labels=metric.labels), self.gauges.get(gauge))


FamilyT = TypeVar("FamilyT", CounterMetricFamily, GaugeMetricFamily)


def _filled(family: FamilyT, reader: Reader | None) -> FamilyT:
    for labels, value in () if reader is None else reader().items():
        family.add_metric(labels, value)
    return family


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._counters = {
            name: Counter(name, metric.meaning, metric.labels, registry=self.registry)
            for name, metric in COUNTERS.items()
        }
        self._read = _ReadMetrics()
        self.registry.register(self._read)
        self._gauges = {
            name: Gauge(name, metric.meaning, metric.labels, registry=self.registry) for name, metric in GAUGES.items()
        }
        self._histograms = {
            name: Histogram(name, metric.meaning, metric.labels, registry=self.registry, buckets=metric.buckets)
            for name, metric in HISTOGRAMS.items()
        }

    def read_counter(self, name: ReadCounterName, reader: Reader) -> None:
        """Take a counter's values, by their labels, from `reader` at each scrape."""
        self._read.counters[name] = reader

    def read_gauge(self, name: ReadGaugeName, reader: Reader) -> None:
        """Take a gauge's values, by their labels, from `reader` at each scrape."""
        self._read.gauges[name] = reader

    def counter(self, name: CounterName, labels: Sequence[str] = ()) -> Counter:
        """Return the counter with the values of its labels, in the order of the list above."""
        counter = self._counters[name]
        return counter.labels(*labels) if labels else counter

    def gauge(self, name: GaugeName, labels: Sequence[str] = ()) -> Gauge:
        """Return the gauge with the values of its labels, in the order of the list above."""
        gauge = self._gauges[name]
        return gauge.labels(*labels) if labels else gauge

    def histogram(self, name: HistogramName, labels: Sequence[str] = ()) -> Histogram:
        """Return the histogram with the values of its labels, in the order of the list above."""
        histogram = self._histograms[name]
        return histogram.labels(*labels) if labels else histogram
