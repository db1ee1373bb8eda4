"""Which topics there should be, with which settings, and what to do about the difference. Pure.

What a plan may do is create a topic and change a setting. It never deletes, never shrinks, and never changes a number
of partitions: keys would move to other partitions, and with them the order per subject and the shards' state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from bridge.events import topics
from bridge.events.catalogue import EventName

TopicKind = Literal["events", "commands", "results", "quarantine", "admin"]

BROKER_DEFAULT_MESSAGE_BYTES = 1_048_588
# What a topic takes where nothing else is said (Kafka's own default).
BATCH_OVERHEAD_BYTES = 4_096
# A limit on messages is one on batches: their head takes 61 bytes, a record's own fields and varints some tens more.
HOUR_MS = 3_600_000
WRITTEN_BY_OTHERS = frozenset[TopicKind]({"commands", "admin"})
# Topics that records of other programs come by.
WORK_RETENTION_MS = 24 * HOUR_MS
# Longer than any command may wait, so that a worker that was away for a day finds all it is to answer.
JOURNAL_SETTINGS = {
    "cleanup.policy": "compact",
    # Small segments that close soon: only closed ones are compacted, and an owner reads the whole journal at take-over.
    "segment.bytes": str(64 * 1024 * 1024),
    "segment.ms": str(10 * 60_000),
    "max.compaction.lag.ms": str(10 * 60_000),
    "min.cleanable.dirty.ratio": "0.1",
    "delete.retention.ms": str(HOUR_MS),
}


@dataclass(frozen=True)
class TopicOptions:
    """What an installation chooses: partitions and retention (milliseconds) by kind, and the largest record in bytes.

    `max_record_bytes` is the publisher's limit: key, value and headers of an event or a quarantined record.
    """

    prefix: str
    replication_factor: int
    partitions: Mapping[TopicKind, int]
    retention_ms: Mapping[TopicKind, int]
    shards: int
    max_record_bytes: int


@dataclass(frozen=True)
class Topic:
    """One topic, as wanted or as it is: as it is, `settings` holds all in force, defaults included."""

    name: str
    partitions: int
    replication_factor: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Correction:
    """A setting of a topic that is to be changed, and what it is now (None: unknown to the broker)."""

    topic: str
    setting: str
    wanted: str
    actual: str | None


@dataclass(frozen=True)
class Finding:
    """What a plan does not mend, in one sentence that says what a person can do. `fatal`: the bridge must not start."""

    topic: str
    sentence: str
    fatal: bool = False


@dataclass(frozen=True)
class Plan:
    """The difference between wanted and actual topics; empty when there is none."""

    create: tuple[Topic, ...] = ()
    correct: tuple[Correction, ...] = ()
    findings: tuple[Finding, ...] = ()


def wanted_topics(options: TopicOptions) -> tuple[Topic, ...]:
    """Give all topics of an installation, in a steady order."""
    prefix = options.prefix
    kinds: list[tuple[str, TopicKind]] = [(topics.event_topic(prefix, event), "events") for event in EventName]
    kinds += [
        (topics.quarantine_topic(prefix), "quarantine"),
        (topics.commands_topic(prefix), "commands"),
        (topics.results_topic(prefix), "results"),
        (topics.admin_topic(prefix), "admin"),
        (topics.admin_results_topic(prefix), "admin"),
    ]
    return (
        *(_of_kind(options, name, kind) for name, kind in kinds),
        _retained(options, topics.work_topic(prefix), options.shards, WORK_RETENTION_MS),
        _topic(options, topics.journal_topic(prefix), options.shards, JOURNAL_SETTINGS),
    )


def _of_kind(options: TopicOptions, name: str, kind: TopicKind) -> Topic:
    topic = _retained(options, name, options.partitions[kind], options.retention_ms[kind])
    if kind not in WRITTEN_BY_OTHERS:
        return topic
    # The broker unpacks what they have packed, and refuses what is too large then: a bomb does not get as far as us,
    # nor a codec that our client library cannot unpack.
    return replace(topic, settings={**topic.settings, "compression.type": "uncompressed"})


def _retained(options: TopicOptions, name: str, partitions: int, retention_ms: int) -> Topic:
    return _topic(options, name, partitions, {"cleanup.policy": "delete", "retention.ms": str(retention_ms)})


def _topic(options: TopicOptions, name: str, partitions: int, settings: Mapping[str, str]) -> Topic:
    largest = max(BROKER_DEFAULT_MESSAGE_BYTES, options.max_record_bytes + BATCH_OVERHEAD_BYTES)
    return Topic(
        name,
        partitions,
        options.replication_factor,
        {
            "min.insync.replicas": "2" if options.replication_factor >= 3 else "1",
            "unclean.leader.election.enable": "false",
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(largest),
            **settings,
        },
    )


def plan(wanted: tuple[Topic, ...], actual: Mapping[str, Topic], *, shard_topics: frozenset[str]) -> Plan:
    """Compare; `shard_topics` are those whose number of partitions is the number of shards."""
    there = [(topic, actual[topic.name]) for topic in wanted if topic.name in actual]
    return Plan(
        create=tuple(topic for topic in wanted if topic.name not in actual),
        correct=tuple(correction for topic, is_ in there for correction in _corrections(topic, is_)),
        findings=tuple(finding for topic, is_ in there for finding in _findings(topic, is_, shard_topics)),
    )


def shard_topics(prefix: str) -> frozenset[str]:
    """Give the topics whose number of partitions is the number of shards."""
    return frozenset({topics.work_topic(prefix), topics.journal_topic(prefix)})


def _corrections(wanted: Topic, actual: Topic) -> list[Correction]:
    return [
        Correction(wanted.name, setting, value, actual.settings.get(setting))
        for setting, value in wanted.settings.items()
        if actual.settings.get(setting) != value
    ]


def _findings(wanted: Topic, actual: Topic, shard_topics: frozenset[str]) -> list[Finding]:
    findings = []
    if actual.partitions != wanted.partitions:
        if wanted.name in shard_topics:
            findings.append(
                Finding(
                    wanted.name,
                    f"topics.shards is {wanted.partitions}, but {wanted.name} has {actual.partitions} partitions. "
                    f"The number is fixed for the life of an installation: set topics.shards to {actual.partitions}.",
                    fatal=True,
                )
            )
        else:
            findings.append(
                Finding(
                    wanted.name,
                    f"{wanted.name} has {actual.partitions} partitions, the configuration says {wanted.partitions}: "
                    "the bridge never changes this, so adapt the configuration or the topic.",
                )
            )
    if wanted.settings["cleanup.policy"] == "compact" != actual.settings.get("cleanup.policy"):
        findings.append(
            Finding(
                wanted.name,
                f"{wanted.name} has cleanup.policy={actual.settings.get('cleanup.policy')}, so that Kafka deletes what "
                "workers have to remember: bridge topics apply corrects it.",
                fatal=True,
            )
        )
    if actual.replication_factor != wanted.replication_factor:
        findings.append(
            Finding(
                wanted.name,
                f"{wanted.name} has replication factor {actual.replication_factor}, the configuration says "
                f"{wanted.replication_factor}: reassign its partitions with Kafka's tools, or adapt the configuration.",
            )
        )
    return findings
