"""What a broker's authorizer has allowed and refused, as it writes it down with `AUDITED` among its JVM's options."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bridge.kafka.rights import Operation, Right, Target

AUDITED: Final = "-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=debug"
_LINE: Final = re.compile(
    r"Principal = User:(?P<user>\S+) is (?P<verdict>Allowed|Denied) operation = (?P<operation>\w+) from host = \S+ "
    r"on resource = (?P<resource>\w+):LITERAL:(?P<name>\S+) for request = (?P<request>\w+) "
)
_RESOURCES: Final = {"topic": "Topic", "group": "Group", "transactional-id": "TransactionalId"}
_OPERATIONS: Final[dict[Operation, str]] = {"DescribeConfigs": "DESCRIBE_CONFIGS", "AlterConfigs": "ALTER_CONFIGS"}
_ASKED_BY_A_LOOK: Final = {("Group", "Heartbeat"), ("TransactionalId", "EndTxn")}
# A look at our own rights asks for these, too. Who is in a group joins it, and who ends a transaction has begun it.


class Judged(NamedTuple):
    """One decision of the authorizer, in its own words."""

    allowed: bool
    operation: str
    resource: str
    name: str
    request: str


class Audit:
    """The decisions about one user since this was made."""

    def __init__(self, folder: str, user: str) -> None:
        self._log = Path(folder) / "broker.log"
        self._from = self._log.stat().st_size
        self._user = user

    def judged(self) -> list[Judged]:
        """Read all decisions until now, but those about a look at our own rights."""
        with self._log.open("rb") as log:
            log.seek(self._from)
            lines = log.read().decode(errors="replace").splitlines()
        found = [found for line in lines if (found := _LINE.search(line)) and found["user"] == self._user]
        return [
            Judged(one["verdict"] == "Allowed", one["operation"], one["resource"], one["name"], one["request"])
            for one in found
            if (one["resource"], one["request"]) not in _ASKED_BY_A_LOOK
        ]

    def refused(self) -> list[Judged]:
        """Give what was refused."""
        return [one for one in self.judged() if not one.allowed]

    def unused(self, table: Sequence[Right]) -> list[tuple[Operation, Target]]:
        """Give what of a table no request has needed so far: taking it away would have changed nothing."""
        allowed = [one for one in self.judged() if one.allowed]
        return [
            (operation, right.target)
            for right in table
            for operation in right.operations
            if not any(_needs(one, operation, right.target, table) for one in allowed)
        ]


def _needs(judged: Judged, operation: Operation, target: Target, table: Iterable[Right]) -> bool:
    if judged.operation != _OPERATIONS.get(operation, operation.upper()):
        return False
    if judged.resource != _RESOURCES[target.resource] or not target.covers(target.resource, judged.name):
        return False
    # Who may read or write may describe, so for such a topic the right to describe by itself is not needed.
    return operation != "Describe" or not any(
        {"Read", "Write"} & {*right.operations} and right.target.covers(target.resource, judged.name) for right in table
    )
