"""What selects pods: the same for ever, and always pods of ours.

A selector cannot be changed in a Deployment, and a Service whose selector matches nothing has no endpoint: an upgrade
that touches one is an outage. `released/` holds what the last release had.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.chart.chart_copies import copy_of_chart
from tests.chart.check_names import HOSTILE, ours
from tests.chart.promises import RELEASED, SCENARIO, promises
from tests.chart.rendering import SCENARIOS, KubernetesObject, render

NAME: Final = "app.kubernetes.io/name"
INSTANCE: Final = "app.kubernetes.io/instance"
COMPONENT: Final = "app.kubernetes.io/component"
OF_THE_WHOLE_RELEASE: Final = {"NetworkPolicy", "ServiceMonitor", "PodMonitor"}
"""Kinds that may select by name and instance alone; all others choose one component."""


def selectors(item: KubernetesObject) -> list[dict[str, Any]]:
    """Give an object's label selectors as `matchLabels` and `matchExpressions`."""
    spec = item.body.get("spec") or {}
    match item.kind:
        case "Service":
            found = [{"matchLabels": spec["selector"]}]
        case "NetworkPolicy":
            found = [spec["podSelector"]]
        case "Deployment" | "StatefulSet" | "PodDisruptionBudget" | "ServiceMonitor" | "PodMonitor":
            found = [spec["selector"]]
        case _:
            found = []
    if item.pod and item.kind != "Pod":
        spread = item.pod["spec"].get("topologySpreadConstraints") or []
        found += [constraint["labelSelector"] for constraint in spread]
    return found


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Tell whether labels are selected; `In` is the one expression that the chart writes."""
    expressions = selector.get("matchExpressions") or []
    assert {expression["operator"] for expression in expressions} <= {"In"}
    return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()) and all(
        labels.get(expression["key"]) in expression["values"] for expression in expressions
    )


def keys_of(selector: dict[str, Any]) -> set[str]:
    """Give the labels that a selector looks at."""
    expressions = selector.get("matchExpressions") or []
    return {*(selector.get("matchLabels") or {}), *(expression["key"] for expression in expressions)}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_selectors_look_at_what_never_changes(scenario: str) -> None:
    """A selector has name, instance and mostly component: no version, nothing of the user's."""
    for item in ours(render(scenario, HOSTILE)):
        for selector in selectors(item):
            keys = keys_of(selector)
            assert {NAME, INSTANCE} <= keys <= {NAME, INSTANCE, COMPONENT}, item.key
            assert COMPONENT in keys or item.kind in OF_THE_WHOLE_RELEASE, item.key


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_selectors_match_the_pods_they_are_for(scenario: str) -> None:
    """Each selector selects pods that the release has, of its own component where it has one, and of no other."""
    rendering = render(scenario, HOSTILE)
    pods = [item.pod["metadata"]["labels"] for item in rendering.workloads if item.pod]
    services = [item.labels for item in rendering.of("Service")]
    for item in ours(rendering):
        for selector in selectors(item):
            there = services if item.kind == "ServiceMonitor" else pods
            chosen = [labels for labels in there if matches(selector, labels)]
            assert chosen, f"{item.key} selects nothing"
            if COMPONENT in keys_of(selector) and item.kind not in OF_THE_WHOLE_RELEASE:
                assert {labels[COMPONENT] for labels in chosen} == {item.component}, item.key
        if item.kind in {"Deployment", "StatefulSet"}:
            assert item.pod
            (selector, *_) = selectors(item)
            assert matches(selector, item.pod["metadata"]["labels"]), item.key


def test_no_network_policy_leaves_a_pod_out() -> None:
    """With network policies on, every pod of the release is under one, the jobs' and the test's included."""
    rendering = render("production")
    policies = [selector for item in rendering.of("NetworkPolicy") for selector in selectors(item)]
    for item in rendering.workloads:
        assert item.pod
        labels = item.pod["metadata"]["labels"]
        assert [policy for policy in policies if matches(policy, labels)], f"{item.key} is under no NetworkPolicy"


def test_one_name_has_one_selector_whatever_the_values(tmp_path: Path) -> None:
    """Selectors and Services' ports are the same in all scenarios, with any labels, and in another version."""
    later = copy_of_chart(tmp_path, version="9.9.9", appVersion="9.9.9")
    renderings = [render(scenario) for scenario in SCENARIOS]
    renderings += [render(scenario, HOSTILE) for scenario in SCENARIOS]
    renderings += [render(scenario, chart=later) for scenario in SCENARIOS]
    seen: dict[str, Any] = {}
    for rendering in renderings:
        for key, kept in promises(rendering).items():
            assert seen.setdefault(key, kept) == kept, key


@pytest.mark.parametrize("release", sorted(path.stem for path in RELEASED.glob("*.json")))
def test_an_upgrade_from_a_release_changes_no_promise(release: str) -> None:
    """What a release had is there still, with the same selector and the same ports, for the whole major version."""
    kept: dict[str, Any] = json.loads((RELEASED / f"{release}.json").read_text())
    assert kept
    now = promises(render(SCENARIO))
    assert {key: now.get(key) for key in kept} == kept


def test_there_is_a_released_state_to_compare_with() -> None:
    """The first release is kept: without it the guard against changes guards nothing."""
    assert list(RELEASED.glob("0.1.0.json"))
