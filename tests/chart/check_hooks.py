"""What Helm starts by itself: the pod of `helm test`, and on request a Job before `helm uninstall`. Nothing else."""

import re

import pytest

from tests.chart.cluster_schemas import complaints
from tests.chart.rendering import CHART, SCENARIOS, Body, render

HOOK = "helm.sh/hook"
HOOKS = {
    ("Pod", "test"): ("test", "before-hook-creation"),
    # hook-succeeded alone would let a Job that failed block the next release of the name.
    ("Job", "uninstall"): ("pre-delete", "before-hook-creation,hook-succeeded"),
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_else_is_a_hook(scenario: str) -> None:
    """GitOps runs hooks at other times, or never: what an installation needs is an ordinary object."""
    for item in render(scenario):
        found = item.annotations.get(HOOK), item.annotations.get(f"{HOOK}-delete-policy")
        assert found == HOOKS.get((item.kind, item.component), (None, None)), item.key


def test_webhooks_are_removed_on_request_alone() -> None:
    """An uninstallation that is a move, or a slip, must not take the registrations with it."""
    assert not [item for item in render("default").of("Job") if item.component == "uninstall"]
    asked = render("default", {"uninstall": {"removeHooks": True}})
    assert asked.one("Job", "uninstall").body["spec"]["backoffLimit"] == 0


@pytest.mark.parametrize("deadline", [60, 180])
def test_the_job_ends_before_its_deadline(deadline: int) -> None:
    """A Job that is killed has failed, and a failed hook stops the uninstallation: it gives up earlier by itself."""
    values: Body = {"uninstall": {"removeHooks": True, "activeDeadlineSeconds": deadline}}
    spec = render("default", values).one("Job", "uninstall").body["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    waits = int(container["args"][container["args"].index("--wait") + 1].removesuffix("s"))
    assert 0 < waits <= spec["activeDeadlineSeconds"] - 15
    assert "--every-connection" in container["args"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_runs_to_an_end_has_no_sidecar_of_a_mesh(scenario: str) -> None:
    """A sidecar goes on when the container is done, and the Job never ends."""
    for item in render(scenario).of("Job", "Pod"):
        assert item.pod
        metadata = item.pod["metadata"]
        assert metadata["annotations"]["sidecar.istio.io/inject"] == "false", item.key
        assert metadata["annotations"]["linkerd.io/inject"] == "disabled", item.key
        assert metadata["labels"]["sidecar.istio.io/inject"] == "false", item.key
        assert item.pod["spec"]["restartPolicy"] in {"Never", "OnFailure"}


@pytest.mark.parametrize("values", [{}, {"ingress": {"service": {"port": 8000}}, "namespaceOverride": "elsewhere"}])
def test_helm_test_asks_the_service_that_is_there(values: Body) -> None:
    """`bridge check` is given the address of the ingress's Service, with its port and namespace."""
    rendering = render("default", values)
    (container,) = rendering.one("Pod").containers
    (url,) = (argument for argument in container["args"] if argument.startswith("http"))
    found = re.fullmatch(r"http://([a-z0-9-]+)\.([a-z0-9-]+)\.svc:(\d+)", url)
    assert found
    (service,) = (item for item in rendering.of("Service") if item.name == found[1])
    assert service.body["metadata"]["namespace"] == found[2]
    assert [port["port"] for port in service.body["spec"]["ports"] if port["name"] == "hooks"] == [int(found[3])]
    assert container["args"][0] == "check"
    assert not render("default", {"tests": {"enabled": False}}).of("Pod")


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_either_monitor_scrapes_each_pod_once(kind: str) -> None:
    """Ingress and worker, by the port that no Job has; both kinds are valid objects."""
    values: Body = {"monitoring": {"monitor": {"kind": kind}}}
    (monitor,) = render("production", values).of("ServiceMonitor", "PodMonitor")
    assert monitor.kind == kind
    assert not complaints(monitor, "1.34")
    for item in render("production").of("Job", "Pod"):
        ports = [port for container in item.containers for port in container.get("ports", ())]
        assert "admin" not in {port["name"] for port in ports}, item.key


def test_the_way_up_is_written_down() -> None:
    """UPGRADING.md is in the chart, and says how a kept KafkaTopic is taken over by another release."""
    text = (CHART / "UPGRADING.md").read_text()
    assert "KafkaTopic" in text
    assert "meta.helm.sh/release-name" in text
