"""The least rights (ACLs) on Kafka that each role needs, as a value: for docs, command line, chart and tests. Pure.

A right to read or to write implies the one to describe, on topics, groups and transactional ids alike, and the right
to alter settings implies the one to read them. What is implied is not listed: each operation here is needed by itself,
which the tests show by taking it away. Right to the cluster is none among them: an idempotent producer is let in by
the right to write to any topic (since Kafka 2.8), and topics can be created by the right to create those of a prefix.

What gives power over records is given by the topics' whole names, as a prefix would include the commands. What only
shows the topics, or creates them, is given by the prefix with its dot, so that a new release's topics are included.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, NamedTuple, get_args

from bridge.events import topics
from bridge.events.catalogue import WEBHOOK_EVENTS, EventName

Resource = Literal["topic", "group", "transactional-id"]
Pattern = Literal["literal", "prefixed"]
Operation = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs", "AlterConfigs"]
_OPERATIONS: Final[tuple[Operation, ...]] = get_args(Operation)

CONSUMER_GROUP: Final = "my-service"
# A microservice's group is its own affair; this stands where its name belongs.


class KafkaRole(StrEnum):
    """Who connects to Kafka. The first three are roles of the service."""

    INGRESS = "ingress"
    WORKER = "worker"
    ALL = "all"
    TOPICS = "topics"
    """The Job that runs `bridge topics apply`."""
    TOOL = "tool"
    """A person with `bridge check`, `tail`, `send`, `hooks`, `doubts` and `topics plan`."""
    CONSUMER = "consumer"
    """A microservice that reads events and results with a group of its own."""
    COMMANDER = "commander"
    """A microservice that publishes commands."""


class Target(NamedTuple):
    """What rights are on: `name` is the whole name, or with pattern `prefixed` its beginning."""

    resource: Resource
    name: str
    pattern: Pattern

    def covers(self, resource: Resource, name: str) -> bool:
        """Tell whether a resource is meant."""
        if resource != self.resource:
            return False
        return name.startswith(self.name) if self.pattern == "prefixed" else name == self.name


@dataclass(frozen=True)
class Right:
    """What may be done to a target, always allowed and from any host, with a sentence for people on each operation."""

    target: Target
    reasons: tuple[tuple[Operation, str], ...]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What may be done."""
        return tuple(operation for operation, _ in self.reasons)

    @property
    def why(self) -> str:
        """What it is for, each sentence once."""
        return " ".join(dict.fromkeys(why for _, why in self.reasons))


def rights(role: KafkaRole, prefix: str, *, manage: bool = False, group: str = CONSUMER_GROUP) -> tuple[Right, ...]:
    """Give the least rights of a role, each target once; a role of the service creates topics only with `manage`.

    `prefix` is `topics.prefix`, `manage` is `topics.manage`, `group` is the consumer's.
    """
    parts = [part(prefix) for part in _PARTS[role]]
    if role in _SERVICE:
        parts.append(_at_start(prefix, manage=manage))
    if role is KafkaRole.CONSUMER:
        parts.append(_in_group(group))
    return _merged(parts)


def transactional_ids(prefix: str) -> Target:
    """Give the ids of all shards' transactions."""
    return Target("transactional-id", f"{prefix}.shard-", "prefixed")


_POLLED: Final = tuple(event for event in EventName if event.endswith(".listed"))
_RECONCILED: Final = (
    EventName.CALL_COMPLETED,
    EventName.CALL_RECORDED,
    EventName.LOST_CALLER_ADDED,
    EventName.LOST_CALLER_UPDATED,
    EventName.LOST_CALLER_REMOVED,
    EventName.VOICEMAIL_CREATED,
)
_OBSERVED: Final = (
    EventName.CALL_STARTED,
    EventName.CALL_CONNECTED,
    EventName.CALL_TRANSFERRED,
    EventName.CALL_COMPLETED,
    EventName.CALL_RECORDED,
    EventName.CALL_LISTED,
    EventName.RECORDING_LISTED,
)


def _ingress(prefix: str) -> Iterator[Right]:
    for event in WEBHOOK_EVENTS.values():
        yield _on_topic(topics.event_topic(prefix, event), "Write", why="Publishes what the webhook tells.")
    yield _on_topic(topics.quarantine_topic(prefix), "Write", why="Keeps webhooks that cannot be understood.")


def _sight_of_the_others(prefix: str) -> Iterator[Right]:
    # The worker reads or writes each topic, and with that may see it.
    yield _on_all_topics(prefix, "Describe", why="Looks at all topics at its start, those of the worker included.")


def _worker(prefix: str) -> Iterator[Right]:
    for event in _POLLED:
        yield _on_topic(topics.event_topic(prefix, event), "Write", why="Publishes what its polls find.")
    for event in _RECONCILED:
        yield _on_topic(topics.event_topic(prefix, event), "Write", why="Publishes what no webhook brought.")
    for event in WEBHOOK_EVENTS.values():
        yield _on_topic(topics.event_topic(prefix, event), "Read", why="Sees which webhooks came.")
    for event in _OBSERVED:
        yield _on_topic(topics.event_topic(prefix, event), "Read", why="Explains dials in doubt.")
    yield _on_topic(topics.commands_topic(prefix), "Read", why="Takes commands.")
    yield _on_group(f"{prefix}.router", why="Shares the commands among the workers, and keeps how far they came.")
    yield _on_topic(topics.work_topic(prefix), "Write", why="Hands each command to the owner of its connection.")
    yield _on_topic(topics.work_topic(prefix), "Read", why="Carries out the commands of its shards.")
    yield _on_group(f"{prefix}.owners", why="Decides which worker owns which shard.")
    yield _on_topic(topics.journal_topic(prefix), "Write", why="Remembers what a shard's next owner must know.")
    yield _on_topic(topics.journal_topic(prefix), "Read", why="Learns at a take-over what the owner before it knew.")
    fences = "Writes a shard's journal and events as one, and fences its former owner."
    yield _right(transactional_ids(prefix), "Write", why=fences)
    yield _on_topic(topics.results_topic(prefix), "Write", why="Answers commands.")
    yield _on_topic(topics.quarantine_topic(prefix), "Write", why="Keeps commands and items that cannot be understood.")
    yield _on_topic(topics.admin_topic(prefix), "Read", why="Does what the command line asks for.")
    yield _on_topic(topics.admin_results_topic(prefix), "Write", why="Answers the command line.")


def _at_start(prefix: str, *, manage: bool) -> Iterator[Right]:
    yield _on_all_topics(
        prefix,
        "DescribeConfigs",
        why="Compares the topics' settings with the configuration.",
    )
    if manage:
        yield _on_all_topics(prefix, "Create", why="Creates missing topics, with `topics.manage: true`.")


def _topics(prefix: str) -> Iterator[Right]:
    yield _on_all_topics(prefix, "Create", why="Creates missing topics.")
    yield _on_all_topics(prefix, "Describe", why="Sees which topics there are.")
    yield _on_all_topics(prefix, "AlterConfigs", why="Compares and corrects their settings.")


def _tool(prefix: str) -> Iterator[Right]:
    for event in EventName:
        yield _on_topic(topics.event_topic(prefix, event), "Read", why="`bridge tail` shows it.")
    yield _on_topic(
        topics.results_topic(prefix), "Read", why="`bridge send --wait`, `doubts` and `tail` read the results."
    )
    yield _on_topic(topics.commands_topic(prefix), "Write", why="`bridge send` publishes commands.")
    yield _on_topic(topics.admin_topic(prefix), "Write", why="`bridge hooks` and `check` ask the workers.")
    yield _on_topic(topics.admin_results_topic(prefix), "Read", why="`bridge hooks` and `check` read their answers.")
    yield _on_all_topics(
        prefix, "Describe", "DescribeConfigs", why="`bridge check` and `topics plan` compare the topics."
    )


def _consumer(prefix: str) -> Iterator[Right]:
    for event in EventName:
        yield _on_topic(topics.event_topic(prefix, event), "Read", why="Reads the event; leave out what it does not.")
    yield _on_topic(topics.results_topic(prefix), "Read", why="Reads how commands ended; leave out if it does not.")


def _in_group(group: str) -> Iterator[Right]:
    yield _on_group(group, why="Joins its group, and keeps how far it came.")


def _commander(prefix: str) -> Iterator[Right]:
    yield _on_topic(topics.commands_topic(prefix), "Write", why="Publishes commands.")


def _on_topic(name: str, *operations: Operation, why: str) -> Right:
    return _right(Target("topic", name, "literal"), *operations, why=why)


def _on_all_topics(prefix: str, *operations: Operation, why: str) -> Right:
    return _right(Target("topic", f"{prefix}.", "prefixed"), *operations, why=why)


def _on_group(name: str, *, why: str) -> Right:
    return _right(Target("group", name, "literal"), "Read", why=why)


def _right(target: Target, *operations: Operation, why: str) -> Right:
    return Right(target, tuple((operation, why) for operation in operations))


def _merged(parts: Iterable[Iterable[Right]]) -> tuple[Right, ...]:
    reasons: dict[Target, dict[Operation, list[str]]] = defaultdict(lambda: defaultdict(list))
    for part in parts:
        for right in part:
            for operation, why in right.reasons:
                reasons[right.target][operation].append(why)
    return tuple(
        Right(target, tuple((one, " ".join(whys[one])) for one in _OPERATIONS if one in whys))
        for target, whys in reasons.items()
    )


_SERVICE: Final = frozenset({KafkaRole.INGRESS, KafkaRole.WORKER, KafkaRole.ALL})
_PARTS: Final[Mapping[KafkaRole, tuple[Callable[[str], Iterator[Right]], ...]]] = {
    KafkaRole.INGRESS: (_ingress, _sight_of_the_others),
    KafkaRole.WORKER: (_worker,),
    KafkaRole.ALL: (_ingress, _worker),
    KafkaRole.TOPICS: (_topics,),
    KafkaRole.TOOL: (_tool,),
    KafkaRole.CONSUMER: (_consumer,),
    KafkaRole.COMMANDER: (_commander,),
}
