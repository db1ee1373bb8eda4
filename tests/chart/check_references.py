"""Whatever an object refers to is there: rendered, or named by the user's values as something of his own."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from tests.chart.check_names import ours
from tests.chart.check_selectors import matches
from tests.chart.rendering import CHART, SCENARIOS, Body, KubernetesObject, Rendering, render, scenarios

HOOKS_PORT: Final = 8080
ADMIN_PORT: Final = 9090
NO_HOSTS: Final[Body] = {"ingress": {"hosts": []}, "httpRoute": {"hostnames": []}}
SOURCES: Final = {"configMapRef": "ConfigMap", "secretRef": "Secret"}


def named_by_user(scenario: str) -> set[str]:
    """Give every text in the values: the names of what a user says exists are among them."""

    def texts(value: object) -> Iterator[str]:
        match value:
            case dict():
                for inner in value.values():
                    yield from texts(inner)
            case list():
                for inner in value:
                    yield from texts(inner)
            case str():
                yield value
            case _:
                return

    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    return {text for values in (defaults, yaml.safe_load(scenarios()[scenario].read_text())) for text in texts(values)}


def references(item: KubernetesObject) -> Iterator[tuple[str, str]]:
    """Give kind and name of the objects of the namespace that an object cannot do without."""
    spec = item.body.get("spec") or {}
    if item.pod:
        yield from references_of_pod(item.pod["spec"])
    match item.kind:
        case "Ingress":
            for rule in spec["rules"]:
                for path in rule["http"]["paths"]:
                    yield "Service", path["backend"]["service"]["name"]
            yield from (("Secret", tls["secretName"]) for tls in spec.get("tls", ()))
        case "HTTPRoute":
            yield from (("Service", backend["name"]) for rule in spec["rules"] for backend in rule["backendRefs"])
        case "HorizontalPodAutoscaler" | "ScaledObject":
            yield spec["scaleTargetRef"].get("kind", "Deployment"), spec["scaleTargetRef"]["name"]
            for trigger in spec.get("triggers", ()):
                if "authenticationRef" in trigger:
                    yield "TriggerAuthentication", trigger["authenticationRef"]["name"]
        case "TriggerAuthentication":
            yield from (("Secret", target["name"]) for target in spec.get("secretTargetRef", ()))
            yield from (("ConfigMap", target["name"]) for target in spec.get("configMapTargetRef", ()))
        case _:
            return


def references_of_pod(spec: Body) -> Iterator[tuple[str, str]]:
    """Give kind and name of what must be there before a pod starts."""
    yield "ServiceAccount", spec["serviceAccountName"]
    yield from (("Secret", secret["name"]) for secret in spec.get("imagePullSecrets", ()))
    for volume in spec["volumes"]:
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        for source in volume.get("projected", {}).get("sources", ()):
            yield "Secret", source["secret"]["name"]
    for container in [*spec.get("initContainers", ()), *spec["containers"]]:
        for entry in container.get("env", ()):
            if "secretKeyRef" in entry.get("valueFrom", {}):
                yield "Secret", entry["valueFrom"]["secretKeyRef"]["name"]
        for source in container.get("envFrom", ()):
            yield from (
                ({"configMapRef": "ConfigMap", "secretRef": "Secret"}[key], source[key]["name"]) for key in source
            )


def ports_of(rendering: Rendering, selector: dict[str, str]) -> dict[str, int]:
    """Give the named ports of the pods that labels select."""
    return {
        port["name"]: port["containerPort"]
        for item in rendering.workloads
        if item.pod and matches({"matchLabels": selector}, item.pod["metadata"]["labels"])
        for container in item.containers
        for port in container.get("ports", ())
    }


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_an_object_refers_to_is_there_or_the_users(scenario: str) -> None:
    """No name leads nowhere: the chart makes it, or the values say that it exists."""
    rendering = render(scenario)
    there = {(item.kind, item.name) for item in rendering}
    theirs = named_by_user(scenario)
    for item in ours(rendering):
        for kind, name in references(item):
            assert name, f"{item.key} refers to a {kind} without a name"
            assert (kind, name) in there or name in theirs | {"default"}, f"{item.key} refers to {kind} {name}"
            assert kind != "Secret" or (kind, name) not in there, "the chart makes no Secret"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_chart_makes_no_secret(scenario: str) -> None:
    """Keys come from Secrets that are there already: a chart that made one would need its content in values."""
    assert not render(scenario).of("Secret")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_volume_is_mounted_and_every_mount_has_its_volume(scenario: str) -> None:
    """Nothing is mounted that is not there, nothing is there that nobody mounts, and no path is taken twice."""
    for item in render(scenario).workloads:
        assert item.pod
        volumes = [volume["name"] for volume in item.pod["spec"]["volumes"]]
        mounted = [mount["name"] for container in item.containers for mount in container.get("volumeMounts", ())]
        assert len(volumes) == len(set(volumes)), item.key
        assert set(volumes) == set(mounted), item.key
        for container in item.containers:
            paths = [mount["mountPath"] for mount in container.get("volumeMounts", ())]
            assert len(paths) == len(set(paths)), item.key


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_keys_of_config_maps_that_are_referred_to_are_there(scenario: str) -> None:
    """The file that BRIDGE_CONFIG names is a key of the ConfigMap that is mounted there; KEDA's keys are there, too."""
    rendering = render(scenario)
    maps = {item.name: item.body["data"] for item in rendering.of("ConfigMap")}
    for item in rendering.workloads:
        assert item.pod
        (volume,) = (volume for volume in item.pod["spec"]["volumes"] if volume["name"] == "config")
        for container in item.containers:
            if container["name"] == "bridge":
                (path,) = (entry["value"] for entry in container["env"] if entry["name"] == "BRIDGE_CONFIG")
                (mount,) = (mount for mount in container["volumeMounts"] if mount["name"] == "config")
                assert path.removeprefix(f"{mount['mountPath']}/") in maps[volume["configMap"]["name"]], item.key
    for item in rendering.of("TriggerAuthentication"):
        for target in item.body["spec"].get("configMapTargetRef", ()):
            assert target["key"] in maps[target["name"]]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_named_port_is_there(scenario: str) -> None:
    """Probes, Services, monitors, routes and network policies name ports that containers and Services have."""
    rendering = render(scenario)
    services = {item.name: item for item in rendering.of("Service")}
    for item in rendering.workloads:
        for container in item.containers:
            own = {port["name"] for port in container.get("ports", ())}
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert container.get(kind, {}).get("httpGet", {"port": "admin"})["port"] in own | {"admin"}, item.key
            assert "httpGet" not in str(container.get("livenessProbe")) or "admin" in own, item.key
    for service in services.values():
        there = ports_of(rendering, service.body["spec"]["selector"])
        assert {port["targetPort"] for port in service.body["spec"]["ports"]} <= set(there), service.key
    for item in rendering.of("ServiceMonitor", "PodMonitor"):
        endpoints = item.body["spec"].get("endpoints") or item.body["spec"]["podMetricsEndpoints"]
        selected = [one for one in services.values() if matches(item.body["spec"]["selector"], one.labels)]
        ports = [port["name"] for one in selected for port in one.body["spec"]["ports"]]
        assert {endpoint["port"] for endpoint in endpoints} == {"admin"}
        # Once for ingress and once for worker: a pod behind two Services with this port would be scraped twice.
        assert item.kind == "PodMonitor" or ports.count("admin") == 2


def hook_services(rendering: Rendering) -> list[KubernetesObject]:
    """Give the Services that a route leads to."""
    names = {
        name for item in rendering.of("Ingress", "HTTPRoute") for kind, name in references(item) if kind == "Service"
    }
    return [item for item in rendering.of("Service") if item.name in names]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_public_leads_to_the_admin_port(scenario: str) -> None:
    """Ingress, HTTPRoute and every Service that is more than a name within the cluster lead to webhooks alone."""
    rendering = render(scenario)
    services = [item for item in ours(rendering) if item.kind == "Service"]
    public = [item for item in services if item.body["spec"].get("clusterIP") != "None"]
    assert len(public) == 1
    assert {item.key for item in hook_services(rendering)} <= {item.key for item in public}
    for service in public:
        pods = ports_of(rendering, service.body["spec"]["selector"])
        for port in service.body["spec"]["ports"]:
            assert port["targetPort"] == "hooks", service.key
            assert pods[port["targetPort"]] == HOOKS_PORT
    (service,) = public
    names: dict[str, Any] = {port["name"]: port["port"] for port in service.body["spec"]["ports"]}
    for item in rendering.of("Ingress"):
        for rule in item.body["spec"]["rules"]:
            assert rule["host"], item.key
            for path in rule["http"]["paths"]:
                assert path["backend"]["service"]["port"] == {"name": "hooks"}
                assert path["path"].startswith("/hooks"), item.key
    for item in rendering.of("HTTPRoute"):
        assert item.body["spec"]["hostnames"], item.key
        assert all({"group", "kind"} <= set(parent) for parent in item.body["spec"]["parentRefs"])
        for rule in item.body["spec"]["rules"]:
            assert {backend["port"] for backend in rule["backendRefs"]} == {names["hooks"]}
            # Defaults of the API in a list, which GitOps tools otherwise report as a difference for ever.
            assert all({"group", "kind", "weight"} <= set(backend) for backend in rule["backendRefs"])
            assert all(match["path"]["value"].startswith("/hooks") for match in rule["matches"])


def test_routes_have_the_host_as_kubernetes_writes_it() -> None:
    """A public URL may be in upper case and with a port; a host of a route may be neither."""
    rendering = render("production", {"publicUrl": "https://Hooks.Example.com:8443", "ingress": {"route": NO_HOSTS}})
    assert rendering.one("Ingress").body["spec"]["rules"][0]["host"] == "hooks.example.com"
    assert rendering.one("HTTPRoute").body["spec"]["hostnames"] == ["hooks.example.com"]


@pytest.mark.parametrize("moved", [{}, {"ingress": {"port": 8181}, "admin": {"port": 9191}}], ids=["usual", "moved"])
def test_network_policies_let_in_what_is_named(moved: Body) -> None:
    """Webhooks from whom `ingressFrom` names, the admin port for whom `metricsFrom` names; 443 for workers alone."""
    rendering = render("production", {"config": moved})
    hooks = moved.get("ingress", {}).get("port", HOOKS_PORT)
    admin = moved.get("admin", {}).get("port", ADMIN_PORT)
    assert ports_of(rendering, {"app.kubernetes.io/component": "ingress"}) == {"hooks": hooks, "admin": admin}
    policies = {item.component: item.body["spec"] for item in rendering.of("NetworkPolicy")}
    values = yaml.safe_load(scenarios()["production"].read_text())["networkPolicy"]
    for component, policy in policies.items():
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        for rule in policy.get("ingress", ()):
            (port,) = (one["port"] for one in rule["ports"])
            assert port in {"admin", admin} or (component == "ingress" and port in {"hooks", hooks})
            wanted = values["metricsFrom"] if port in {"admin", admin} else values["ingressFrom"]
            assert all(source in rule["from"] for source in wanted)
            strangers = [source for source in rule["from"] if source not in wanted]
            assert all(source["podSelector"]["matchLabels"] for source in strangers)
            assert not strangers or port in {"hooks", hooks}
    nobody = render("production", {"networkPolicy": {"metricsFrom": []}, "config": moved})
    for item in nobody.of("NetworkPolicy"):
        ports = {port["port"] for rule in item.body["spec"].get("ingress", ()) for port in rule["ports"]}
        assert not ports & {"admin", admin}, "an empty metricsFrom lets everybody in"
    for component, policy in policies.items():
        out = {port["port"] for rule in policy["egress"] for port in rule.get("ports", ())}
        assert {53, 5353, 9093} <= out, "DNS pods of OpenShift listen on 5353, and a policy looks at the pod's port"
        assert (443 in out) == (component == "worker"), component
        assert all(rule.get("ports") for rule in policy["egress"]), "a rule without ports lets everything out"


@pytest.mark.parametrize("metrics", [True, False], ids=["scraped", "not scraped"])
def test_further_rules_let_in_to_both_components(metrics: bool) -> None:
    """`extraIngress` stands beside the chart's own rules; Jobs and the test let nobody in."""
    mesh = {"ports": [{"port": 15008, "protocol": "TCP"}]}
    values: Body = {"networkPolicy": {"extraIngress": [mesh], **({} if metrics else {"metricsFrom": []})}}
    rules = {
        item.component: item.body["spec"].get("ingress", [])
        for item in render("production", values).of("NetworkPolicy")
    }
    assert {component for component, given in rules.items() if mesh in given} == {"ingress", "worker"}
    assert [len(rules[component]) for component in ("ingress", "worker")] == ([3, 2] if metrics else [2, 1])


def test_each_broker_and_each_vendor_port_is_let_out() -> None:
    """The ports of all brokers, those that the Job alone asks included, and of every vendor's address are open."""
    other = {"baseUrl": "http://pbx.example.com:8443/api/v2", "credentials": {"existingSecret": "other"}}
    values = {
        "connections": {"other": other},
        "kafka": {"bootstrapServers": "a:19092, b:29092"},
        "topics": {"job": {"kafka": {"bootstrapServers": ["c:39092"]}}},
    }
    rendering = render("production", values)
    for item in rendering.of("NetworkPolicy"):
        out = {port["port"] for rule in item.body["spec"]["egress"] for port in rule.get("ports", ())}
        assert {19092, 29092, 39092, 9094} <= out, item.key
        assert ({443, 8443} <= out) == (item.component == "worker"), item.key


def test_what_gives_out_tokens_is_let_out() -> None:
    """The token endpoint is open, also one of the topics Job alone, and AWS by both protocols of the Internet."""
    oauth = {"tokenUrl": "https://idp.example.com:8443/token", "clientId": "bridge"}
    kafka = {"kafka": {"sasl": {"mechanism": "OAUTHBEARER", "oauth": oauth}}}
    for values in (kafka, {"topics": {"job": kafka}}):
        for item in render("production", values).of("NetworkPolicy"):
            assert 8443 in {port["port"] for rule in item.body["spec"]["egress"] for port in rule["ports"]}, item.key
    for item in render("msk-iam").of("NetworkPolicy"):
        peers = [peer for rule in item.body["spec"]["egress"] for peer in rule.get("to", ())]
        agent = [peer["ipBlock"]["cidr"] for peer in peers if "ipBlock" in peer]
        assert agent == ["169.254.170.23/32", "fd00:ec2::23/128"], item.key
