"""Which topics there should be, and what a plan does about the difference."""

from dataclasses import replace

import pytest

from bridge.kafka.topic_table import Correction, Plan, Topic, TopicOptions, plan, shard_topics, wanted_topics

DAY_MS = 86_400_000
OPTIONS = TopicOptions(
    prefix="pbx",
    replication_factor=3,
    partitions={"events": 3, "commands": 4, "results": 5, "quarantine": 1, "admin": 2},
    retention_ms={
        "events": 7 * DAY_MS,
        "commands": DAY_MS,
        "results": 6 * DAY_MS,
        "quarantine": 14 * DAY_MS,
        "admin": 2 * DAY_MS,
    },
    shards=12,
    max_record_bytes=600_000,
)
WANTED = {topic.name: topic for topic in wanted_topics(OPTIONS)}
ALL_THERE = {name: replace(topic, settings={**topic.settings, "flush.ms": "7"}) for name, topic in WANTED.items()}


def compare(actual: dict[str, Topic], options: TopicOptions = OPTIONS) -> Plan:
    return plan(wanted_topics(options), actual, shard_topics=shard_topics("pbx"))


def test_there_is_a_topic_for_each_event_and_seven_more() -> None:
    """18 events, quarantine, commands, results, two of admin, two internal."""
    assert len(WANTED) == 25
    assert {"pbx.call.started.v1", "pbx.voip-endpoint.listed.v1", "pbx.internal.journal"} <= WANTED.keys()


@pytest.mark.parametrize(
    ("name", "partitions", "retention_ms"),
    [
        ("pbx.call.started.v1", 3, 7 * DAY_MS),
        ("pbx.commands.v1", 4, DAY_MS),
        ("pbx.results.v1", 5, 6 * DAY_MS),
        ("pbx.quarantine.v1", 1, 14 * DAY_MS),
        ("pbx.admin.v1", 2, 2 * DAY_MS),
        ("pbx.admin-results.v1", 2, 2 * DAY_MS),
        ("pbx.internal.work", 12, DAY_MS),
    ],
)
def test_a_kept_topic_has_its_partitions_and_retention(name: str, partitions: int, retention_ms: int) -> None:
    """Partitions and retention are those of the topic's kind; records are deleted by age."""
    topic = WANTED[name]
    assert topic.partitions == partitions
    assert topic.settings["cleanup.policy"] == "delete"
    assert topic.settings["retention.ms"] == str(retention_ms)


def test_a_journal_that_kafka_deletes_from_forbids_the_start() -> None:
    """Identities, hooks and cursors would be forgotten with the topic's retention, and nobody would be told."""
    journal = WANTED["pbx.internal.journal"]
    wrong = replace(journal, settings={**journal.settings, "cleanup.policy": "delete"})
    found = plan((journal,), {journal.name: wrong}, shard_topics=frozenset({journal.name}))
    assert [(finding.topic, finding.fatal) for finding in found.findings] == [("pbx.internal.journal", True)]
    assert [correction.setting for correction in found.correct] == ["cleanup.policy"]


def test_what_others_write_is_unpacked_by_the_broker() -> None:
    """It refuses what is too large then: nobody can send us a bomb, nor a codec that our client library has not."""
    unpacked = {name for name, topic in WANTED.items() if "compression.type" in topic.settings}
    assert unpacked == {"pbx.commands.v1", "pbx.admin.v1", "pbx.admin-results.v1"}
    assert WANTED["pbx.commands.v1"].settings["compression.type"] == "uncompressed"


def test_the_journal_is_compacted_in_small_segments() -> None:
    """An owner reads the whole journal at take-over, so it must stay small."""
    journal = WANTED["pbx.internal.journal"]
    assert journal.partitions == 12
    assert journal.settings == {
        "min.insync.replicas": "2",
        "unclean.leader.election.enable": "false",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": "1048588",
        "cleanup.policy": "compact",
        "segment.bytes": "67108864",
        "segment.ms": "600000",
        "max.compaction.lag.ms": "600000",
        "min.cleanable.dirty.ratio": "0.1",
        "delete.retention.ms": "3600000",
    }


@pytest.mark.parametrize(("replicas", "in_sync"), [(1, "1"), (2, "1"), (3, "2"), (5, "2")])
def test_two_replicas_acknowledge_where_three_exist(replicas: int, in_sync: str) -> None:
    """With fewer than three, waiting for two would stop everything when one broker is restarted."""
    topics = wanted_topics(replace(OPTIONS, replication_factor=replicas))
    assert {topic.settings["min.insync.replicas"] for topic in topics} == {in_sync}
    assert {topic.replication_factor for topic in topics} == {replicas}


def test_a_topic_takes_the_largest_record_that_the_publisher_lets_through() -> None:
    """What the publisher takes must never be refused by the broker for its size."""
    topics = wanted_topics(replace(OPTIONS, max_record_bytes=3_000_000))
    assert {topic.settings["max.message.bytes"] for topic in topics} == {"3004096"}


def test_nothing_is_to_do_when_all_is_as_wanted() -> None:
    """Settings that the table does not name are nobody's business here."""
    assert compare(ALL_THERE) == Plan()


def test_what_is_missing_is_created() -> None:
    """A missing topic is created as it is wanted."""
    actual = {name: topic for name, topic in ALL_THERE.items() if name != "pbx.results.v1"}
    assert compare(actual) == Plan(create=(WANTED["pbx.results.v1"],))


def test_a_wrong_setting_is_corrected() -> None:
    """The correction names what is there and what is wanted."""
    commands = ALL_THERE["pbx.commands.v1"]
    wrong = replace(commands, settings={**commands.settings, "message.timestamp.type": "CreateTime"})
    correction = Correction("pbx.commands.v1", "message.timestamp.type", wanted="LogAppendTime", actual="CreateTime")
    assert compare({**ALL_THERE, "pbx.commands.v1": wrong}) == Plan(correct=(correction,))


@pytest.mark.parametrize("topic", ["pbx.internal.work", "pbx.internal.journal"])
def test_another_number_of_shards_forbids_the_start(topic: str) -> None:
    """The sentence names both numbers and what to set."""
    result = compare({**ALL_THERE, topic: replace(ALL_THERE[topic], partitions=6)})
    (finding,) = result.findings
    assert finding.fatal
    assert finding.sentence == (
        f"topics.shards is 12, but {topic} has 6 partitions. "
        "The number is fixed for the life of an installation: set topics.shards to 6."
    )
    assert (result.create, result.correct) == ((), ())


@pytest.mark.parametrize("partitions", [1, 9])
def test_another_number_of_partitions_is_only_reported(partitions: int) -> None:
    """Fewer or more than wanted: a plan never changes the number."""
    event = ALL_THERE["pbx.call.started.v1"]
    result = compare({**ALL_THERE, event.name: replace(event, partitions=partitions)})
    assert [(finding.topic, finding.fatal) for finding in result.findings] == [(event.name, False)]
    assert (result.create, result.correct) == ((), ())


def test_another_replication_factor_is_only_reported() -> None:
    """Moving replicas is the operator's work."""
    event = ALL_THERE["pbx.call.started.v1"]
    result = compare({**ALL_THERE, event.name: replace(event, replication_factor=1)})
    assert [(finding.topic, finding.fatal) for finding in result.findings] == [(event.name, False)]
    assert (result.create, result.correct) == ((), ())
