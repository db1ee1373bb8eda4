"""The bridge's topics and rights as files of the chart: what a template cannot compute is read from the code. Pure.

A file says which number of the values a topic takes, so the code's table is made from two sets of options in which
every number is another, and what differs tells where it came from.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from bridge.app.kafka_access import LEAST_RECORD_BYTES, RECORD_OVERHEAD_BYTES
from bridge.kafka.rights import KafkaRole, Right, rights
from bridge.kafka.topic_table import Topic, TopicKind, TopicOptions, wanted_topics

PREFIX: Final = "prefix"
KINDS: Final[tuple[TopicKind, ...]] = ("events", "commands", "results", "quarantine", "admin")
BY_REPLICATION: Final = "min.insync.replicas"
# The template decides it from the replication factor, as the table does.
LARGEST_BODY_BYTES: Final = 512 * 1024
# What `ingress.max_body_bytes` may be at most. No body changes a topic: Kafka's own limit on a message is above.
RESOURCE_TYPES: Final = {"topic": "topic", "group": "group", "transactional-id": "transactionalId"}
# As Strimzi spells them.


def topic_rows() -> list[dict[str, object]]:
    """Give a row per topic: name without prefix, whose partitions, whose retention (or none), and other settings."""
    one = _options(1_000, LEAST_RECORD_BYTES)
    other = _options(2_000, LARGEST_BODY_BYTES + RECORD_OVERHEAD_BYTES)
    return [_row(*pair, one, other) for pair in zip(wanted_topics(one), wanted_topics(other), strict=True)]


def rights_rows() -> dict[str, list[dict[str, object]]]:
    """Give the rights of the service, and those of the service and of the command line beside it."""
    service = rights(KafkaRole.ALL, PREFIX)
    return {
        "service": _acls(service),
        "serviceAndTool": _acls((*service, *rights(KafkaRole.TOOL, PREFIX))),
    }


def _options(start: int, max_record_bytes: int) -> TopicOptions:
    return TopicOptions(
        prefix=PREFIX,
        replication_factor=3,
        partitions={kind: start + number for number, kind in enumerate(KINDS)},
        retention_ms={kind: start + 100 + number for number, kind in enumerate(KINDS)},
        shards=start + 200,
        max_record_bytes=max_record_bytes,
    )


def _row(topic: Topic, other: Topic, options: TopicOptions, other_options: TopicOptions) -> dict[str, object]:
    partitions = [
        name
        for name, (mine, yours) in _numbers(options, other_options).items()
        if (mine, yours) == (topic.partitions, other.partitions)
    ]
    (whose,) = partitions
    row: dict[str, object] = {"name": topic.name.removeprefix(f"{PREFIX}."), "partitions": whose}
    settings = {name: value for name, value in topic.settings.items() if name != BY_REPLICATION}
    changing = {name for name, value in settings.items() if other.settings[name] != value}
    if changing:
        row["retention"] = _kind_of_retention(changing, topic, other, options, other_options)
    return row | {"settings": {name: value for name, value in settings.items() if name not in changing}}


def _numbers(options: TopicOptions, other: TopicOptions) -> dict[str, tuple[int, int]]:
    kinds = {str(kind): (options.partitions[kind], other.partitions[kind]) for kind in KINDS}
    return kinds | {"shards": (options.shards, other.shards)}


def _kind_of_retention(
    changing: set[str], topic: Topic, other: Topic, options: TopicOptions, other_options: TopicOptions
) -> str:
    if changing != {"retention.ms"}:
        raise ValueError(f"{topic.name}: the chart cannot compute {sorted(changing)}")
    given = int(topic.settings["retention.ms"]), int(other.settings["retention.ms"])
    (kind,) = (kind for kind in KINDS if given == (options.retention_ms[kind], other_options.retention_ms[kind]))
    return kind


def _acls(given: Sequence[Right]) -> list[dict[str, object]]:
    operations: dict[tuple[str, str, str], list[str]] = {}
    for right in given:
        target = RESOURCE_TYPES[right.target.resource], right.target.name.removeprefix(PREFIX), right.target.pattern
        known = operations.setdefault(target, [])
        known += [operation for operation in right.operations if operation not in known]
    return [_acl(target, allowed) for target, allowed in operations.items()]


def _acl(target: tuple[str, str, str], operations: Sequence[str]) -> dict[str, object]:
    kind, name, pattern = target
    # Strimzi names this one pattern otherwise than Kafka.
    spelt: Mapping[str, str] = {"prefixed": "prefix"}
    return {"type": kind, "name": name, "pattern": spelt.get(pattern, pattern), "operations": sorted(operations)}
