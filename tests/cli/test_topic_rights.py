"""`bridge topics rights`: the table for people, for machines, and as commands to copy."""

import itertools
import shlex
from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest
import yaml
from typer.testing import CliRunner, Result

from bridge.cli.main import app
from bridge.kafka.rights import KafkaRole, Right, rights


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a configuration whose installation is not the usual one; nobody listens there."""
    file = tmp_path / "bridge.yaml"
    topics = {"prefix": "acme.pbx", "manage": False}
    file.write_text(yaml.safe_dump({"kafka": {"bootstrap_servers": "127.0.0.1:1"}, "topics": topics}))
    return file


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["topics", "rights", *arguments, "--config", str(config)])


def given_by(command: str) -> set[tuple[str, str, str, str]]:
    """Read a call of `kafka-acls.sh` as Kafka does: each operation on each name."""
    words = shlex.split(command)
    pairs = list(itertools.pairwise(words))
    pattern = next((value for name, value in pairs if name == "--resource-pattern-type"), "literal")
    operations = [value for name, value in pairs if name == "--operation"]
    names = [(name[2:], value) for name, value in pairs if name in {"--topic", "--group", "--transactional-id"}]
    return {(operation, kind, name, pattern) for operation in operations for kind, name in names}


def in_table(table: Iterable[Right]) -> set[tuple[str, str, str, str]]:
    return {(operation, *right.target) for right in table for operation in right.operations}


@pytest.mark.parametrize("role", list(KafkaRole), ids=str)
def test_the_commands_give_the_table_and_nothing_else(config: Path, role: KafkaRole) -> None:
    """What one copies gives each right of the role to the principal, whatever is in its name, and no other right."""
    result = run(config, "--role", role, "--principal", "User:CN=a bridge,O=us", "--group", "billing")
    assert result.exit_code == 0, result.output
    commands = result.output.replace("\\\n", " ").splitlines()
    assert set().union(*map(given_by, commands)) == in_table(rights(role, "acme.pbx", group="billing"))
    for command in commands:
        words = shlex.split(command)
        assert words[:3] == ["kafka-acls.sh", "--bootstrap-server", "127.0.0.1:1"]
        assert words[words.index("--allow-principal") + 1] == "User:CN=a bridge,O=us"
        assert "--add" in words


def test_the_table_for_machines_is_the_code_s(config: Path) -> None:
    """With --json each role has its rows, or the one that was asked for."""
    everything = orjson.loads(run(config, "--json").output)
    assert list(everything) == [role.value for role in KafkaRole]
    for role in KafkaRole:
        assert in_rows(everything[role]) == in_table(rights(role, "acme.pbx"))
        assert orjson.loads(run(config, "--json", "--role", role).output) == {role.value: everything[role]}


def in_rows(rows: Iterable[dict[str, str]]) -> set[tuple[str, str, str, str]]:
    return {
        (operation, row["resource"], row["name"], row["pattern"]) for row in rows for operation in row["operations"]
    }


def test_people_read_what_and_why(config: Path) -> None:
    """A line for each target: what may be done, to what, and the reason."""
    lines = run(config, "--role", "worker").output.splitlines()
    assert lines[0] == "worker:"
    assert len(lines) == 1 + len(rights(KafkaRole.WORKER, "acme.pbx"))
    (journal,) = (line for line in lines if "acme.pbx.internal.journal" in line)
    what = "Read, Write topic acme.pbx.internal.journal "
    why = "Learns at a take-over what the owner before it knew. Remembers what a shard's next owner must know."
    assert " ".join(journal.split()) == what + why


def test_the_right_to_create_depends_on_the_configuration(config: Path) -> None:
    """With `topics.manage: true` the service's roles have it, else they do not."""
    assert "Create" not in run(config, "--role", "all").output
    config.write_text(config.read_text().replace("manage: false", "manage: true"))
    assert "Create" in run(config, "--role", "all").output


def test_commands_are_for_one_role(config: Path) -> None:
    """A principal without a role is wrong use, and the sentence names the roles."""
    result = run(config, "--principal", "User:bridge")
    assert result.exit_code == 2
    assert result.output.startswith("bridge: say whose rights")
    assert all(role.value in result.output for role in KafkaRole)
