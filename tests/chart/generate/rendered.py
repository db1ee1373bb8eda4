"""What is rendered by Helm and kept as a file, for whoever has none: the plain manifest, and the rules of compose."""

import subprocess
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).parents[3]
PLAIN: Final = ROOT / "deploy" / "kubernetes"
COMPOSE: Final = ROOT / "deploy" / "compose"
KUBE_VERSION: Final = "1.34"
_RENDERS_WITHIN_S: Final = 60
# It takes a tenth of a second.
_OF_HELM: Final = frozenset({"app.kubernetes.io/managed-by", "helm.sh/chart"})
# Labels that tell who manages an object, which here nobody does.


def plain_manifest() -> str:
    """Give all objects of `deploy/kubernetes/values.yaml` in the namespace `bridge`, as `kubectl apply` takes them."""
    text = _template("--namespace", "bridge", "--values", str(PLAIN / "values.yaml"))
    objects = [_without_helm(item) for item in yaml.safe_load_all(text) if item]
    head = "# Made from values.yaml by `make manifest`; docs/kubernetes.md says which Secrets have to be there.\n"
    return head + yaml.safe_dump_all(objects, sort_keys=False, width=120)


def compose_rules() -> str:
    """Give the alerts of the chart as Prometheus reads them, for the job and namespace of `prometheus.yaml`."""
    switches = "monitoring.rules.enabled=true,fullnameOverride=bridge"
    values = ("--values", str(PLAIN / "values.yaml"), "--set", switches, "--namespace", "compose")
    rule = yaml.safe_load(_template(*values, "--show-only", "templates/monitoring/prometheusrule.yaml"))
    return "# The chart's alerts, by `make manifest`.\n" + yaml.safe_dump(rule["spec"], sort_keys=False, width=120)


def _template(*arguments: str) -> str:
    chart = str(ROOT / "helm" / "bridge")
    whole = ["helm", "template", "bridge", chart, "--kube-version", KUBE_VERSION, *arguments]
    return subprocess.run(whole, capture_output=True, text=True, timeout=_RENDERS_WITHIN_S, check=True).stdout


def _without_helm(node: object) -> object:
    """Leave out what only Helm understands, in pod templates, too."""
    if isinstance(node, dict):
        return {key: _without_helm(value) for key, value in node.items() if key not in _OF_HELM}
    if isinstance(node, list):
        return [_without_helm(value) for value in node]
    return node
