"""deploy/: the compose file, what Prometheus and Grafana are given there, and the plain manifest."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bridge.kafka.local.jars import pinned_version
from bridge.ops.settings import Role, load_settings
from tests.chart.rendering import ROOT

COMPOSE: Final = ROOT / "deploy" / "compose.yaml"
BESIDE: Final = ROOT / "deploy" / "compose"
PLAIN: Final = ROOT / "deploy" / "kubernetes" / "bridge.yaml"
TRY_KAFKA: Final = ROOT / "deploy" / "kubernetes" / "try-kafka.yaml"
WITHIN_S: Final = 60
"""For tools that take a second."""


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def services() -> Mapping[str, Mapping[str, Any]]:
    return dict(yaml.safe_load(COMPOSE.read_text())["services"])


def test_the_compose_file_keeps_to_its_specification() -> None:
    """By the schema that the specification publishes."""
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))


def test_nothing_of_compose_is_published_beyond_this_machine(services: Mapping[str, Mapping[str, Any]]) -> None:
    """Each port is bound to loopback, and no two to the same one."""
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert len({port.split(":")[1] for port in published}) == len(published)


def test_each_image_of_compose_has_its_version(services: Mapping[str, Mapping[str, Any]]) -> None:
    """Kafka's is that of the tests; none is `latest`."""
    images = {name: service["image"].split(":") for name, service in services.items()}
    assert images["kafka"] == ["apache/kafka", pinned_version()]
    assert all(tag not in {"", "latest"} for _, tag in images.values())


def test_each_container_of_ours_is_as_confined_as_on_kubernetes(
    services: Mapping[str, Mapping[str, Any]],
) -> None:
    """A read-only root, no rights, and grace periods above what their stop takes."""
    ours = {name: service for name, service in services.items() if "build" in service}
    assert set(ours) == {"simulator", "ingress", "worker", "cli"}
    for service in ours.values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert (services["ingress"]["stop_grace_period"], services["worker"]["stop_grace_period"]) == ("30s", "60s")


def test_what_compose_mounts_is_there(services: Mapping[str, Mapping[str, Any]]) -> None:
    """A missing file would become an empty folder, and the service a riddle."""
    document = yaml.safe_load(COMPOSE.read_text())
    mounted = [
        source
        for service in services.values()
        for source, *_ in (volume.split(":") for volume in service.get("volumes", ()))
        if source not in document["volumes"]
    ]
    files = [*mounted, *(secret["file"] for secret in document["secrets"].values())]
    assert files
    assert [path for path in files if not (COMPOSE.parent / path).exists()] == []


@pytest.mark.parametrize("role", [Role.INGRESS, Role.WORKER, Role.TOOL])
def test_the_bridge_takes_the_configuration_of_compose(role: Role, tmp_path: Path) -> None:
    """Whatever part of it reads it, with the secrets that compose mounts."""
    text = (BESIDE / "bridge.yaml").read_text().replace("/run/secrets/", f"{BESIDE / 'secrets'}/")
    file = tmp_path / "bridge.yaml"
    file.write_text(text)
    settings = load_settings(file, {}, role)
    assert settings.ingress.public_url == "http://bridge.localhost:8080"


def test_prometheus_takes_its_configuration_and_the_alerts() -> None:
    """Both are read by promtool; the alerts are those of the job that is scraped."""
    told = run("promtool", "check", "config", str(BESIDE / "prometheus.yaml"))
    assert "rules found" in told
    scraped = yaml.safe_load((BESIDE / "prometheus.yaml").read_text())["scrape_configs"]
    assert [job["job_name"] for job in scraped] == ["bridge"]
    assert 'namespace="compose",job="bridge"' in (BESIDE / "rules.yaml").read_text()


def test_grafana_is_given_the_dashboards_of_the_chart(services: Mapping[str, Mapping[str, Any]]) -> None:
    """Its provider reads the folder that they are mounted into; its source of data is that Prometheus."""
    (provider,) = yaml.safe_load((BESIDE / "grafana" / "dashboards.yaml").read_text())["providers"]
    assert f"../helm/bridge/dashboards:{provider['options']['path']}:ro" in services["grafana"]["volumes"]
    (source,) = yaml.safe_load((BESIDE / "grafana" / "datasources.yaml").read_text())["datasources"]
    assert (source["type"], source["url"], source["isDefault"]) == ("prometheus", "http://prometheus:9090", True)
    dashboards = sorted((ROOT / "helm" / "bridge" / "dashboards").glob("*.json"))
    assert dashboards
    assert all(json.loads(file.read_text())["title"] for file in dashboards)


def test_the_kafka_to_try_is_that_of_the_tests_and_found_by_the_values() -> None:
    """Its Service is what deploy/values/try.yaml names, its objects are valid, its version is ours."""
    service, deployment = yaml.safe_load_all(TRY_KAFKA.read_text())
    values = yaml.safe_load((ROOT / "deploy" / "values" / "try.yaml").read_text())
    assert values["kafka"]["bootstrapServers"] == f"{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"apache/kafka:{pinned_version()}"
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    run("kubernetes-validate", "-k", "1.34", "--strict", str(TRY_KAFKA))


def test_the_plain_manifest_needs_no_helm() -> None:
    """No label and no hook of Helm's is left in it, and each object has its namespace."""
    text = PLAIN.read_text()
    assert "helm.sh/" not in text
    assert "managed-by" not in text
    objects = list(yaml.safe_load_all(text))
    assert {"Deployment", "Job", "ConfigMap", "Service", "Ingress"} <= {item["kind"] for item in objects}
    assert {item["metadata"]["namespace"] for item in objects} == {"bridge"}
    run("kubernetes-validate", "-k", "1.34", "--strict", str(PLAIN))
