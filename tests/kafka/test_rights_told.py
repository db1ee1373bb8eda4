"""Each right of each table, taken away by itself on a broker whose authorizer is on, is told to be missing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from uuid import uuid4

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bridge.app import topic_options
from bridge.kafka import rights_watch
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.journal_records import JournalRecord
from bridge.kafka.rights import KafkaRole, rights
from bridge.kafka.rights_probe import look_at_rights
from bridge.kafka.rights_watch import RightsWatch
from bridge.kafka.shard_journal import JournalOptions, KafkaJournal
from bridge.kafka.topic_admin import apply, compare
from bridge.kafka.topic_table import TopicOptions, wanted_topics
from bridge.ops.settings import Role, load_settings
from tests.kafka.rights_acls import Acl, Administrator, acls
from tests.kafka.secured_kafka import SecuredKafka

USER = "nobody"
WITHIN_S = 10.0
LARGEST_BYTES = 300_000


class Place:
    """Topics of a prefix of their own, and a user who may do nothing yet."""

    def __init__(self, kafka: SecuredKafka, administrator: Administrator, topics: TopicOptions) -> None:
        self.administrator = administrator
        self.topics = topics
        self.names = [topic.name for topic in wanted_topics(topics)]
        self._kafka = kafka

    def options(self) -> ClientOptions:
        return self._kafka.client("PLAIN_ONLY", mechanism="PLAIN", user=USER)

    async def missing(self, role: KafkaRole) -> list[tuple[object, object]]:
        table = rights(role, self.topics.prefix, manage=True)
        looked = await look_at_rights(self.options(), table, self.names)
        return [(one.target, one.operation) for one in looked.missing]

    def acls(self, role: KafkaRole) -> list[Acl]:
        return acls(USER, rights(role, self.topics.prefix, manage=True))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(secured_kafka: SecuredKafka) -> AsyncIterator[Place]:
    """Give an installation whose topics are there."""
    variables = {
        "BRIDGE_KAFKA__BOOTSTRAP_SERVERS": secured_kafka.bootstrap,
        "BRIDGE_TOPICS__PREFIX": f"told{uuid4().hex[:8]}",
        "BRIDGE_TOPICS__REPLICATION_FACTOR": "1",
        "BRIDGE_TOPICS__SHARDS": "1",
    }
    topics = topic_options(load_settings(None, variables, Role.TOOL))
    await apply(ClientOptions(secured_kafka.bootstrap), topics)
    async with Administrator.of(secured_kafka.bootstrap) as administrator:
        yield Place(secured_kafka, administrator, topics)


@pytest.mark.parametrize("role", list(KafkaRole), ids=str)
@pytest.mark.asyncio
async def test_without_any_right_all_are_missing_and_with_them_none(place: Place, role: KafkaRole) -> None:
    """A user who may do nothing lacks all of the table but what cannot be told, and one who has it lacks nothing."""
    wanted = place.acls(role)
    # Of settings of a topic that may not be seen it is only known whether they may be read.
    assert await place.missing(role) == [(acl.target, acl.operation) for acl in wanted]
    await place.administrator.give(wanted)
    assert await place.missing(role) == []
    await place.administrator.take(wanted)


@pytest.mark.parametrize("role", list(KafkaRole), ids=str)
@pytest.mark.asyncio
async def test_each_operation_by_itself_is_missed(place: Place, role: KafkaRole) -> None:
    """What the table says of one operation is not implied by what it says of the others: taken away, it is missing."""
    wanted = place.acls(role)
    await place.administrator.give(wanted)
    for operation in {acl.operation for acl in wanted}:
        taken = [acl for acl in wanted if acl.operation == operation]
        async with place.administrator.without(*taken):
            missing = await place.missing(role)
        # Of a topic that may not be seen nobody tells whether its settings may be altered.
        untold = [one for one in missing if operation == "Describe" and one[1] == "AlterConfigs"]
        assert [one for one in missing if one not in untold] == [(acl.target, acl.operation) for acl in taken]
    await place.administrator.take(wanted)


@pytest.mark.asyncio
async def test_what_is_missing_is_logged_once_and_what_was_given(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch has a line for each right that is missing, one when it is there, and a sentence for the probes."""
    monkeypatch.setattr(rights_watch, "LOOK_SOON_S", 0.02)
    monkeypatch.setattr(rights_watch, "LOOK_EVERY_S", 0.02)
    wanted = place.acls(KafkaRole.INGRESS)
    looks = 0

    def options() -> ClientOptions:
        nonlocal looks
        looks += 1
        return place.options()

    watch = RightsWatch(rights(KafkaRole.INGRESS, place.topics.prefix, manage=True), place.names, options)
    with capture_logs() as lines:
        watch.start()
        await until(lambda: looks > 3)
        assert str(watch.problem()).startswith(f"missing: Write on topic {place.topics.prefix}.call.started.v1, ")
        assert str(watch.problem()).endswith(f", and {len(wanted) - rights_watch.SHOWN} more")
        await place.administrator.give(wanted)
        await until(lambda: watch.problem() is None)
        await place.administrator.take(wanted[:1])
        await until(lambda: watch.problem() == f"missing: Write on topic {place.topics.prefix}.call.started.v1")
        await watch.stop()
    await place.administrator.take(wanted[1:])
    assert [line["event"] for line in lines] == [
        *["a right on Kafka is missing"] * len(wanted),
        *["a right on Kafka was given"] * len(wanted),
        "a right on Kafka is missing",
    ]
    assert lines[0]["right"] == f"Write on topic {place.topics.prefix}.call.started.v1"
    assert lines[0]["needed"] == "Publishes what the webhook tells."


@pytest.mark.asyncio
async def test_a_look_changes_nothing(place: Place, secured_kafka: SecuredKafka) -> None:
    """No topic is created by it, and no owner of a shard is fenced, though we may do all that."""
    everything = ClientOptions(secured_kafka.bootstrap)
    prefix = place.topics.prefix
    shard, _ = await KafkaJournal(lambda: JournalOptions(everything, prefix, (), LARGEST_BYTES)).open(0)
    for role in KafkaRole:
        looked = await look_at_rights(everything, rights(role, prefix, manage=True), place.names)
        assert (looked.missing, looked.untold, looked.hidden) == ((), frozenset(), frozenset())
    await shard.append([JournalRecord(b"key", b"value")])
    await shard.close()
    elsewhere = replace(place.topics, prefix=f"{prefix}x")
    names = [topic.name for topic in wanted_topics(elsewhere)]
    looked = await look_at_rights(everything, rights(KafkaRole.TOPICS, elsewhere.prefix), names)
    assert looked.missing == ()
    assert {question.operation for question in looked.untold} == {"Describe", "AlterConfigs"}
    assert len((await compare(everything, elsewhere)).create) == len(names)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - the broker tells nobody by itself
            await asyncio.sleep(0.01)
