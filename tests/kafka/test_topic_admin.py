"""Creating and correcting the topics of an installation on a real broker."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from bridge.kafka.client_options import ClientOptions
from bridge.kafka.local import LocalKafka
from bridge.kafka.topic_admin import TopicAdmin, TopicsNotManaged, apply, compare, prepare
from bridge.kafka.topic_table import Correction, Plan, Topic, TopicOptions, wanted_topics


@pytest.fixture
def client(kafka: LocalKafka) -> ClientOptions:
    return ClientOptions(kafka.bootstrap)


@pytest.fixture
def options() -> TopicOptions:
    """Give an installation that nobody else has, of few partitions."""
    return TopicOptions(
        prefix=f"t{uuid4().hex[:12]}",
        replication_factor=1,
        partitions={"events": 1, "commands": 2, "results": 1, "quarantine": 1, "admin": 1},
        retention_ms=dict.fromkeys(("events", "commands", "results", "quarantine", "admin"), 86_400_000),
        shards=2,
        max_record_bytes=2_000_000,
    )


async def read(client: ClientOptions, name: str) -> Topic:
    async with TopicAdmin.connect(client) as admin:
        return (await admin.read([name]))[name]


@pytest.mark.asyncio
async def test_replicas_that_start_at_once_create_each_topic_once(client: ClientOptions, options: TopicOptions) -> None:
    """A topic that another one has created meanwhile is as good; what is there in the end is exactly what is wanted."""
    results = await asyncio.gather(*(prepare(client, options, manage=True) for _ in range(3)))
    assert results == [(), (), ()]
    assert await compare(client, options) == Plan()
    async with TopicAdmin.connect(client) as admin:
        assert len(await admin.read(topic.name for topic in wanted_topics(options))) == 25


@pytest.mark.asyncio
async def test_without_manage_a_start_only_reports(client: ClientOptions, options: TopicOptions) -> None:
    """Each missing topic is named, and none is created."""
    findings = await prepare(client, options, manage=False)
    assert len(findings) == 25
    assert findings[0].sentence == f"{findings[0].topic} is missing: bridge topics apply creates it."
    assert len((await compare(client, options)).create) == 25


@pytest.mark.asyncio
async def test_apply_corrects_single_settings_and_a_start_does_not(
    client: ClientOptions, options: TopicOptions
) -> None:
    """What an operator has set beside ours stays as it is."""
    await apply(client, options)
    name = f"{options.prefix}.commands.v1"
    by_hand = [
        Correction(name, "flush.ms", "12345", None),
        Correction(name, "message.timestamp.type", "CreateTime", None),
    ]
    async with TopicAdmin.connect(client) as admin:
        await admin.correct(by_hand)
    async with asyncio.timeout(5):
        # A broker follows the controller's word with some delay.
        while not (await compare(client, options)).correct:  # noqa: ASYNC110 - the broker tells nobody by itself
            await asyncio.sleep(0.05)
    (finding,) = await prepare(client, options, manage=True)
    assert finding.sentence == (
        f"{name} has message.timestamp.type=CreateTime, the configuration says LogAppendTime: "
        "bridge topics apply corrects it."
    )
    done = await apply(client, options)
    assert done.correct == (Correction(name, "message.timestamp.type", "LogAppendTime", "CreateTime"),)
    settings = (await read(client, name)).settings
    assert (settings["flush.ms"], settings["message.timestamp.type"]) == ("12345", "LogAppendTime")


@pytest.mark.asyncio
async def test_another_number_of_shards_is_fatal_and_changes_nothing(
    client: ClientOptions, options: TopicOptions
) -> None:
    """Partitions are never added, although Kafka could."""
    await apply(client, options)
    findings = await prepare(client, replace(options, shards=4), manage=True)
    assert [finding.topic for finding in findings if finding.fatal] == [
        f"{options.prefix}.internal.work",
        f"{options.prefix}.internal.journal",
    ]
    assert (await read(client, f"{options.prefix}.internal.work")).partitions == 2


@pytest.mark.asyncio
async def test_a_refusal_names_topic_error_and_reason(client: ClientOptions, options: TopicOptions) -> None:
    """One sentence for the person who has to mend it."""
    with pytest.raises(TopicsNotManaged, match=r"call\.started\.v1: InvalidReplicationFactorError: .*replication"):
        await apply(client, replace(options, replication_factor=9))
