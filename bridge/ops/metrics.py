"""Every metric of the bridge: one list, from which they are made and `docs/metrics.md` is checked.

Each process has a registry of its own, so two services in one test do not add up.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily
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
]
ReadCounterName = Literal[
    "bridge_kafka_publish_failures_total",
    "bridge_kafka_producer_replacements_total",
    "bridge_kafka_outages_total",
]
GaugeName = Literal[
    "bridge_build_info",
    "bridge_ingress_in_flight",
    "bridge_ingress_connections",
    "bridge_ready",
    "bridge_event_loop_lag_seconds",
    "bridge_kafka_producer_up",
]
HistogramName = Literal["bridge_ingress_publish_seconds"]


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
}
READ_COUNTERS: dict[ReadCounterName, Metric] = {
    "bridge_kafka_publish_failures_total": Metric(
        "Records that Kafka did not acknowledge in time, or refused, by reason.", ("reason",)
    ),
    "bridge_kafka_producer_replacements_total": Metric("Producers that were replaced after a refusal or a failure."),
    "bridge_kafka_outages_total": Metric("Times that Kafka went out of reach of the webhook path."),
}
GAUGES: dict[GaugeName, Metric] = {
    "bridge_build_info": Metric("Always 1; the labels say what runs.", ("version", "role")),
    "bridge_ingress_in_flight": Metric("Webhook requests between their head and their answer."),
    "bridge_ingress_connections": Metric("Connections that the ingress takes webhooks for."),
    "bridge_ready": Metric("1 while the role can do its work, else 0.", ("role",)),
    "bridge_event_loop_lag_seconds": Metric("How late the event loop's last heartbeat was."),
    "bridge_kafka_producer_up": Metric("1 while the producer of the webhook path has its brokers and topics, else 0."),
}
HISTOGRAMS: dict[HistogramName, Metric] = {
    "bridge_ingress_publish_seconds": Metric(
        "From a webhook's whole body to Kafka's acknowledgement.",
        # From one local round trip to the default deadline of 1.5 s.
        buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5),
    ),
}


ReadCounter = Callable[[], Mapping[tuple[str, ...], float]]


class _ReadCounters(Collector):
    """Counters that their owners keep as plain numbers, read when somebody scrapes."""

    def __init__(self) -> None:
        self.readers: dict[ReadCounterName, ReadCounter] = {}

    @override
    def collect(self) -> Iterator[CounterMetricFamily]:
        for name, metric in READ_COUNTERS.items():
            family = CounterMetricFamily(name, metric.meaning, labels=metric.labels)
            reader = self.readers.get(name)
            for labels, value in () if reader is None else reader().items():
                family.add_metric(labels, value)
            yield family


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
        self._read_counters = _ReadCounters()
        self.registry.register(self._read_counters)
        self._gauges = {
            name: Gauge(name, metric.meaning, metric.labels, registry=self.registry) for name, metric in GAUGES.items()
        }
        self._histograms = {
            name: Histogram(name, metric.meaning, metric.labels, registry=self.registry, buckets=metric.buckets)
            for name, metric in HISTOGRAMS.items()
        }

    def read_counter(self, name: ReadCounterName, reader: ReadCounter) -> None:
        """Take a counter's values, by their labels, from `reader` at each scrape."""
        self._read_counters.readers[name] = reader

    def counter(self, name: CounterName, labels: Sequence[str] = ()) -> Counter:
        """Return the counter with the values of its labels, in the order of the list above."""
        counter = self._counters[name]
        return counter.labels(*labels) if labels else counter

    def gauge(self, name: GaugeName, labels: Sequence[str] = ()) -> Gauge:
        """Return the gauge with the values of its labels, in the order of the list above."""
        gauge = self._gauges[name]
        return gauge.labels(*labels) if labels else gauge

    def histogram(self, name: HistogramName) -> Histogram:
        """Return the histogram."""
        return self._histograms[name]
