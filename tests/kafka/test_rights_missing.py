"""What happens without rights: each is named once, on the command line and in the log, and given it counts at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.app import topic_options
from bridge.events.catalogue import EventName
from bridge.events.records import Record
from bridge.events.topics import event_topic, results_topic
from bridge.kafka import rights_watch, topic_admin
from bridge.kafka.journal_records import JournalRecord, ShardLost
from bridge.kafka.rights import KafkaRole, Right, Target, rights
from bridge.kafka.shard_journal import JournalOptions, KafkaJournal
from bridge.kafka.single_publish import publish_once
from bridge.kafka.topic_admin import apply
from bridge.ops.settings import Role
from bridge.pbx.hook_keys import HookName, hook_key
from tests.ingress.raw_http import once
from tests.kafka.journals import nothing_left_behind
from tests.kafka.rights_acls import Acl, Administrator, acls
from tests.kafka.rights_world import SECRET, WITHIN_S, Running, World, until
from tests.kafka.secured_kafka import SecuredKafka

STARTED = (Path(__file__).parents[1] / "samples" / "webhooks" / "call-started.json").read_bytes()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(secured_kafka: SecuredKafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Give an installation whose topics are there, with a vendor that does not answer."""
    async with Administrator.of(secured_kafka.bootstrap) as administrator:
        made = World(secured_kafka, administrator, tmp_path_factory.mktemp("configs"), "http://127.0.0.1:9/api/v2")
        await apply(made.everything, topic_options(made.settings("super", Role.TOOL)))
        yield made


@pytest.mark.asyncio
async def test_a_service_without_rights_names_them_and_recovers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs on, says once of each right that it is missing, and works within seconds once they are given."""
    monkeypatch.setattr(rights_watch, "LOOK_SOON_S", 0.2)
    monkeypatch.setattr(rights_watch, "LOOK_EVERY_S", 0.2)
    wanted = acls("nobody", rights(KafkaRole.ALL, world.prefix))
    async with world.service("nobody", Role.ALL) as running:
        await until(lambda: len(running.logged("a right on Kafka is missing")) == len(wanted))
        assert set(running.problems) >= {"kafka", "owners", "router", "producer"}
        assert running.warnings["rights"].endswith(f", and {len(wanted) - rights_watch.SHOWN} more")
        await told_on_the_command_line(world, len(wanted))
        await world.administrator.give(wanted)
        await until(lambda: not running.problems and "rights" not in running.warnings)
        assert await webhook(running) == 202
        await lost_and_given_back(world, running)
        assert len(running.logged("a right on Kafka is missing")) == len(wanted) + 3
    await world.administrator.take(wanted)


async def told_on_the_command_line(world: World, count: int) -> None:
    """See that each command ends with a sentence that names what may not be used, without waiting."""
    check = await world.bridge("nobody", "check", "--role", "all")
    lines = [line for line in check.output.splitlines() if line.startswith("WRONG  rights: ")]
    assert (check.exit_code, len(lines)) == (1, count + 1)
    why = "Sees which webhooks came. Explains dials in doubt."
    assert lines[0] == f"WRONG  rights: Read on topic {world.prefix}.call.started.v1 is missing. {why}"
    assert lines[-1].endswith("--role all --principal User:NAME prints the commands that give the rights of all")
    acme = ("--connection", "acme")
    for command in (("tail",), ("doubts",), ("hooks", "list"), ("send", "get-call", "1", *acme)):
        ended = await world.bridge("nobody", *command)
        assert ended.exit_code == 1
        assert ended.output.startswith("bridge: ")
        assert "bridge topics rights lists the rights that each role needs" in ended.output, ended.output


async def lost_and_given_back(world: World, running: Running) -> None:
    """Take rights of three kinds away, see each named where it is missed, and give them back."""
    prefix = world.prefix
    taken = [
        Acl("nobody", Target("topic", f"{prefix}.call.started.v1", "literal"), "Write"),
        Acl("nobody", Target("group", f"{prefix}.owners", "literal"), "Read"),
        Acl("nobody", Target("topic", f"{prefix}.commands.v1", "literal"), "Read"),
    ]
    async with world.administrator.without(*taken):
        assert await webhook(running) == 503
        await until(lambda: {"owners", "router"} <= running.problems.keys())
        assert running.problems["owners"].endswith(f"GroupAuthorizationFailedError: {prefix}.owners")
        assert f"TopicAuthorizationFailedError: {prefix}.commands.v1" in running.problems["router"]
        refused = running.logged("the Kafka producer is replaced")[-1]
        assert (refused["topic"], refused["error"]) == (f"{prefix}.call.started.v1", "TopicAuthorizationFailedError")
        await until(lambda: running.warnings.get("rights", "").count(f"on topic {prefix}.c") == 2)
    await until(lambda: not running.problems and "rights" not in running.warnings)
    async with asyncio.timeout(WITHIN_S):
        # The topic rests for seconds after several refusals.
        while await webhook(running) != 202:  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.1)


async def webhook(running: Running) -> int:
    """Send a webhook, and give the status of the answer."""
    path = f"/hooks/acme/{hook_key(SECRET.encode(), 'acme', HookName('CallStarted', 0))}"
    return (await once(running.ports.ingress, "POST", path, STARTED)).status


@pytest.mark.asyncio
async def test_who_only_sees_a_topic_is_told_what_is_refused(world: World) -> None:
    """Where a topic may be seen, but not read or written, the sentence names it, and nobody waits for records."""
    sight = Right(Target("topic", f"{world.prefix}.", "prefixed"), (("Describe", "Sees it."),))
    results = results_topic(world.prefix)
    # Of an empty topic nobody asks for records.
    await publish_once(world.everything, Record(results, b"key", b"{}", []), WITHIN_S)
    told = {
        ("tail", "call.started"): f"does not let us use the topic {world.prefix}.call.started.v1: ",
        ("doubts",): f"does not let us use the topic {results}: ",
        ("send", "get-call", "1", "--connection", "acme"): "does not let us write to any topic: ",
        ("topics", "plan"): f"Kafka refused: {world.prefix}.",
    }
    async with world.given("nobody", [sight]):
        for command, sentence in told.items():
            ended = await world.bridge("nobody", *command)
            assert ended.exit_code == 1
            assert ended.output.startswith("bridge: Kafka ")
            assert sentence in ended.output


@pytest.mark.asyncio
async def test_topics_that_are_created_unseen_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may create topics but not see them is not told that Kafka is away."""
    monkeypatch.setattr(topic_admin, "IN_FORCE_WITHIN", 0.3)
    blind = Right(
        Target("topic", f"{world.prefix}.", "prefixed"), (("Create", "Makes it."), ("AlterConfigs", "Sets it."))
    )
    async with world.given("nobody", [blind]):
        ended = await world.bridge("nobody", "topics", "apply")
    assert ended.exit_code == 1
    assert ended.output == (
        "bridge: Kafka refused: what was created or corrected does not show after 0.3 s: see that we may describe "
        f"topics that begin with {world.prefix}.\n"
    )


@pytest.mark.asyncio
async def test_a_shard_names_the_topic_that_it_may_not_write_to(world: World) -> None:
    """A transaction may publish to all topics, so the error says which one; nothing is left behind for the log."""
    refused = event_topic(world.prefix, EventName.CALL_COMPLETED)
    worker = rights(KafkaRole.WORKER, world.prefix)
    options = JournalOptions(
        world.kafka.client("PLAIN_ONLY", mechanism="PLAIN", user="nobody"), world.prefix, (refused,), 300_000
    )
    async with nothing_left_behind(), world.given("nobody", worker):
        async with world.administrator.without(Acl("nobody", Target("topic", refused, "literal"), "Write")):
            shard, _ = await KafkaJournal(lambda: options).open(0)
            with pytest.raises(ShardLost) as lost:
                await shard.append([JournalRecord(b"key", b"value")], [Record(refused, b"key", b"{}", [])])
            await shard.close()
        assert (lost.value.cause, lost.value.error) == ("refused", f"TopicAuthorizationFailedError: {refused}")
