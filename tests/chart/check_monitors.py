"""What the chart makes for a Prometheus operator: each pod is scraped once, under the release's name."""

from typing import Final

import pytest

from tests.chart.rendering import CHART, Values, render

ON: Final[Values] = {"monitoring": {"rules": {"enabled": True}, "monitor": {"enabled": True}}}


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_each_pod_is_scraped_once(kind: str) -> None:
    """The port `admin` is found by one way: through one Service, or at the pod; and never at a Job's pod."""
    rendering = render("minimal", ON, {"monitoring": {"monitor": {"kind": kind}}}, namespace="pbx")
    monitor = rendering.one(kind)
    wanted = monitor.body["spec"]["selector"]["matchLabels"].items()
    (endpoint,) = monitor.body["spec"]["endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("admin", "/metrics")
    relabelled = {rule["targetLabel"]: rule.get("replacement") for rule in endpoint["relabelings"]}
    assert relabelled["job"] == "bridge"
    with_port = [
        workload.name
        for workload in rendering.workloads
        if workload.pod is not None and wanted <= workload.pod["metadata"]["labels"].items()
        for container in workload.containers
        for port in container.get("ports", [])
        if port["name"] == "admin" and port["containerPort"] == 9090
    ]
    assert sorted(with_port) == ["bridge-ingress", "bridge-worker"]
    found = []
    for service in rendering.of("Service"):
        ports = [port for port in service.body["spec"]["ports"] if port["name"] == "admin"]
        if ports and wanted <= service.labels.items():
            selector = service.body["spec"]["selector"].items()
            found += [
                one.name for one in rendering.workloads if one.pod and selector <= one.pod["metadata"]["labels"].items()
            ]
    assert sorted(found) == ["bridge-ingress", "bridge-worker"]


def test_monitoring_does_not_ask_the_cluster_what_it_has() -> None:
    """GitOps renders without a cluster: what is wanted is rendered, and what is not wanted is not."""
    templates = "".join(path.read_text() for path in (CHART / "templates" / "monitoring").iterdir())
    assert ".Capabilities.APIVersions" not in templates
    kinds = {one.kind for one in render("minimal")}
    assert kinds.isdisjoint({"ServiceMonitor", "PodMonitor", "PrometheusRule"})


def test_a_key_with_nothing_behind_it_is_an_empty_one() -> None:
    """`labels:` with nothing beneath is null for Helm."""
    nothing: Values = {
        "commonAnnotations": None,
        "monitoring": {
            "monitor": {"labels": None, "relabelings": None, "metricRelabelings": None},
            "rules": {"labels": None, "alertLabels": None, "overrides": None, "scope": None},
            "dashboards": {"enabled": True, "annotations": None, "namespace": None},
        },
    }
    plain: Values = {"monitoring": {"dashboards": {"enabled": True}}}
    assert render("minimal", ON, nothing).objects == render("minimal", ON, plain).objects
