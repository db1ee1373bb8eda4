"""How many pods there are, how they are replaced, and how many may be away."""

from collections.abc import Mapping
from typing import Any, Final

import pytest
import yaml

from tests.chart.cluster_schemas import complaints
from tests.chart.rendering import CHART, SCENARIOS, Body, refusal, render

COMPONENTS: Final = ("ingress", "worker")
WORKER_TRIGGERS: Final = {
    ("kafka", "telephony.pbx.router", "telephony.pbx.commands.v1"),
    ("kafka", "telephony.pbx.owners", "telephony.pbx.internal.work"),
}


def scaled(component: str, kind: str, **changes: object) -> Body:
    """Give values in which a component scales by itself."""
    values = {"enabled": True, "type": kind, "targetCPU": 70, "minReplicas": 2, **changes}
    return {component: {"autoscaling": values}}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_deployment_says_its_replicas_unless_something_scales_it(scenario: str) -> None:
    """A number in the Deployment would undo at each upgrade what the autoscaler has decided."""
    rendering = render(scenario)
    scalers = rendering.of("HorizontalPodAutoscaler", "ScaledObject")
    targets = [item.body["spec"]["scaleTargetRef"]["name"] for item in scalers]
    assert len(targets) == len(set(targets)), "two scalers for one Deployment"
    for item in rendering.of("Deployment"):
        assert ("replicas" in item.body["spec"]) == (item.name not in targets), item.key


@pytest.mark.parametrize("kind", ["hpa", "keda"])
@pytest.mark.parametrize("component", COMPONENTS)
def test_each_component_scales_by_either(component: str, kind: str) -> None:
    """HorizontalPodAutoscaler or ScaledObject, for ingress or worker, with bounds and behaviour as given."""
    rendering = render("production", scaled(component, kind, maxReplicas=9))
    scaler = rendering.one({"hpa": "HorizontalPodAutoscaler", "keda": "ScaledObject"}[kind], component)
    spec = scaler.body["spec"]
    assert (spec.get("minReplicas"), spec.get("minReplicaCount")) in {(2, None), (None, 2)}
    assert (spec.get("maxReplicas"), spec.get("maxReplicaCount")) in {(9, None), (None, 9)}
    behavior = spec.get("behavior") or spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] >= 300
    target = rendering.one("Deployment", component)
    assert spec["scaleTargetRef"]["name"] == target.name
    assert "replicas" not in target.body["spec"]


def test_worker_scales_by_what_waits() -> None:
    """KEDA looks at the two groups in which commands wait, and begins where the bridge begins: at the start."""
    rendering = render("production", scaled("worker", "keda", lagThreshold=1_000_000, targetCPU=None))
    triggers = rendering.one("ScaledObject").body["spec"]["triggers"]
    found = {(one["type"], one["metadata"]["consumerGroup"], one["metadata"]["topic"]) for one in triggers}
    assert found == WORKER_TRIGGERS
    for one in triggers:
        assert one["metadata"]["lagThreshold"] == "1000000"
        assert one["metadata"]["offsetResetPolicy"] == "earliest"
        assert one["metadata"]["bootstrapServers"] == rendering.config["kafka"]["bootstrap_servers"]
        assert all(isinstance(value, str) for value in one["metadata"].values())
        assert one["authenticationRef"]["name"] == rendering.one("TriggerAuthentication").name


@pytest.mark.parametrize(
    ("scenario", "parameters"),
    [
        ("strimzi-mtls", {"ca", "cert", "key"}),
        ("strimzi-scram", {"ca", "username", "password"}),
        ("production", {"ca", "username", "password"}),
        ("confluent-cloud", {"username", "password"}),
        ("msk-scram", {"username", "password"}),
        ("confluent-oauth", {"username", "password", "oauthTokenEndpointUri", "oauthExtensions", "scopes"}),
        ("minimal", set()),
    ],
)
def test_keda_reads_the_secrets_that_the_bridge_reads(scenario: str, parameters: set[str]) -> None:
    """The same Secrets and keys as in the pods, each once; without any there is no TriggerAuthentication."""
    rendering = render(scenario, scaled("worker", "keda"))
    targets: list[Mapping[str, Any]] = [
        target
        for item in rendering.of("TriggerAuthentication")
        for key in ("secretTargetRef", "configMapTargetRef")
        for target in item.body["spec"].get(key, ())
    ]
    assert {target["parameter"] for target in targets} == parameters
    assert len(targets) == len(parameters)
    for item in rendering.of("ScaledObject", "TriggerAuthentication"):
        assert not complaints(item, "1.34")
    worker = str(rendering.one("Deployment", "worker").body)
    maps = {item.name for item in rendering.of("ConfigMap")}
    for target in targets:
        assert target["name"] in maps or (target["name"] in worker and target["key"] in worker)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"replicas": 1}, False),
        ({"replicas": 2}, True),
        ({"replicas": 1, "autoscaling": {"enabled": True, "type": "hpa", "targetCPU": 70, "minReplicas": 2}}, True),
        ({"replicas": 5, "autoscaling": {"enabled": True, "type": "hpa", "targetCPU": 70, "minReplicas": 1}}, False),
        ({"replicas": 3, "pdb": {"enabled": False}}, False),
    ],
    ids=["one", "two", "scaled from two", "scaled from one", "switched off"],
)
@pytest.mark.parametrize("component", COMPONENTS)
def test_a_budget_is_there_from_two_pods_on(component: str, values: Body, wanted: bool) -> None:
    """With one pod a budget would stop each drain of its node for ever."""
    budgets = [
        item
        for item in render("production", {component: values}).of("PodDisruptionBudget")
        if item.component == component
    ]
    assert bool(budgets) == wanted
    for budget in budgets:
        assert budget.body["spec"]["maxUnavailable"] == 1
        assert budget.body["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_ingress_is_replaced_without_a_gap_and_workers_one_by_one(scenario: str) -> None:
    """A new ingress is ready before an old one goes; of workers one member leaves or joins the group at a time."""
    ingress = render(scenario).one("Deployment", "ingress").body["spec"]
    worker = render(scenario).one("Deployment", "worker").body["spec"]
    assert ingress["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert worker["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}
    assert worker["minReadySeconds"] >= 15
    for spec in (ingress, worker):
        assert spec["revisionHistoryLimit"] == 5
        assert spec["progressDeadlineSeconds"] == 600


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_pods_have_time_to_stop(scenario: str) -> None:
    """An ingress sleeps until the balancer knows, then takes 25 s at most; a worker takes 45 s at most."""
    ingress = render(scenario).one("Deployment", "ingress").body["spec"]["template"]["spec"]
    worker = render(scenario).one("Deployment", "worker").body["spec"]["template"]["spec"]
    (container,) = (one for one in ingress["containers"] if one["name"] == "bridge")
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 5 <= pause <= 15
    assert ingress["terminationGracePeriodSeconds"] > pause + 25
    assert worker["terminationGracePeriodSeconds"] > 45


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_probes_ask_the_admin_port(scenario: str) -> None:
    """Startup and liveness look at the loops, readiness at the work; liveness never depends on Kafka."""
    for item in render(scenario).of("Deployment"):
        (container,) = (one for one in item.containers if one["name"] == "bridge")
        for probe, path in (("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
            assert container[probe]["httpGet"] == {"path": path, "port": "admin"}, item.key


def test_pods_spread_softly_over_hosts_and_zones() -> None:
    """By default, and among the pods of one version, so that a rollout does not count those that go."""
    for item in render("minimal").of("Deployment"):
        assert item.pod
        spread = item.pod["spec"]["topologySpreadConstraints"]
        assert [one["topologyKey"] for one in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
        for one in spread:
            assert one["whenUnsatisfiable"] == "ScheduleAnyway"
            assert one["matchLabelKeys"] == ["pod-template-hash"]
            assert one["labelSelector"] == item.body["spec"]["selector"]
    given = render("production").one("Deployment", "ingress").body["spec"]
    (own,) = given["template"]["spec"]["topologySpreadConstraints"]
    assert own["whenUnsatisfiable"] == "DoNotSchedule"
    assert own["labelSelector"] == given["selector"], "a constraint without a selector counts nothing"
    worker = render("production").one("Deployment", "worker").body["spec"]["template"]["spec"]
    assert "topologySpreadConstraints" not in worker


def test_no_default_lets_workers_go_to_zero() -> None:
    """KEDA can scale to nothing, but polling, registration and reconciliation need a worker at all times."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert values["worker"]["autoscaling"]["minReplicas"] >= 1
    assert "minReplicas" in refusal("minimal", scaled("worker", "keda", minReplicas=0))
