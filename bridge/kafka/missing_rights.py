"""Which rights of a table are missing, by what the brokers answer to single questions. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from typing_extensions import override

from bridge.kafka.rights import Operation, Resource, Right, Target


class Question(NamedTuple):
    """Whether we may do an operation on a resource, by its whole name."""

    resource: Resource
    name: str
    operation: Operation


Answers = Mapping[Question, bool]
"""A question that could not be answered is left out: the topic does not exist yet, for instance."""


@dataclass(frozen=True)
class MissingRight:
    """One operation of a table's line; `why` says what it is for."""

    target: Target
    operation: Operation
    why: str

    @override
    def __str__(self) -> str:
        return f"{self.operation} on {target_text(self.target)}"


class Looked(NamedTuple):
    """What a look at our rights has shown.

    `untold` is what the brokers do not tell yet, mostly of topics that do not exist. `hidden` are topics that we may
    not see, whether they exist or not.
    """

    missing: tuple[MissingRight, ...]
    untold: frozenset[Question] = frozenset()
    hidden: frozenset[str] = frozenset()


def target_text(target: Target) -> str:
    """Name a target for people."""
    kind = target.resource.replace("-", " ")
    return f"{kind}s that begin with {target.name}" if target.pattern == "prefixed" else f"{kind} {target.name}"


def questions(table: Iterable[Right], topics: Collection[str]) -> frozenset[Question]:
    """Give what to ask; `topics` are the topics of the installation, for lines that name their beginning alone."""
    return frozenset(
        Question(right.target.resource, name, operation)
        for right in table
        for name in _names(right.target, topics)
        for operation in right.operations
    )


def missing_rights(table: Iterable[Right], answers: Answers) -> tuple[MissingRight, ...]:
    """Give each operation of each line that was refused on some resource of the line, in the order of the table."""
    refused = [question for question, allowed in answers.items() if not allowed]
    return tuple(
        MissingRight(right.target, operation, why)
        for right in table
        for operation, why in right.reasons
        if any(
            question.operation == operation and right.target.covers(question.resource, question.name)
            for question in refused
        )
    )


def _names(target: Target, topics: Collection[str]) -> Iterable[str]:
    if target.pattern == "literal":
        return (target.name,)
    if target.resource == "topic":
        return (name for name in topics if target.covers("topic", name))
    # The first shard's; whoever has one of them mostly has all.
    return (f"{target.name}0",)
