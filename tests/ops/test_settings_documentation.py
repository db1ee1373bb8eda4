"""The documentation names every key, with its variable and its default."""

import re
from pathlib import Path

import pytest

from bridge.ops.settings import COLLECTIONS, Role, load_settings
from bridge.ops.settings.connections import ConnectionSettings
from bridge.ops.settings.description import describe
from bridge.ops.settings.model import Settings
from bridge.ops.settings.section import Section
from bridge.ops.settings.variables import keys_of, section_of

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
ROWS = {
    match["variable"]: match.groupdict()
    for match in re.finditer(
        r"^\| `(?P<key>[^`]+)` \|[^|]+\| (?P<default>[^|]+) \|[^|]+\| `(?P<variable>BRIDGE_[^`]+)` \|$",
        PAGE,
        re.MULTILINE,
    )
}


def variables(model: type[Section], prefix: str) -> list[str]:
    found = []
    for key, field in keys_of(model).items():
        section = section_of(field)
        if section:
            found += variables(section, f"{prefix}{key.upper()}__")
        elif key != "connections":
            found.append(prefix + key.upper())
    return found


def test_every_key_has_a_row() -> None:
    """Each key stands in a table with its variable; of the collections one stands for all."""
    keys = variables(Settings, "BRIDGE_") + variables(ConnectionSettings, "BRIDGE_CONNECTIONS__ACME__")
    others = [f"__POLLERS__{name.upper()}__" for name in ("defaults", *COLLECTIONS) if name != "call_history"]
    expected = {key for key in keys if not any(other in key for other in others)}
    expected.add("BRIDGE_CONNECTIONS__ACME__POLLERS__VOICEMAILS__FILTERS__BOX_ID")
    assert set(ROWS) == expected


@pytest.mark.parametrize("variable", [name for name, row in ROWS.items() if row["default"].startswith("`")])
def test_defaults_are_the_ones_in_force(variable: str) -> None:
    """The default that a row gives is what the bridge uses when nothing is configured."""
    environ = {"BRIDGE_KAFKA__BOOTSTRAP_SERVERS": "a:1", "BRIDGE_CONNECTIONS__ACME__BASE_URL": "http://a"}
    lines = dict(line.split(" = ", 1) for line in describe(load_settings(None, environ, Role.TOOL)))
    key = variable.removeprefix("BRIDGE_").lower().replace("__", ".")
    written = ROWS[variable]["default"].strip("`")
    # `describe` writes what reads best; the page what the contract writes.
    assert lines[key] == {"[]": "none", "60s": "1m"}.get(written, written)


def test_the_first_example_is_valid(tmp_path: Path) -> None:
    """The smallest configuration of the page loads, and the variables beside it mean the same."""
    yaml, shell = re.findall(r"```(?:yaml|sh)\n(.*?)```", PAGE, re.DOTALL)[:2]
    (tmp_path / "bridge.yaml").write_text(yaml)
    environ = dict(line.split("=", 1) for line in shell.splitlines())
    assert load_settings(tmp_path / "bridge.yaml", {}, Role.TOOL) == load_settings(None, environ, Role.TOOL)
