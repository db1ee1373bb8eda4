"""From where each pod gets the image, and with which Secrets."""

from typing import Final

import pytest
import yaml

from tests.chart.rendering import CHART, Body, render

DIGEST: Final = f"sha256:{'a' * 64}"
APP_VERSION: Final = str(yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"])
EVERYWHERE: Final = ("production", "minimal")
"""Together all kinds of pods: both components, the jobs and the test."""


def images(*values: str | Body) -> set[str]:
    """Give what the containers of the bridge are made of, in all pods."""
    return {
        container["image"]
        for item in render(*values).workloads
        for container in item.containers
        if container["name"] == "bridge"
    }


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        ({}, f"mobili-stotele-bridge:{APP_VERSION}"),
        ({"tag": "1.2.3"}, "mobili-stotele-bridge:1.2.3"),
        ({"digest": DIGEST}, f"mobili-stotele-bridge@{DIGEST}"),
        ({"tag": "1.2.3", "digest": DIGEST}, f"mobili-stotele-bridge@{DIGEST}"),
        ({"registry": "r.example.com:5000", "repository": "a/b"}, f"r.example.com:5000/a/b:{APP_VERSION}"),
        ({"registry": "r.example.com/", "repository": "a/b"}, f"r.example.com/a/b:{APP_VERSION}"),
    ],
    ids=["by default", "a tag", "a digest", "a digest beats a tag", "a registry", "a registry with a slash"],
)
def test_the_image_is_what_the_values_say(image: Body, wanted: str) -> None:
    """Registry, repository, and the digest before the tag; without either the chart's own version."""
    assert images("minimal", {"image": image}) == {wanted}


def test_a_registry_of_the_parent_chart_counts_before_our_own() -> None:
    """`global.imageRegistry` is how a site with a mirror turns all charts at once."""
    mirrored = images(
        "production", {"image": {"registry": "r.example.com"}, "global": {"imageRegistry": "mirror:5000"}}
    )
    assert len(mirrored) == 1
    assert mirrored.pop().startswith("mirror:5000/telephony/bridge@sha256:")


def test_every_pod_has_all_pull_secrets() -> None:
    """Those of the parent chart and our own, as names or as objects: jobs and the test pull the same image."""
    values: Body = {
        "global": {"imagePullSecrets": ["a", {"name": "b"}]},
        # A name that stands twice is a conflict to a server-side apply.
        "image": {"pullSecrets": ["c", "a", {"name": "d"}, {"name": "b"}]},
    }
    for scenario in EVERYWHERE:
        workloads = render(scenario, values).workloads
        assert len(workloads) >= 4
        for item in workloads:
            assert item.pod
            secrets = [secret["name"] for secret in item.pod["spec"]["imagePullSecrets"]]
            assert sorted(secrets) == ["a", "b", "c", "d"], item.key
    for item in render("minimal").workloads:
        assert item.pod
        assert "imagePullSecrets" not in item.pod["spec"], item.key


@pytest.mark.parametrize("policy", ["Always", "IfNotPresent", "Never"])
def test_the_pull_policy_is_the_users(policy: str) -> None:
    """In each pod of the release."""
    policies = {
        container["imagePullPolicy"]
        for item in render("production", {"image": {"pullPolicy": policy}}).workloads
        for container in item.containers
        if container["name"] == "bridge"
    }
    assert policies == {policy}


def test_every_pod_runs_under_an_account_of_its_component() -> None:
    """Ingress, worker and jobs each have one, so that a cloud identity can be given to one of them; or the user's."""
    accounts = {item.name for item in render("minimal").of("ServiceAccount")}
    assert accounts == {"bridge-ingress", "bridge-worker", "bridge-jobs"}
    used = {item.component: item.pod["spec"]["serviceAccountName"] for item in render("minimal").workloads if item.pod}
    assert used == {
        "ingress": "bridge-ingress",
        "worker": "bridge-worker",
        "topics": "bridge-jobs",
        "test": "bridge-jobs",
    }
    theirs: Body = {"worker": {"serviceAccountName": "own"}, "serviceAccount": {"jobsName": "jobs"}}
    rendering = render("minimal", theirs)
    assert [item.name for item in rendering.of("ServiceAccount")] == ["bridge-ingress"]
    assert {item.pod["spec"]["serviceAccountName"] for item in rendering.workloads if item.pod} == {
        "bridge-ingress",
        "own",
        "jobs",
    }
    annotated: Body = {
        "serviceAccount": {"annotations": {"a": "all"}},
        "worker": {"serviceAccountAnnotations": {"a": "own"}},
    }
    found = {item.name: item.annotations["a"] for item in render("minimal", annotated).of("ServiceAccount")}
    assert found == {"bridge-ingress": "all", "bridge-worker": "own", "bridge-jobs": "all"}
