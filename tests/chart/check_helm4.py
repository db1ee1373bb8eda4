"""Helm 4 renders the same objects as Helm 3: an operator's choice of Helm changes nothing."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.chart.rendering import CHART, NAMESPACE, RELEASE, ROOT, SCENARIOS, render, scenarios

PYTHON: Final = ROOT / ".venv-chart" / "bin" / "python"
"""Helm 4 comes as a library, among the chart's tools."""
RENDERS_WITHIN_S: Final = 120
"""All scenarios in one process take some seconds."""

Objects = dict[tuple[str, str], Any]
"""Bodies by kind and name."""


@pytest.fixture(scope="module")
def of_helm4() -> dict[str, Objects]:
    """Give the objects of each scenario as Helm 4 renders them."""
    paths = {name: str(path) for name, path in scenarios().items()}
    command = [str(PYTHON), str(Path(__file__).with_name("helm4.py")), str(CHART), RELEASE, NAMESPACE, *paths.values()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RENDERS_WITHIN_S, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip().rpartition("\n")[2].startswith(("4.", "v4.")), done.stderr
    texts = json.loads(done.stdout)
    return {name: _objects(texts[path]) for name, path in paths.items()}


def _objects(texts: dict[str, str]) -> Objects:
    found: Objects = {}
    for template, text in texts.items():
        if template.endswith(".yaml"):
            for body in yaml.safe_load_all(text):
                if body:
                    found[body["kind"], body["metadata"]["name"]] = body
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_helm_4_renders_what_helm_3_renders(scenario: str, of_helm4: dict[str, Objects]) -> None:
    """Object by object, to the last field; it also holds the values against the schema by its own library."""
    of_helm3 = {(item.kind, item.name): item.body for item in render(scenario).objects}
    assert of_helm3
    assert of_helm4[scenario] == of_helm3
