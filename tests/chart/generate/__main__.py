"""Write the files that are made from the code, from values.yaml or by the chart; with --check only compare them.

Example: python -m tests.chart.generate --check
"""

import json
import sys
from pathlib import Path
from typing import Final

import yaml

from tests.chart.generate.connection_keys import connection_schema
from tests.chart.generate.overrides import without_required
from tests.chart.generate.readme import with_values
from tests.chart.generate.rendered import COMPOSE, PLAIN, compose_rules, plain_manifest
from tests.chart.generate.tables import rights_rows, topic_rows

CHART: Final = Path(__file__).parents[3] / "helm" / "bridge"


def files() -> dict[Path, str]:
    """Give each file's path and what should be in it."""
    readme, schema = CHART / "README.md", CHART / "values.schema.json"
    return {
        CHART / "files" / "topics.yaml": _listed("bridge/kafka/topic_table.py", topic_rows()),
        CHART / "files" / "rights.yaml": _listed("bridge/kafka/rights.py", rights_rows()),
        schema: _with_definitions(schema.read_text()),
        readme: with_values(readme.read_text(), (CHART / "values.yaml").read_text()),
        PLAIN / "bridge.yaml": plain_manifest(),
        COMPOSE / "rules.yaml": compose_rules(),
    }


def _listed(source: str, content: object) -> str:
    head = f"# Made from {source} by `python -m tests.chart.generate`."
    return f"{head}\n{yaml.safe_dump(content, sort_keys=False, width=120)}"


def _with_definitions(schema: str) -> str:
    whole = json.loads(schema)
    definitions = whole["definitions"]
    definitions["connectionConfig"] = connection_schema()
    definitions["kafkaOverrides"] = without_required(definitions["kafka"])
    return json.dumps(whole, indent=2) + "\n"


def main(arguments: list[str]) -> int:
    """Return the exit code: 1 when --check finds a file that is not as it should be."""
    stale = {path: text for path, text in files().items() if not path.exists() or path.read_text() != text}
    if "--check" not in arguments:
        for path, text in stale.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return 0
    for path in stale:
        sys.stderr.write(f"{path.relative_to(CHART.parents[1])} is not up to date: python -m tests.chart.generate\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
