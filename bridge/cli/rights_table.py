"""What `bridge topics rights` prints: a table for people, or the commands that give the rights. Pure."""

import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from bridge.kafka.missing_rights import target_text
from bridge.kafka.rights import Operation, Pattern, Resource, Right

COMMAND_CONFIG: Final = "admin.properties"
# Whoever may give rights logs in by a file of his own, as the commands of Kafka want it.


def table_lines(table: Iterable[Right]) -> list[str]:
    """Give a line for each target: what may be done to what, and why."""
    rows = [(", ".join(right.operations), target_text(right.target), right.why) for right in table]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"{operations:<{widths[0]}}  {target:<{widths[1]}}  {why}" for operations, target, why in rows]


def acl_commands(table: Iterable[Right], principal: str, bootstrap_servers: str) -> list[str]:
    """Give as few calls of `kafka-acls.sh` as can be: one for all names with the same kind and the same operations."""
    names: dict[tuple[Resource, Pattern, tuple[Operation, ...]], list[str]] = defaultdict(list)
    for right in table:
        names[right.target.resource, right.target.pattern, right.operations].append(right.target.name)
    return [
        _command(bootstrap_servers, principal, resource, pattern, operations, alike)
        for (resource, pattern, operations), alike in names.items()
    ]


def right_rows(table: Iterable[Right]) -> list[dict[str, object]]:
    """Give the table for machines."""
    return [
        {
            "resource": right.target.resource,
            "name": right.target.name,
            "pattern": right.target.pattern,
            "operations": right.operations,
            "why": right.why,
        }
        for right in table
    ]


def _command(
    bootstrap_servers: str,
    principal: str,
    resource: Resource,
    pattern: Pattern,
    operations: Sequence[Operation],
    names: Sequence[str],
) -> str:
    parts = [
        f"kafka-acls.sh --bootstrap-server {shlex.quote(bootstrap_servers)} --command-config {COMMAND_CONFIG} --add",
        f"--allow-principal {shlex.quote(principal)}",
        " ".join(f"--operation {operation}" for operation in operations),
        *(f"--{resource} {name}" for name in names),
    ]
    if pattern == "prefixed":
        parts.append("--resource-pattern-type prefixed")
    return " \\\n    ".join(parts)
