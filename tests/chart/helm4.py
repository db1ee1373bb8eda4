"""Renders a chart with Helm 4, in the Python that has its library: file names of values in, what each renders out.

Usage: helm4.py CHART RELEASE NAMESPACE VALUES... prints a JSON object of texts by template, by file of values.
"""

import json
import sys
from pathlib import Path

import yaml
from helm_python import Chart, helm_sdk_version


def main(chart: str, release: str, namespace: str, *values: str) -> None:
    """Print what Helm 4 renders, and on stderr which Helm it is."""
    with Chart.load(chart) as loaded:
        rendered = {}
        for path in values:
            given = yaml.safe_load(Path(path).read_text())
            loaded.validate_schema(given)
            rendered[path] = loaded.render(given, name=release, namespace=namespace)
    sys.stderr.write(f"{helm_sdk_version()}\n")
    sys.stdout.write(json.dumps(rendered))


if __name__ == "__main__":
    main(*sys.argv[1:])
