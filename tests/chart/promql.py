"""What a PromQL expression names, and what the bridge exports: as far as alerts and dashboards need it.

No parser: expressions here write each metric with braces, which `bare_names` holds them to.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bridge.ops.metrics import COUNTERS, GAUGES, HISTOGRAMS, READ_COUNTERS, READ_GAUGES, Metrics

TARGET_LABELS: Final = frozenset({"namespace", "job", "instance", "pod", "component"})
"""What the monitor puts on each series, beside the labels that the bridge exports."""
PROMETHEUS_OWN: Final = {"up": frozenset[str](), "ALERTS": frozenset({"alertname", "alertstate"})}
"""Series that Prometheus makes itself, and their labels."""

_SELECTOR: Final = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
_MATCHER: Final = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_BARE: Final = re.compile(r"\b(?:bridge|process|python)_\w+(?!\w|\{)")


class Matcher(NamedTuple):
    """One matcher, such as `outcome=~"busy|stopping"`."""

    label: str
    operator: str
    value: str

    @property
    def values(self) -> list[str]:
        """The words that it names."""
        return self.value.split("|")


class Selector(NamedTuple):
    """A metric with its matchers."""

    metric: str
    matchers: tuple[Matcher, ...]


def selectors(expression: str) -> Iterator[Selector]:
    """Give all selectors of an expression."""
    for metric, inside in _SELECTOR.findall(expression):
        yield Selector(metric, tuple(Matcher(*found) for found in _MATCHER.findall(inside)))


def grouping_labels(expression: str) -> set[str]:
    """Give the labels that an expression groups or joins by."""
    lists = [inside.split(",") for inside in _GROUPING.findall(expression)]
    return {label.strip() for labels in lists for label in labels if label.strip()}


def bare_names(expression: str) -> list[str]:
    """Give the metrics that are written without braces; those with braces are removed before."""
    return _BARE.findall(_SELECTOR.sub("", expression))


@cache
def exported() -> dict[str, frozenset[str]]:
    """Give the labels of each series that the bridge exports, by its name."""
    series: dict[str, frozenset[str]] = {}
    for name, metric in (*COUNTERS.items(), *READ_COUNTERS.items(), *GAUGES.items(), *READ_GAUGES.items()):
        series[name] = frozenset(metric.labels)
    for histogram, metric in HISTOGRAMS.items():
        labels = frozenset(metric.labels)
        series |= {f"{histogram}_bucket": labels | {"le"}, f"{histogram}_sum": labels, f"{histogram}_count": labels}
    text = generate_latest(Metrics().registry).decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            series.setdefault(sample.name, frozenset(sample.labels))
    # When a counter was made: the client library adds it, and nobody needs it.
    return {name: labels for name, labels in series.items() if not name.endswith("_created")}


def mistakes(expression: str) -> list[str]:
    """Say what an expression names that is not exported."""
    known = {**exported(), **PROMETHEUS_OWN}
    found = [f"{name} is written without its scope" for name in bare_names(expression)]
    grouped = grouping_labels(expression) - TARGET_LABELS
    for metric, matchers in selectors(expression):
        if metric not in known:
            found.append(f"{metric} is no metric of the bridge")
            continue
        wrong = {matcher.label for matcher in matchers} - known[metric] - TARGET_LABELS
        found += [f"{metric} has no label {label}" for label in sorted(wrong)]
    labels = frozenset[str]().union(*(known.get(selector.metric, frozenset()) for selector in selectors(expression)))
    return found + [f"nothing in it has the label {label}" for label in sorted(grouped - labels)]
