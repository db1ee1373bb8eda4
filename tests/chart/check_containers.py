"""How every container of every scenario runs: with the rights of Pod Security's "restricted", and within its means."""

from typing import Any, Final

import pytest

from tests.chart.rendering import SCENARIOS, Body, KubernetesObject, render, scenarios

VOLUMES: Final = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
"""What "restricted" allows; above all no hostPath."""
WITHOUT_IDS: Final = "openshift"
"""The scenario whose cluster chooses user and group."""
COMPONENTS: Final = ("ingress", "worker", "topics.job", "uninstall", "tests")
"""Where values take the keys of podDefaults."""


def every_pod() -> list[tuple[str, KubernetesObject]]:
    """Give each workload of each scenario, jobs and test pods included."""
    return [(f"{scenario}: {item.key}", item) for scenario in SCENARIOS for item in render(scenario).workloads]


def violations(item: KubernetesObject) -> list[str]:
    """Say in what a workload is not "restricted", as the Pod Security Standards have it."""
    assert item.pod
    spec = item.pod["spec"]
    found = [key for key in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace") if spec.get(key)]
    found += [f"volume {kind}" for volume in spec.get("volumes", ()) for kind in set(volume) - {"name"} - VOLUMES]
    whole = spec.get("securityContext") or {}
    found += ["sysctls"] if whole.get("sysctls") else []
    for container in item.containers:
        own = {**whole, **(container.get("securityContext") or {})}
        rules = {
            "privileged": not own.get("privileged"),
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
            "capabilities": own.get("capabilities", {}).get("drop") == ["ALL"] and not own["capabilities"].get("add"),
            "runAsNonRoot": own.get("runAsNonRoot") is True,
            "runAsUser": own.get("runAsUser") != 0,
            "seccompProfile": own.get("seccompProfile", {}).get("type") in {"RuntimeDefault", "Localhost"},
            "readOnlyRootFilesystem": own.get("readOnlyRootFilesystem") is True,
            "procMount": own.get("procMount", "Default") == "Default",
            "hostPort": not any("hostPort" in port for port in container.get("ports", ())),
        }
        found += [f"{container['name']}: {rule}" for rule, kept in rules.items() if not kept]
    return found


def test_every_pod_is_restricted() -> None:
    """Each pod would be let into a namespace with Pod Security "restricted", and its root file system is read-only."""
    pods = every_pod()
    assert {item.kind for _, item in pods} == {"Deployment", "Job", "Pod"}
    assert not {name: found for name, item in pods if (found := violations(item))}


def test_no_container_has_a_limit_of_cpu_and_each_has_the_rest() -> None:
    """Requests of CPU and memory and a limit of memory everywhere; a CPU limit would throttle heartbeats."""
    for name, item in every_pod():
        for container in item.containers:
            resources = container["resources"]
            assert set(resources["requests"]) >= {"cpu", "memory"}, name
            assert set(resources["limits"]) == {"memory"}, name


def test_no_pod_is_given_a_token_or_the_addresses_of_services() -> None:
    """No pod talks to the Kubernetes API; and a Service named `bridge` must not inject BRIDGE_PORT."""
    for name, item in every_pod():
        assert item.pod
        assert item.pod["spec"]["automountServiceAccountToken"] is False, name
        assert item.pod["spec"]["enableServiceLinks"] is False, name
    for scenario in SCENARIOS:
        assert not render(scenario).of("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
        for item in render(scenario).of("ServiceAccount"):
            assert item.body["automountServiceAccountToken"] is False, item.key


def test_what_is_temporary_has_an_end() -> None:
    """An emptyDir without a limit can fill a node's disk; the bridge writes to /tmp alone."""
    for name, item in every_pod():
        assert item.pod
        (tmp,) = (volume for volume in item.pod["spec"]["volumes"] if volume["name"] == "tmp")
        assert tmp["emptyDir"]["sizeLimit"], name
        mounts = bridge_of(item)["volumeMounts"]
        assert [mount["mountPath"] for mount in mounts if mount["name"] == "tmp"] == ["/tmp"], name
        ours = [mount for mount in mounts if mount["name"] in {"config", "kafka", "connections"}]
        assert all(mount["readOnly"] is True and "subPath" not in mount for mount in ours), name


def test_secrets_can_be_read_by_the_group_alone() -> None:
    """Projected Secrets have mode 0440: their readers are root and the group that fsGroup gives."""
    seen = 0
    for name, item in every_pod():
        assert item.pod
        for volume in item.pod["spec"]["volumes"]:
            if "projected" in volume:
                assert volume["projected"]["defaultMode"] == 0o440, name
                seen += 1
            assert "secret" not in volume, f"{name}: {volume['name']} is no projected volume"
    assert seen


def test_no_variable_is_there_twice() -> None:
    """Helm 4 refuses an environment with a name twice, and Kubernetes takes the last one without a word."""
    for name, item in every_pod():
        for container in item.containers:
            names = [entry["name"] for entry in container.get("env", ())]
            assert len(names) == len(set(names)), f"{name}: {names}"


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_environment_of_a_component_counts_before_that_of_all(component: str) -> None:
    """ExtraEnv merges by name, and the later wins: the chart's own, then podDefaults', then the component's."""
    everywhere = [{"name": "BRIDGE_ADMIN__PORT", "value": "9191"}, {"name": "A", "value": "all"}]
    own = [{"name": "A", "value": "own"}, {"name": "BRIDGE_CONFIG", "value": "/elsewhere.yaml"}]
    rendering = render("production", {"podDefaults": {"extraEnv": everywhere}, **nested(component, {"extraEnv": own})})
    chosen = component_label(component)
    for item in rendering.workloads:
        values = {entry["name"]: entry.get("value") for entry in bridge_of(item)["env"]}
        assert values["A"] == ("own" if item.component == chosen else "all"), item.key
        assert values["BRIDGE_CONFIG"] == ("/elsewhere.yaml" if item.component == chosen else "/etc/bridge/bridge.yaml")
        assert values["BRIDGE_ADMIN__PORT"] == "9191"
        assert len(bridge_of(item)["env"]) == len(values)


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_pod_takes_each_key_of_pod_defaults_for_itself(component: str) -> None:
    """Scheduling, DNS, volumes and further containers can be set for each component alone, jobs included."""
    own: Body = {
        "annotations": {"mark": "own"},
        "podAnnotations": {"mark": "own"},
        "podLabels": {"mark": "own"},
        "nodeSelector": {"mark": "own"},
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "tolerations": [{"key": "mark", "operator": "Exists"}],
        "priorityClassName": "mark",
        "schedulerName": "mark",
        "runtimeClassName": "mark",
        "dnsPolicy": "Default",
        "dnsConfig": {"searches": ["mark"]},
        "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["mark"]}],
        "extraEnvFrom": [{"secretRef": {"name": "mark"}}],
        "extraVolumes": [{"name": "mark", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "mark", "mountPath": "/mark"}],
        "initContainers": [{"name": "mark", "image": "mark"}],
        "extraContainers": [{"name": "mark2", "image": "mark"}],
    }
    marked = {item.component: set(marks_of(item)) for item in render("production", nested(component, own)).workloads}
    assert marked.pop(component_label(component)) == set(own)
    assert not any(marked.values())


def test_the_openshift_scenario_leaves_ids_to_the_cluster() -> None:
    """OpenShift gives each namespace a range of user and group ids, and refuses pods that ask for another."""
    for item in render(WITHOUT_IDS).workloads:
        assert item.pod
        contexts = [item.pod["spec"].get("securityContext") or {}]
        contexts += [container.get("securityContext") or {} for container in item.containers]
        for context in contexts:
            assert not {"runAsUser", "runAsGroup", "fsGroup", "supplementalGroups"} & set(context), item.key
    numbered = render("minimal").workloads
    assert all(item.pod and item.pod["spec"]["securityContext"]["runAsUser"] == 10001 for item in numbered)
    assert scenarios()[WITHOUT_IDS].exists()


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_can_take_away_what_all_have(component: str) -> None:
    """A null of a component takes away a key that podDefaults set: one of them may need another user than the rest."""
    own: Body = {"podSecurityContext": {"runAsUser": None}, "containerSecurityContext": {"capabilities": None}}
    for item in render("production", nested(component, own)).workloads:
        assert item.pod
        theirs = item.component == component_label(component)
        assert ("runAsUser" in item.pod["spec"]["securityContext"]) != theirs, item.key
        assert ("capabilities" in bridge_of(item)["securityContext"]) != theirs, item.key
        assert item.pod["spec"]["securityContext"]["runAsNonRoot"] is True


def bridge_of(item: KubernetesObject) -> Body:
    """Give the container of a workload that runs the bridge."""
    (container,) = (one for one in item.containers if one["name"] == "bridge")
    return container


def nested(path: str, values: Body) -> Body:
    """Give the values under a dotted path."""
    for key in reversed(path.split(".")):
        values = {key: values}
    return values


def component_label(path: str) -> str:
    """Give the component's label of the pods whose values are at the path."""
    return {"topics.job": "topics", "tests": "test"}.get(path, path)


def marks_of(item: KubernetesObject) -> list[str]:
    """Give the keys of podDefaults by which a workload is marked."""
    assert item.pod
    spec, metadata, bridge = item.pod["spec"], item.pod["metadata"], bridge_of(item)
    aliases = {"extraVolumes": "volumes", "extraContainers": "containers"}
    found: dict[str, Any] = {
        "annotations": item.annotations,
        "podAnnotations": metadata.get("annotations"),
        "podLabels": metadata.get("labels"),
        "extraEnvFrom": bridge.get("envFrom"),
        "extraVolumeMounts": bridge.get("volumeMounts"),
        "extraContainers": [one for one in spec["containers"] if one["name"] == "mark2"],
        "affinity": {"mark": 1} if "preferred" in str(spec.get("affinity")) else None,
        "dnsPolicy": "mark" if spec.get("dnsPolicy") == "Default" else None,
    }
    keys = ("nodeSelector", "tolerations", "priorityClassName", "schedulerName", "runtimeClassName", "dnsConfig")
    for key in (*keys, "hostAliases", "extraVolumes", "initContainers"):
        found[key] = spec.get(aliases.get(key, key))
    return [key for key, value in found.items() if "mark" in str(value)]
