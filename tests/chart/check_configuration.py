"""What the pods read: the bridge's own settings accept it, secrets stay out of it, and a change of it rolls out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from bridge.ops.settings import Role, load_settings
from tests.chart.mounted_files import MadeUpSecrets, make_files
from tests.chart.rendering import SCENARIOS, Body, KubernetesObject, Rendering, Values, render, scenarios

CHECKSUM: Final = "checksum/config"
API_KEY_READERS: Final = {"worker"}
CONFIGURATION_CHANGES: Final[Mapping[str, Body]] = {
    "a connection's setting": {"connections": {"acme": {"config": {"default_region": "LV"}}}},
    "another connection": {
        "connections": {"other": {"baseUrl": "https://a.example/api", "credentials": {"existingSecret": "other"}}}
    },
    "the public address": {"publicUrl": "https://other.example.com"},
    "a setting of config": {"config": {"ingress": {"max_in_flight": 7}}},
    "the brokers": {"kafka": {"bootstrapServers": "elsewhere:9093"}},
    "trusted proxies": {"ingress": {"trustedProxies": ["192.0.2.0/24"]}},
}
OTHER_CHANGES: Final[Mapping[str, Body]] = {
    "replicas": {"ingress": {"replicas": 5}, "worker": {"replicas": 5}},
    "labels": {"commonLabels": {"a": "b"}, "podDefaults": {"podLabels": {"c": "d"}}},
    "resources": {"worker": {"resources": {"limits": {"memory": "1Gi"}}}},
    "the image": {"image": {"tag": "9.9.9"}},
    "routes and policies": {"ingress": {"route": {"ingress": {"enabled": True}}}, "networkPolicy": {"enabled": True}},
    "monitoring": {"monitoring": {"monitor": {"enabled": True}, "rules": {"enabled": True}}},
}


def role_of(item: KubernetesObject) -> Role:
    """Give the role that a workload's command line asks for; commands without one are tools."""
    (container,) = (one for one in item.containers if one["name"] == "bridge")
    arguments = container["args"]
    return Role(arguments[arguments.index("--role") + 1]) if "--role" in arguments else Role.TOOL


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_bridge_accepts_what_each_pod_is_given(scenario: str, tmp_path: Path, secrets: MadeUpSecrets) -> None:
    """Configuration, environment and files of each pod are valid for its role, by the bridge's own settings."""
    rendering = render(scenario)
    roles = set()
    for number, item in enumerate(rendering.workloads):
        files = make_files(rendering, item, tmp_path / str(number), secrets)
        settings = load_settings(None, {**files.environ, "BRIDGE_CONFIG": str(files.config)}, role_of(item))
        assert settings.topics.manage is False, "the service needs no right to create topics"
        roles.add(role_of(item))
        if item.component in {"ingress", "worker"}:
            assert set(settings.connections) == wanted_connections(scenario)
    assert {Role.INGRESS, Role.WORKER} <= roles


def wanted_connections(scenario: str) -> set[str]:
    """Give the connections that a scenario's values switch on."""
    given = yaml.safe_load(scenarios()[scenario].read_text())["connections"]
    return {name for name, connection in given.items() if connection.get("enabled", True)}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_file_that_the_configuration_names_is_mounted(scenario: str) -> None:
    """No `…_file` leads nowhere: each is under a volume of ours, or of the user's."""

    def files(tree: object) -> list[str]:
        match tree:
            case dict():
                named = [str(value) for key, value in tree.items() if str(key).endswith("_file")]
                return named + [path for value in tree.values() for path in files(value)]
            case _:
                return []

    rendering = render(scenario)
    worker = rendering.one("Deployment", "worker")
    assert worker.pod
    mounts = [mount["mountPath"] for one in worker.containers for mount in one.get("volumeMounts", ())]
    named = files(rendering.config)
    assert named
    assert all(any(path.startswith(f"{mount}/") for mount in mounts) for path in named)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_only_the_worker_has_api_keys(scenario: str) -> None:
    """The ingress faces the internet and calls nobody: it has the hook secrets, and no pod but the worker's more."""
    rendering = render(scenario)
    for item in rendering.workloads:
        assert item.pod
        paths = {
            one["path"]
            for volume in item.pod["spec"]["volumes"]
            for source in volume.get("projected", {}).get("sources", ())
            for one in source["secret"]["items"]
        }
        has = {path for path in paths if path.endswith("api-key")}
        assert bool(has) == (item.component in API_KEY_READERS), item.key
        if item.component in {"ingress", "worker"}:
            connections = {path.partition("/")[0] for path in paths if "/" in path}
            assert connections == wanted_connections(scenario)
        if item.component in {"topics", "uninstall"}:
            assert not [path for path in paths if "webhook" in path], item.key


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_only_a_users_name_comes_by_variable(scenario: str) -> None:
    """A variable shows in `kubectl describe` of a debugger and in a child's environment: secrets are files."""
    for item in render(scenario).workloads:
        for container in item.containers:
            if container["name"] == "bridge":
                by_reference = {entry["name"] for entry in container["env"] if "valueFrom" in entry}
                assert by_reference <= {"BRIDGE_KAFKA__SASL_USERNAME"}, item.key


def test_the_previous_hook_secret_alone_may_be_missing() -> None:
    """It exists during a rotation: a pod must start without it, and without nothing else."""
    for item in render("production").workloads:
        assert item.pod
        for volume in item.pod["spec"]["volumes"]:
            for source in volume.get("projected", {}).get("sources", ()):
                names = {one["path"].rpartition("/")[2] for one in source["secret"]["items"]}
                assert source["secret"].get("optional", False) == (names == {"webhook-secret-previous"}), item.key


def test_a_key_of_a_secret_has_the_name_that_the_user_gives() -> None:
    """`credentials.keys` says how the keys are called in the Secret; the files are always called the same."""
    (worker,) = (item for item in render("production").workloads if item.component == "worker")
    assert worker.pod
    found = {
        one["path"]: (source["secret"]["name"], one["key"])
        for volume in worker.pod["spec"]["volumes"]
        if volume["name"] == "connections"
        for source in volume["projected"]["sources"]
        for one in source["secret"]["items"]
    }
    assert found == {
        "acme/api-key": ("bridge-acme", "token"),
        "acme/webhook-secret": ("bridge-acme", "hooks"),
        "acme/webhook-secret-previous": ("bridge-acme", "hooks-before"),
    }


def checksums(rendering: Rendering) -> dict[str, str]:
    """Give the checksum of each Deployment's configuration."""
    return {
        item.component: item.pod["metadata"]["annotations"][CHECKSUM] for item in rendering.of("Deployment") if item.pod
    }


@pytest.mark.parametrize("change", CONFIGURATION_CHANGES)
def test_a_changed_configuration_rolls_out(change: str) -> None:
    """The pods read their file once, at their start: a change of it must start them anew."""
    before, after = render("production"), render("production", CONFIGURATION_CHANGES[change])
    assert before.config != after.config
    assert all(value != checksums(before)[component] for component, value in checksums(after).items())


@pytest.mark.parametrize("change", OTHER_CHANGES)
def test_what_is_no_configuration_starts_no_pod_for_it(change: str) -> None:
    """The checksum is of the configuration alone: a new label elsewhere is no reason to restart workers."""
    before, after = render("minimal"), render("minimal", OTHER_CHANGES[change])
    assert before.objects != after.objects
    assert before.config == after.config
    assert checksums(before) == checksums(after)


def test_config_counts_before_what_the_chart_writes() -> None:
    """`config` is merged deeply over the chart's own, so that a new setting of the bridge needs no new chart."""
    values: Values = {
        "config": {
            "topics": {"retention": {"events": "1d"}},
            "connections": {"acme": {"reconcile": {"grace": "5m"}}},
            "admin": {"port": 9191},
        }
    }
    config = render("production", values).config
    assert config["topics"]["retention"] == {**render("production").config["topics"]["retention"], "events": "1d"}
    assert config["connections"]["acme"]["reconcile"] == {"grace": "5m"}
    assert config["connections"]["acme"]["rate_limit"] == {"calls": 80}
    assert config["admin"] == {"port": 9191}
    nothing = dict.fromkeys(("kafka", "topics", "ingress", "connections", "admin"))
    assert render("production", {"config": nothing}).config["kafka"] == render("production").config["kafka"]


def test_connections_merge_across_files(tmp_path: Path) -> None:
    """Connections are a map: a second file of values adds one and changes one, and leaves the others."""
    second = tmp_path / "second.yaml"
    second.write_text("{connections: {acme: {config: {default_region: LV}}, closed: {enabled: true}}}")
    connections = render("production", second).config["connections"]
    assert set(connections) == {"acme", "closed"}
    assert connections["acme"]["default_region"] == "LV"
    assert connections["acme"]["rate_limit"] == {"calls": 80}


def test_large_numbers_reach_the_bridge_whole() -> None:
    """Helm reads numbers as floating ones: the id that a poller starts at, and sizes, must not become 1.5e+11."""
    values: Body = {
        "config": {"ingress": {"max_body_bytes": 524_288}},
        "connections": {"acme": {"config": {"pollers": {"call_history": {"start": 150_818_921_852}}}}},
    }
    rendering = render("minimal", values)
    assert "start: 150818921852" in rendering.text
    assert "max_body_bytes: 524288" in rendering.text
