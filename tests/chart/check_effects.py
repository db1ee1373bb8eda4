"""Every value does something: changed by itself, it changes what some scenario renders.

A value that is read and then lost on the way looks used to every search for its name.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from tests.chart.check_values import VALUES, Path, at, paths
from tests.chart.rendering import Body, HelmError, render

TRIED: Final = (
    "production",
    "strimzi-mtls",
    "strimzi-scram",
    "msk-iam",
    "confluent-oauth",
    "hpa",
    "keda",
    "minimal",
)
"""In this order, until one differs: most values count where everything is on."""
FIRST: Final[Mapping[Path, str]] = {
    ("kafka", "sasl", "oauth"): "confluent-oauth",
    ("kafka", "sasl", "awsRegion"): "msk-iam",
    ("kafka", "tls", "client"): "strimzi-mtls",
    ("topics", "strimzi"): "strimzi-scram",
    ("ingress", "autoscaling"): "hpa",
    ("worker", "autoscaling"): "keda",
}
"""Where to look first, to be quick."""
OTHERWISE: Final[Mapping[str, object]] = {
    "apiVersion": "kafka.strimzi.io/v1beta2",
    "appProtocol": "https",
    "awsRegion": "eu-west-1",
    "bootstrapServers": "elsewhere:9999",
    "commands": "2h",
    "config": {"ingress": {"max_in_flight": 3}},
    "connections": {"another": {"baseUrl": "https://a.example/v2", "credentials": {"existingSecret": "another"}}},
    "dnsPorts": [54],
    "digest": f"sha256:{'b' * 64}",
    "dnsPolicy": "Default",
    "externalTrafficPolicy": "Cluster",
    "extraEnv": [{"name": "CHANGED", "value": "changed"}],
    "extraEnvFrom": [{"secretRef": {"name": "changed"}}],
    "extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "changed", "namespace": "a"}}],
    "extraVolumeMounts": [{"name": "scratch", "mountPath": "/changed"}],
    "global": {"imageRegistry": "changed"},
    "hosts": ["changed.example.com"],
    "hostnames": ["changed.example.com"],
    "imagePullSecrets": ["changed"],
    "interval": "59s",
    "kafkaPorts": [19092],
    "kind": "PodMonitor",
    "management": "none",
    "mechanism": "SCRAM-SHA-256",
    "metrics": [{"type": "Resource"}],
    "minReplicas": 3,
    "nodePort": 30080,
    "parentRefs": [{"name": "changed"}],
    "paths": ["/hooks/changed"],
    "publicUrl": "https://changed.example.com",
    "pullPolicy": "Always",
    "pullSecrets": ["changed"],
    "scrapeTimeout": "9s",
    "securityProtocol": "SASL_PLAINTEXT",
    "targetCPU": 33,
    "tokenUrl": "https://changed.example.com/token",
    "topologySpreadConstraints": [],
    "trustedProxies": ["192.0.2.9"],
    "type": "keda",
    "loadBalancerSourceRanges": ["192.0.2.0/30"],
}
"""Another value by the last part of the path, where not any text, number or list will do."""
OTHERWISE_AT: Final[Mapping[Path, object]] = {
    ("topics", "retention", "commands"): "2h",
    ("topics", "partitions", "commands"): 2,
    ("worker", "autoscaling", "type"): "hpa",
    ("ingress", "service", "type"): "NodePort",
    ("kafka", "tls", "checkHostname"): False,
    ("topics", "job", "kafka"): {"bootstrapServers": "elsewhere:9999"},
    ("ingress", "kafka"): {"sasl": {"existingSecret": "changed"}},
    ("worker", "kafka"): {"sasl": {"existingSecret": "changed"}},
}
ELSEWHERE: Final = ("monitoring", "rules")
"""Thresholds of alerts are looked at where the alerts are."""


def leaves() -> Iterator[Path]:
    """Give the path of each value that holds no others."""
    for path in paths(VALUES):
        if not (isinstance(at(path), dict) and at(path)) and path[:2] != ELSEWHERE:
            yield path


def another(path: Path) -> object:
    """Give another value than the default, of a kind that the schema takes."""
    default = at(path)
    match default:
        case _ if path in OTHERWISE_AT:
            other = OTHERWISE_AT[path]
        case bool():
            other = not default
        case int():
            other = default + 1
        case _ if path[-1] in OTHERWISE:
            other = OTHERWISE[path[-1]]
        case str():
            other = "3h" if path[:2] == ("topics", "retention") else "changed"
        case list():
            other = [{"name": "changed"}]
        case _:
            other = {"changed": "changed"}
    return other


def effect(path: Path) -> str | None:
    """Give the first scenario in which the value counts; a refusal by a sentence of a template is an effect, too."""
    values: object = another(path)
    for key in reversed(path):
        values = {key: values}
    assert isinstance(values, dict)
    changed: Body = values
    first = [scenario for beginning, scenario in FIRST.items() if path[: len(beginning)] == beginning]
    for scenario in (*first, *TRIED):
        try:
            if render(scenario, changed).text != render(scenario).text:
                return scenario
        except HelmError as error:
            if "execution error" not in str(error):
                raise
            return scenario
    return None


@pytest.mark.parametrize("section", sorted(VALUES))
def test_every_value_changes_what_is_rendered(section: str) -> None:
    """Each value of each section, changed alone, makes a difference in some scenario."""
    assert not [".".join(path) for path in leaves() if path[0] == section and effect(path) is None]
