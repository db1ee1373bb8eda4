"""The list of metrics, and the page that documents it."""

from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bridge.ops.metrics import COUNTERS, GAUGES, HISTOGRAMS, READ_COUNTERS, READ_GAUGES, Metric, Metrics

ALL: list[tuple[str, Metric]] = [
    *COUNTERS.items(),
    *READ_COUNTERS.items(),
    *GAUGES.items(),
    *READ_GAUGES.items(),
    *HISTOGRAMS.items(),
]
PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_every_metric_is_documented_with_its_labels() -> None:
    """The page has a row for each, with the meaning that the scrape shows; no row is left over."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `bridge_")]
    expected = [
        f"| `{name}` | {', '.join(f'`{label}`' for label in metric.labels) or '-'} | {metric.meaning} |"
        for name, metric in sorted(ALL)
    ]
    assert rows == expected


def test_every_metric_can_be_scraped() -> None:
    """Names and labels are accepted by the library, and read back by its parser."""
    metrics = Metrics()
    for counter, metric in COUNTERS.items():
        metrics.counter(counter, ["x"] * len(metric.labels)).inc()
    for gauge, metric in GAUGES.items():
        metrics.gauge(gauge, ["x"] * len(metric.labels)).set(1)
    for histogram, metric in HISTOGRAMS.items():
        metrics.histogram(histogram, ["x"] * len(metric.labels)).observe(1)
    for read_counter, metric in READ_COUNTERS.items():
        values = {("x",) * len(metric.labels): 2.0}
        metrics.read_counter(read_counter, values.copy)
    for read_gauge, metric in READ_GAUGES.items():
        values = {("x",) * len(metric.labels): 2.0}
        metrics.read_gauge(read_gauge, values.copy)
    scraped = {family.name for family in text_string_to_metric_families(generate_latest(metrics.registry).decode())}
    assert {name.removesuffix("_total") for name, _ in ALL} <= scraped


def test_two_services_do_not_add_up() -> None:
    """Each process, and each test, counts for itself."""
    first, second = Metrics(), Metrics()
    first.counter("bridge_ingress_requests_total", ("accepted",)).inc()
    labels = {"outcome": "accepted"}
    assert first.registry.get_sample_value("bridge_ingress_requests_total", labels) == 1
    assert second.registry.get_sample_value("bridge_ingress_requests_total", labels) is None
