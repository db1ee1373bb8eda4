"""Names, namespaces, labels and annotations of all objects of all scenarios."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.chart.chart_copies import copy_of_chart
from tests.chart.cluster_schemas import complaints
from tests.chart.rendering import CHART, NAMESPACE, SCENARIOS, Body, KubernetesObject, Rendering, Values, render

LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""RFC 1123: what Services, pods and most other names must be."""
SUBDOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""A topic's object has the topic's name, with its dots."""
LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
LABEL_KEY: Final = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
PORT_NAME: Final = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_RELEASE: Final = "a-release-whose-name-has-as-many-characters-as-helm-t"
"""53 characters: helm refuses longer ones."""
LONGEST_CONNECTIONS: Final = tuple(f"{'connection-as-long-as-a-label-may-be-' * 2}"[:62] + end for end in "ab")

HOSTILE: Final = {
    "commonLabels": {"team": "telephony", "app.kubernetes.io/name": "other", "app.kubernetes.io/component": "other"},
    "commonAnnotations": {"contact": "telephony@example.com", "checksum/config": "none"},
}
"""Labels of a user that would break selectors, and an annotation that would stop roll-outs, if they counted."""


def long_values() -> list[tuple[str, Values]]:
    """Give values with names as long as they may be, and what is long in them."""
    connection = {"baseUrl": "https://pbx.example.com/api/v2", "credentials": {"existingSecret": "pbx"}}
    return [
        ("release", {}),
        ("name", {"nameOverride": "the-name-of-somebody-who-writes-long-names-in-every-place-he-can-find"}),
        ("full name", {"fullnameOverride": "the-full-name-of-somebody-who-writes-long-names-wherever-he-can"}),
        ("connections", {"connections": dict.fromkeys(LONGEST_CONNECTIONS, connection)}),
        ("full name with dots", {"fullnameOverride": "bridge.of.the.telephony.department.with.many.dots.in-it"}),
    ]


def ours(rendering: Rendering) -> Iterator[KubernetesObject]:
    """Give the objects that the chart makes: a user's own in `extraObjects` say for themselves what they are."""
    return (item for item in rendering if "app.kubernetes.io/name" in item.labels)


def named_by_release(scenario: str, release: str) -> Iterator[KubernetesObject]:
    """Give our objects but those of Strimzi, which are named after topics and users of Kafka."""
    return (item for item in ours(render(scenario, release=release)) if "strimzi" not in str(item.body["apiVersion"]))


def unfit_names(rendering: Rendering) -> list[str]:
    """Give the names in objects that an API server refuses, or that two objects share."""
    found = []
    for item in rendering:
        fit = SUBDOMAIN if item.kind in {"KafkaTopic", "KafkaUser"} else LABEL
        if not fit.fullmatch(item.name):
            found.append(item.key)
        pod = item.pod or {"metadata": {}, "spec": {}}
        for key, value in [*item.labels.items(), *(pod["metadata"].get("labels") or {}).items()]:
            if not LABEL_KEY.fullmatch(key) or not LABEL_VALUE.fullmatch(value):
                found.append(f"{item.key}: label {key}={value}")
        parts = [*item.containers, *(pod["spec"].get("volumes") or [])]
        found += [f"{item.key}: {part['name']}" for part in parts if not LABEL.fullmatch(part["name"])]
        names = Counter(part["name"] for part in item.containers)
        found += [f"{item.key}: container {name} twice" for name, count in names.items() if count > 1]
        ports = [port for container in item.containers for port in container.get("ports", ())]
        found += [f"{item.key}: port {port['name']}" for port in ports if not PORT_NAME.fullmatch(port["name"])]
    keys = Counter(item.key for item in rendering)
    return found + [f"{key} is there {count} times" for key, count in keys.items() if count > 1]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_name_and_label_is_valid_and_no_object_is_there_twice(scenario: str) -> None:
    """Names are DNS labels of at most 63 characters, and each object is one."""
    assert not unfit_names(render(scenario))


@pytest.mark.parametrize(("what", "values"), long_values(), ids=[what for what, _ in long_values()])
@pytest.mark.parametrize("scenario", ["production", "strimzi-mtls"])
def test_names_stay_valid_where_everything_is_long(scenario: str, what: str, values: Values) -> None:
    """With a release name of 53 characters and the longest names a user may give, no name is too long."""
    assert len(LONGEST_RELEASE) == 53
    assert {len(name) for name in LONGEST_CONNECTIONS} == {63}
    assert not unfit_names(render(scenario, values, release=LONGEST_RELEASE))


@pytest.mark.parametrize("scenario", ["production", "strimzi-mtls"])
def test_two_long_names_that_differ_at_their_end_stay_two(scenario: str) -> None:
    """What is cut has a hash of the whole, so that two releases in one namespace do not fight for one object."""
    first, second = ({item.key for item in named_by_release(scenario, f"{LONGEST_RELEASE[:52]}{end}")} for end in "xy")
    assert first
    assert not first & second


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_object_says_its_namespace(scenario: str) -> None:
    """`kubectl apply` of what is rendered must not depend on the namespace that happens to be current."""
    for item in render(scenario):
        assert item.body["metadata"].get("namespace"), item.key
    if scenario == "minimal":
        assert {item.body["metadata"]["namespace"] for item in render(scenario)} == {NAMESPACE}
    elsewhere = render(scenario, {"namespaceOverride": "elsewhere"})
    for before, after in zip(ours(render(scenario)), ours(elsewhere), strict=True):
        if before.body["metadata"]["namespace"] == NAMESPACE:
            assert after.body["metadata"]["namespace"] == "elsewhere", after.key


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_object_says_what_it_belongs_to(scenario: str) -> None:
    """Each object has the recommended labels: name, instance, version, managed-by and the chart."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    for item in ours(render(scenario)):
        assert item.labels["app.kubernetes.io/instance"] == "bridge", item.key
        assert item.labels["app.kubernetes.io/managed-by"] == "Helm", item.key
        assert item.labels["app.kubernetes.io/version"] == chart["appVersion"], item.key
        assert item.labels["helm.sh/chart"] == f"bridge-{chart['version']}", item.key


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_common_labels_and_annotations_reach_every_object_and_pod(scenario: str) -> None:
    """What a user wants on everything is on everything, and cannot take the place of what selectors look at."""
    plain, labelled = list(ours(render(scenario))), list(ours(render(scenario, HOSTILE)))
    assert len(plain) == len(labelled)
    for before, item in zip(plain, labelled, strict=True):
        pods = [item.pod["metadata"]] if item.pod else []
        for metadata in (item.body["metadata"], *pods):
            assert metadata["labels"]["team"] == "telephony", item.key
            assert metadata["annotations"]["contact"] == "telephony@example.com", item.key
            assert metadata["labels"]["app.kubernetes.io/name"] == before.labels["app.kubernetes.io/name"], item.key
        assert item.labels.get("app.kubernetes.io/component", "other") in {before.component, "other"}
        if item.pod and before.pod:
            wanted = before.pod["metadata"]["labels"]["app.kubernetes.io/component"]
            assert item.pod["metadata"]["labels"]["app.kubernetes.io/component"] == wanted
            assert item.pod["metadata"]["annotations"]["checksum/config"] != "none"


def test_labels_of_a_chart_with_a_long_version_are_valid(tmp_path: Path) -> None:
    """A version with build metadata, as a pipeline makes it, is no valid label nor tag by itself: `+` becomes `_`."""
    long = f"0.1.0+{'build.' * 12}7"
    rendering = render("minimal", chart=copy_of_chart(tmp_path, version=long, appVersion=long))
    assert not unfit_names(rendering)
    assert {container["image"] for item in rendering.workloads for container in item.containers} == {
        f"mobili-stotele-bridge:{long.replace('+', '_')}"
    }


@pytest.mark.parametrize("scenario", ["production", "strimzi-scram", "openshift"])
def test_names_that_look_like_numbers_stay_texts(scenario: str) -> None:
    """A namespace may be called 2024, and YAML would make a number of it, which no API server takes for a name."""
    values: Body = {
        "namespaceOverride": "2024",
        "fullnameOverride": "null",
        "ingress": {
            "serviceAccountName": "007",
            "service": {"loadBalancerClass": "1e3"},
            "route": {"ingress": {"className": "0x10"}},
        },
        "monitoring": {"dashboards": {"namespace": "1_000"}},
    }
    if scenario == "strimzi-scram":
        values["topics"] = {"strimzi": {"namespace": "12", "userName": "true"}}
    for item in ours(render(scenario, values)):
        assert isinstance(item.body["metadata"]["name"], str), item.key
        assert isinstance(item.body["metadata"]["namespace"], str), item.key
        assert not complaints(item, "1.34")
