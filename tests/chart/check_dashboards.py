"""The dashboards: what they ask for is exported, they fit on a screen, and Prometheus answers each of their queries."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import pytest_asyncio
import yaml

from bridge.kafka.local import LocalKafka
from tests.chart.promql import TARGET_LABELS, exported, grouping_labels, mistakes, selectors
from tests.chart.rendering import CHART, Values, render
from tests.chart.scraped_bridge import Scraped, scraped_bridge

Panel = dict[str, Any]
FILES: Final = sorted((CHART / "dashboards").glob("*.json"))
WIDTH: Final = 24
"""Columns of Grafana's grid."""
CURRENT_SCHEMA: Final = 39
"""Grafana's schemaVersion of its release 11.0: older ones are migrated at each load."""
LARGEST_CONFIG_MAP: Final = 1024 * 1024
"""Bytes that the API server takes."""
ON: Final[Values] = {"monitoring": {"dashboards": {"enabled": True}, "rules": {"enabled": True}}}
VARIABLES: Final = ["datasource", "namespace", "job"]

MAY_BE_ABSENT: Final = frozenset(
    {
        "ALERTS",
        "bridge_ingress_hook_mismatch_total",
        "bridge_vendor_fields_unknown_total",
        "bridge_vendor_fields_mistyped_total",
        "bridge_vendor_fields_missing_total",
        "bridge_commands_dropped_total",
        "bridge_doubts_open",
        "bridge_doubts_resolved_total",
        "bridge_shards_lost_total",
        "bridge_vendor_refusals_total",
        "bridge_late_items_total",
        "bridge_kafka_certificate_expiry_timestamp_seconds",
        "bridge_kafka_token_fetch_failing",
        "bridge_kafka_publish_failures_total",
        "bridge_router_dropped_total",
        "bridge_router_retries_total",
    }
)
"""What has no series before something goes wrong, is rare, or wants Kafka to be secured: a query may have no answer."""


JOINED: Final = 'bridge_webhook_loss_ratio and on (connection, event) bridge_events_published_total{origin="reconcile"}'
"""Two metrics that alerts compare by their labels: they have to call an event by the same name."""


class Query(NamedTuple):
    """One query of a panel."""

    dashboard: str
    panel: str
    expression: str
    legend: str


def _dashboard(path: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(path.read_text())
    return dashboard


def _panels(path: Path) -> list[Panel]:
    return [panel for panel in _dashboard(path)["panels"] if panel["type"] != "row"]


def _queries() -> Iterator[Query]:
    for path in FILES:
        for panel in _panels(path):
            for target in panel["targets"]:
                yield Query(path.stem, panel["title"], target["expr"], target["legendFormat"])


def _rules() -> list[dict[str, Any]]:
    spec = render("minimal", ON, namespace="pbx").one("PrometheusRule").body["spec"]
    return [rule for group in spec["groups"] for rule in group["rules"]]


every_dashboard = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


@every_dashboard
def test_a_dashboard_can_be_provisioned(path: Path) -> None:
    """A sidecar's Grafana asks nobody for inputs, and gives ids itself; the address stays the same for ever."""
    dashboard = _dashboard(path)
    assert not {"__inputs", "__requires", "__elements"} & set(dashboard)
    assert dashboard["id"] is None
    assert dashboard["uid"] == f"bridge-{path.stem}"
    assert dashboard["schemaVersion"] >= CURRENT_SCHEMA
    assert dashboard["title"].startswith("Bridge: ")
    names = [variable["name"] for variable in dashboard["templating"]["list"]]
    assert names[:3] == VARIABLES
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


@every_dashboard
def test_panels_lie_side_by_side(path: Path) -> None:
    """No panel covers another, and none sticks out."""
    boxes = [(panel["title"], panel["gridPos"]) for panel in _dashboard(path)["panels"]]
    for title, box in boxes:
        assert box["x"] >= 0 < box["h"], title
        assert box["x"] + box["w"] <= WIDTH, title
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or below, f"{one} and {other} overlap"


@every_dashboard
def test_each_panel_explains_itself(path: Path) -> None:
    """Title, description, unit, and the data source that was chosen above."""
    titles = Counter(panel["title"] for panel in _panels(path))
    assert [title for title, count in titles.items() if count > 1] == []
    for panel in _panels(path):
        assert len(panel["description"]) > 20, panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        unit = panel["fieldConfig"]["defaults"].get("unit") or panel["options"].get("yAxis", {}).get("unit")
        assert unit or panel["type"] == "table", panel["title"]
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]


def test_queries_name_what_the_bridge_exports() -> None:
    """Every metric, and every label of a matcher, a grouping and a legend, is one that there is; all are scoped."""
    for query in _queries():
        assert mistakes(query.expression) == [], query
        for metric, matchers in selectors(query.expression):
            scope = {(matcher.label, matcher.operator, matcher.value) for matcher in matchers}
            assert {("namespace", "=~", "$namespace"), ("job", "=~", "$job")} <= scope, (metric, query)
        labels = set(re.findall(r"{{(\w+)}}", query.legend))
        grouped = grouping_labels(query.expression)
        own = {label for metric, _ in selectors(query.expression) for label in exported().get(metric, ())}
        assert labels <= (grouped if " by (" in query.expression else own | TARGET_LABELS), query


def test_a_unit_fits_what_is_asked_for() -> None:
    """Seconds are shown as seconds, a part of 1 as percent, and what is counted a second as so many a second."""
    for path in FILES:
        for panel in _panels(path):
            if panel["type"] == "table":
                continue
            unit = panel["fieldConfig"]["defaults"].get("unit") or panel["options"]["yAxis"]["unit"]
            for target in panel["targets"]:
                metrics = {selector.metric for selector in selectors(target["expr"])}
                kinds = {unit_of(metric, target["expr"]) for metric in metrics} - {None}
                assert len(kinds) <= 1, panel["title"]
                assert unit in kinds or not kinds, (panel["title"], unit, kinds)


def unit_of(metric: str, expression: str) -> str | None:
    """Give the unit that a metric's name demands; None: any."""
    if "cpu_seconds_total" in metric or metric.endswith("_count"):
        return None
    if re.search(r"_seconds(_bucket|_sum)?$", metric):
        return "s"
    if metric.endswith("_ratio"):
        return "percentunit"
    if metric.endswith("_bytes"):
        return "bytes"
    if metric.endswith("_total") and re.search(r"(?<!\w)rate\(", expression) and "/" not in expression:
        return "reqps" if re.search("requests|calls_total", metric) else "cps"
    return None


def test_nothing_that_is_exported_is_left_out() -> None:
    """Each metric of the bridge stands in a dashboard: whoever looks for it need not know its name."""
    shown = {selector.metric for query in _queries() for selector in selectors(query.expression)}
    stems = {re.sub("_(bucket|sum|count)$", "", name) for name in shown}
    ours = {re.sub("_(bucket|sum|count)$", "", name) for name in exported() if name.startswith("bridge_")}
    assert ours - stems == set()


def test_the_chart_ships_the_files_as_they_are() -> None:
    """Grafana's braces go through no template; each ConfigMap has the sidecar's label, and fits into the API server."""
    options = {"label": "wanted", "labelValue": "yes", "annotations": {"grafana_folder": "PBX"}, "namespace": "grafana"}
    rendering = render("minimal", ON, {"monitoring": {"dashboards": options}}, namespace="pbx")
    maps = [one for one in rendering.of("ConfigMap") if "dashboard" in one.name]
    assert sorted(one.name for one in maps) == sorted(f"bridge-dashboard-{path.stem}" for path in FILES)
    for one in maps:
        ((name, text),) = one.body["data"].items()
        assert text == (CHART / "dashboards" / name.removeprefix("bridge-")).read_text().strip()
        assert one.labels["wanted"] == "yes"
        assert one.annotations["grafana_folder"] == "PBX"
        assert one.body["metadata"]["namespace"] == "grafana"
        assert len(json.dumps(one.body).encode()) < LARGEST_CONFIG_MAP


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scraped(kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Scraped:
    """Give what a real Prometheus has seen of a busy bridge."""
    folder = tmp_path_factory.mktemp("prometheus")
    spec = render("minimal", ON, namespace="pbx").one("PrometheusRule").body["spec"]
    (folder / "rules.yaml").write_text(yaml.safe_dump(spec))
    questions = {_filled_in(query.expression) for query in _queries()} | {rule["expr"] for rule in _rules()} | {JOINED}
    return await scraped_bridge(kafka.bootstrap, folder, sorted(questions))


def _filled_in(expression: str) -> str:
    """Put into a query what Grafana would."""
    values = {"$namespace": "pbx", "$job": "bridge", "$connection": ".*", "$__rate_interval": "20s"}
    for name, value in values.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def test_a_busy_bridge_answers_every_query(scraped: Scraped) -> None:
    """A real Prometheus that scrapes a real bridge has no error, and data for all but what may be absent."""
    assert scraped.errors == {}
    empty = [
        query
        for query in _queries()
        if not scraped.answers[_filled_in(query.expression)]
        and not {selector.metric for selector in selectors(query.expression)} & MAY_BE_ABSENT
    ]
    assert empty == []


def test_the_series_have_the_labels_that_a_legend_names(scraped: Scraped) -> None:
    """Each label of a legend is one of the answer's."""
    for query in _queries():
        for labels in scraped.answers[_filled_in(query.expression)]:
            assert set(re.findall(r"{{(\w+)}}", query.legend)) <= set(labels), query


def test_prometheus_evaluates_every_rule(scraped: Scraped) -> None:
    """No rule fails on real series, and on a bridge that is well none but the provoked ones fires."""
    assert set(scraped.rule_health) == {rule["alert"] for rule in _rules()}
    assert {name: health for name, health in scraped.rule_health.items() if health != "ok"} == {}
    assert scraped.firing == {"BridgeQuarantine"}
    assert scraped.answers[JOINED]


def test_the_scrape_is_what_the_list_of_metrics_says(scraped: Scraped) -> None:
    """Series of the bridge are those of `bridge.ops.metrics`, with their labels: the other checks rest on that."""
    for name, labels in scraped.series.items():
        # When a counter was made, which the client library adds.
        if name.startswith("bridge_") and not name.endswith("_created"):
            assert labels - TARGET_LABELS == exported()[name], name
