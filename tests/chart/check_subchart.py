"""The chart as a part of another one, and objects that a user adds to it."""

import shutil
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.chart.check_names import unfit_names
from tests.chart.check_scenarios import EVERYTHING
from tests.chart.cluster_schemas import complaints
from tests.chart.rendering import CHART, RELEASE, Body, HelmError, render, scenarios

PARENT: Final[Body] = {
    "apiVersion": "v2",
    "name": "telephony",
    "version": "1.0.0",
    "dependencies": [
        {"name": "bridge", "version": ">=0.0.0-0", "repository": "", "condition": "bridge.enabled"},
    ],
}


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """Give a chart that has ours in its charts/ folder, as `helm dependency build` unpacks it."""
    folder = tmp_path / "telephony"
    shutil.copytree(CHART, folder / "charts" / "bridge", ignore=shutil.ignore_patterns("ci"))
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text(yaml.safe_dump(PARENT))
    (folder / "values.yaml").write_text("global: {environment: test}\n")
    return folder


def under_parent(scenario: str, **changes: object) -> Body:
    """Give a scenario's values as a parent chart passes them on."""
    given = yaml.safe_load(scenarios()[scenario].read_text())
    own = {key: value for key, value in given.items() if key != "global"}
    return {"bridge": {**own, **changes}, "global": given.get("global", {}) | {"own": {"of": "the parent"}}}


@pytest.mark.parametrize("scenario", ["minimal", EVERYTHING, "strimzi-mtls"])
def test_a_parent_chart_gets_the_same_objects(scenario: str, parent: Path) -> None:
    """Under a parent, with `global` of its own and `enabled`, the same objects come out as without one."""
    alone = render(scenario)
    inside = render(under_parent(scenario, enabled=True), chart=parent)
    assert inside.objects == alone.objects
    assert not unfit_names(inside)
    assert not [one for item in inside.of("Deployment", "Job", "Service") for one in complaints(item, "1.34")]


def test_a_parent_chart_can_switch_the_bridge_off(parent: Path) -> None:
    """`bridge.enabled: false` renders nothing, and asks for no value."""
    assert not render({"bridge": {"enabled": False}}, chart=parent).objects


def test_a_typo_under_a_parent_chart_is_refused(parent: Path) -> None:
    """The schema counts there, too."""
    with pytest.raises(HelmError, match="replica is not allowed"):
        render(under_parent("minimal", ingress={"replica": 2}), chart=parent)


def test_global_values_of_the_parent_reach_every_pod(parent: Path) -> None:
    """The parent's registry and pull secrets are those of the bridge."""
    values = under_parent("minimal")
    values["global"] = {"imageRegistry": "mirror.example.com", "imagePullSecrets": [{"name": "mirror"}]}
    for item in render(values, chart=parent).workloads:
        assert item.pod
        assert item.pod["spec"]["imagePullSecrets"] == [{"name": "mirror"}]
        assert all(container["image"].startswith("mirror.example.com/") for container in item.containers)


def test_two_releases_share_a_namespace() -> None:
    """Names and selectors of two releases never meet, whatever they are called."""
    first, second = render("minimal", release=RELEASE), render("minimal", release="other")
    assert not {item.key for item in first} & {item.key for item in second}
    for item in second.of("Service", "Deployment"):
        assert "other" in str(item.body["spec"]["selector"]), item.key


def test_extra_objects_are_templates() -> None:
    """A map or a text, both go through `tpl`: an operator's object beside the release, by the release's own names."""
    metadata = {"name": "{{ .Release.Name }}-map", "namespace": "x"}
    values: Body = {
        "extraObjects": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata},
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Values.topics.prefix }}-text', namespace: x}\n",
        ]
    }
    extra = [item.name for item in render("minimal", values) if item.body["metadata"]["namespace"] == "x"]
    assert sorted(extra) == ["bridge-map", "pbx-text"]
