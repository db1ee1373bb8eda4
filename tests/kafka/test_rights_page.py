"""docs/kafka-rights.md says what the code says: each role's table, the commands, and the example for Strimzi."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest
import yaml

from bridge.cli.rights_table import acl_commands
from bridge.kafka.rights import KafkaRole, Operation, Pattern, Resource, Right, rights

PAGE: Final = (Path(__file__).parents[2] / "docs" / "kafka-rights.md").read_text()
PREFIX: Final = "pbx"
STRIMZI: Final[dict[Resource, str]] = {"topic": "topic", "group": "group", "transactional-id": "transactionalId"}


def section(title: str) -> str:
    """Give what stands below a heading of the second order."""
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


def rendered(table: Iterable[Right]) -> str:
    """Give a table as the page has it: a row for all names of one kind that are needed for the same."""
    names: dict[tuple[tuple[Operation, ...], Resource, Pattern, str], list[str]] = defaultdict(list)
    for right in table:
        target = right.target
        names[right.operations, target.resource, target.pattern, right.why].append(f"`{target.name}`")
    rows = [
        f"| {', '.join(operations)} | {resource.replace('-', ' ')} | "
        f"{'begins with ' * (pattern == 'prefixed')}{', '.join(alike)} | {why} |"
        for (operations, resource, pattern, why), alike in names.items()
    ]
    return "\n".join(["| may | on | named | why |", "|---|---|---|---|", *rows, ""])


@pytest.mark.parametrize("role", list(KafkaRole), ids=str)
def test_each_role_has_its_table(role: KafkaRole) -> None:
    """The page has the very rows of the code, with `topics.manage: false`."""
    assert rendered(rights(role, PREFIX)) in section(f"`{role}`"), rendered(rights(role, PREFIX))


@pytest.mark.parametrize("role", ["ingress", "worker", "all"])
def test_what_manage_takes_is_shown(role: str) -> None:
    """The line that changes with `topics.manage: true` stands beside the others."""
    without, managing = rights(KafkaRole(role), PREFIX), rights(KafkaRole(role), PREFIX, manage=True)
    (changed,) = set(managing) - set(without)
    assert rendered([changed]) in section(f"`{role}`"), rendered([changed])


def test_the_commands_are_those_that_the_command_line_prints() -> None:
    """What one can copy from the page is what `bridge topics rights` prints."""
    printed = "\n".join(acl_commands(rights(KafkaRole.TOPICS, PREFIX), "User:topics", "kafka:9092"))
    assert f"```sh\n{printed}\n```\n" in PAGE, printed


def test_the_example_for_strimzi_gives_the_rights_of_an_ingress() -> None:
    """Each ACL of the KafkaUser is a line of the table, and the other way round."""
    (text,) = re.findall(r"^```yaml\n(apiVersion: kafka\.strimzi\.io/v1\n.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    user = yaml.safe_load(text)
    assert (user["kind"], user["spec"]["authorization"]["type"]) == ("KafkaUser", "simple")
    assert user["spec"]["authorization"]["acls"] == [
        {
            "resource": {
                "type": STRIMZI[right.target.resource],
                "name": right.target.name,
                "patternType": "prefix" if right.target.pattern == "prefixed" else "literal",
            },
            "operations": list(right.operations),
        }
        for right in rights(KafkaRole.INGRESS, PREFIX)
    ]
