"""Copies of the chart that differ from it: another version, another file."""

import shutil
from pathlib import Path

import yaml

from tests.chart.rendering import CHART


def copy_of_chart(folder: Path, **changes: object) -> Path:
    """Copy the chart into the folder with other fields in Chart.yaml, and give the copy's folder."""
    copy = folder / CHART.name
    shutil.copytree(CHART, copy)
    path = copy / "Chart.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))
    return copy
