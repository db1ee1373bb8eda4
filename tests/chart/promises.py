"""What no upgrade of the chart may change: `python -m tests.chart.promises` keeps that of the version in Chart.yaml.

A selector and a claim template cannot be changed in a cluster; names and ports of Services, and the accounts that cloud
identities are bound to, stand in what others have written.
"""

import json
from pathlib import Path
from typing import Any, Final

import yaml

from tests.chart.check_names import ours
from tests.chart.rendering import CHART, Rendering, render

RELEASED: Final = Path(__file__).with_name("released")
SCENARIO: Final = "minimal"
"""What each installation has; the rest may come and go with its values."""


def promises(rendering: Rendering) -> dict[str, Any]:
    """Give what no upgrade may change: selectors, the ports of Services, what a StatefulSet keeps."""
    kept: dict[str, Any] = {}
    for item in ours(rendering):
        spec = item.body.get("spec") or {}
        if item.kind in {"Deployment", "StatefulSet"}:
            kept[item.key] = {
                "selector": spec["selector"],
                "serviceName": spec.get("serviceName"),
                "volumeClaimTemplates": spec.get("volumeClaimTemplates"),
            }
        if item.kind == "Service":
            ports = [{key: port[key] for key in ("name", "port", "targetPort")} for port in spec["ports"]]
            kept[item.key] = {"selector": spec["selector"], "ports": ports, "clusterIP": spec.get("clusterIP")}
        if item.kind == "ServiceAccount":
            kept[item.key] = {}
    return kept


def main() -> None:
    """Keep the promises of the chart as it is."""
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
    text = json.dumps(promises(render(SCENARIO)), indent=2, sort_keys=True)
    (RELEASED / f"{version}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
