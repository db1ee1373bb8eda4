"""With the rights of its table and no other each role works in full, and none of these rights is there for nothing.

The broker writes down what its authorizer decides: nothing of what a role does is refused, and each operation on each
line of its table is asked for by some request, which would be refused without it.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from bridge.app import topic_options
from bridge.events.catalogue import WEBHOOK_EVENTS, EventName
from bridge.events.records import Record
from bridge.events.topics import commands_topic, event_topic, results_topic
from bridge.kafka.client_options import client_arguments
from bridge.kafka.rights import KafkaRole, Right, rights
from bridge.kafka.single_publish import publish_once
from bridge.kafka.topic_admin import TopicAdmin, compare
from bridge.kafka.topic_table import Correction
from bridge.ops.clock import epoch_ms
from bridge.ops.settings import Role
from bridge.pbx.hook_keys import HookName, hook_key
from bridge.simulator import AccountOptions, Fault, Simulator, SimulatorOptions
from bridge.testing.samples import sample_event
from tests.ingress.raw_http import once
from tests.kafka.rights_acls import Administrator
from tests.kafka.rights_audit import AUDITED, Audit
from tests.kafka.rights_world import API_KEY, SECRET, WITHIN_S, World, until
from tests.kafka.secured_kafka import SecuredKafka, start_secured_kafka

SAMPLES = Path(__file__).parents[1] / "samples" / "webhooks"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def audited() -> AsyncIterator[SecuredKafka]:
    """Give a broker that writes down what its authorizer decides."""
    async with start_secured_kafka(AUDITED) as broker:
        yield broker


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pbx() -> AsyncIterator[Simulator]:
    """Give a vendor whose calls take seconds, once they are played."""
    account = AccountOptions(limit=1_000_000)
    simulator = Simulator(SimulatorOptions(brevity=120.0, calls_per_second=10.0, keys={API_KEY: account}))
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    audited: SecuredKafka, pbx: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Give an installation without topics, where nobody has a right yet."""
    async with Administrator.of(audited.bootstrap) as administrator:
        yield World(audited, administrator, tmp_path_factory.mktemp("configs"), pbx.base_url)


async def whole(audit: Audit, table: tuple[Right, ...]) -> None:
    """Wait until nothing of the table is left unused, and check that nothing was refused."""
    with suppress(TimeoutError):
        await until(lambda: not audit.unused(table), 0.2)
    assert audit.unused(table) == []
    assert audit.refused() == []


@pytest.mark.asyncio
async def test_the_job_creates_and_corrects_the_topics(world: World) -> None:
    """`bridge topics apply` makes all topics, and sets right what somebody has changed."""
    table = rights(KafkaRole.TOPICS, world.prefix)
    commands = commands_topic(world.prefix)
    async with world.given("topics", table) as audit:
        made = await world.bridge("topics", "topics", "apply")
        assert (made.exit_code, made.output.count("created ")) == (0, 25)
        await change(world, Correction(commands, "retention.ms", "1000", None))
        corrected = await world.bridge("topics", "topics", "apply")
        assert corrected.output.startswith("set retention.ms=86400000 on ")
        assert (await world.bridge("topics", "topics", "plan")).exit_code == 0
        await whole(audit, table)


async def change(world: World, correction: Correction) -> None:
    """Set a topic's setting, and wait until the broker tells so."""
    topics = topic_options(world.settings("topics", Role.TOOL))
    async with TopicAdmin.connect(world.everything) as admin:
        await admin.correct([correction])
    async with asyncio.timeout(WITHIN_S):
        while not (await compare(world.everything, topics)).correct:  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.02)


@pytest.mark.asyncio
async def test_an_ingress_takes_webhooks_and_publishes_them(world: World) -> None:
    """It is ready, each of the ten webhooks is durable, and what cannot be understood is, too."""
    table = rights(KafkaRole.INGRESS, world.prefix)
    async with world.given("ingress", table) as audit, world.service("ingress", Role.INGRESS) as ingress:
        await until(lambda: not ingress.problems)
        bodies = [path.read_bytes() for path in sorted(SAMPLES.glob("*.json"))]
        assert len(bodies) == len(WEBHOOK_EVENTS)
        path = f"/hooks/acme/{hook_key(SECRET.encode(), 'acme', HookName('CallStarted', 0))}"
        for body in (*bodies, b"no JSON"):
            answer = await once(ingress.ports.ingress, "POST", path, body)
            assert (answer.status, "quarantined" in answer.json) == (202, body == b"no JSON")
        assert ingress.warnings == {}
        await whole(audit, table)


@pytest.mark.asyncio
async def test_a_service_that_manages_creates_the_topics(world: World) -> None:
    """With `topics.manage: true` and one right more the service makes the topics of a fresh installation by itself."""
    fresh = World(world.kafka, world.administrator, world._folder, "http://127.0.0.1:9/api/v2")
    table = rights(KafkaRole.INGRESS, fresh.prefix, manage=True)
    async with (
        fresh.given("ingress", table) as audit,
        fresh.service("ingress", Role.INGRESS, manage=True) as ingress,
    ):
        await until(lambda: not ingress.problems)
        assert audit.refused() == []
        create = [one for one in audit.unused(table) if one[0] == "Create"]
        assert create == []


@pytest.mark.asyncio
async def test_a_worker_and_its_tools_work_in_full(world: World, pbx: Simulator) -> None:
    """It polls, reconciles, registers, routes, answers and explains; people see all of it with the tools' rights."""
    worker, tool = rights(KafkaRole.WORKER, world.prefix), rights(KafkaRole.TOOL, world.prefix)
    async with (
        world.given("worker", worker) as audit,
        world.given("tool", tool) as tools,
        world.service("worker", Role.WORKER) as running,
    ):
        await until(lambda: not running.problems)
        await happen(world, pbx)
        await commands(world, pbx)
        await look(world)
        assert running.warnings == {}
        await whole(audit, worker)
        await whole(tools, tool)


async def happen(world: World, pbx: Simulator) -> None:
    """Let calls, and lost callers of all kinds, happen at the vendor, whose webhooks are lost."""
    # What happened before the connection's first start is nobody's to publish; the vendor's times are whole seconds.
    await asyncio.sleep(1.1)
    pbx.start_playing()
    now_s = epoch_ms() // 1000
    last_contact = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s - 1))
    for caller in ("37060000001", "37060000002"):
        told = sample_event(
            EventName.LOST_CALLER_ADDED,
            topic_prefix=world.prefix,
            caller=caller,
            destination="37052000000",
            attempts=1,
            last_contact=last_contact,
        )
        await publish_once(world.everything, told, 10.0)
    # One is new, one has called again, and the other one is gone from the list.
    books = pbx.accounts[API_KEY].books
    books.lose("37060000003", "37052000000", "Ona", now_s)
    books.lose("37060000001", "37052000000", "Ona", now_s - 1)
    books.lose("37060000001", "37052000000", "Ona", now_s)


async def commands(world: World, pbx: Simulator) -> None:
    """Have a command answered, one refused, and a dial that nobody knows of."""
    asked = await world.bridge("tool", "send", "list-lost-calls", "--connection", "acme", "--wait", "20s")
    assert asked.exit_code == 0, asked.output
    await publish_once(world.everything, Record(commands_topic(world.prefix), b"k", b"no command", []), 10.0)
    pbx.faults.set("answer_500", Fault(times=1, on=frozenset({"Dial"}), processed=False))
    staff = pbx.accounts[API_KEY].directory.staff[0]
    dial = ("send", "dial", "--connection", "acme", "--contact", str(staff.contact_id), "--to", "37061111111")
    dialled = await world.bridge("tool", *dial, "--wait", "20s")
    assert dialled.exit_code == 3, dialled.output
    doubts = await world.bridge("tool", "doubts", "--json")
    assert len(orjson.loads(doubts.output)) == 1


async def look(world: World) -> None:
    """Look at the webhooks, at the installation, and at what lands."""
    hooks = await world.bridge("tool", "hooks", "list")
    assert hooks.exit_code == 0, hooks.output
    check = await world.bridge("tool", "check")
    assert "ok     rights: all that tool needs; ingress lacks Write on topic" in check.output, check.output
    assert "\nok     webhooks acme: " in check.output
    assert (await world.bridge("tool", "topics", "plan")).exit_code == 0
    await tail(world)


async def tail(world: World) -> None:
    """Follow all topics until an event has been shown, and end it as Ctrl-C does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge.cli", "tail", "--since", "1h", "--json"),
        *("--config", str(world.config("tool"))),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = await process.communicate()
    assert (line[:1], errors, process.returncode) == (b"{", b"", 0)


@pytest.mark.asyncio
async def test_a_microservice_reads_with_a_group_of_its_own(world: World) -> None:
    """It joins, is given all partitions, reads, commits, and leaves."""
    table = rights(KafkaRole.CONSUMER, world.prefix, group=f"{world.prefix}-billing")
    topics = [*(event_topic(world.prefix, event) for event in EventName), results_topic(world.prefix)]
    async with world.given("nobody", table) as audit:
        options = world.kafka.client("PLAIN_ONLY", mechanism="PLAIN", user="nobody")
        consumer = AIOKafkaConsumer(
            *topics,
            **client_arguments(options),
            group_id=f"{world.prefix}-billing",
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            async with asyncio.timeout(20):
                while not await consumer.getmany(timeout_ms=200):
                    pass
            await consumer.commit()
            await whole(audit, table)
        finally:
            await consumer.stop()


@pytest.mark.asyncio
async def test_a_microservice_sends_commands_and_reads_nothing(world: World) -> None:
    """An idempotent producer needs no right to the cluster."""
    table = rights(KafkaRole.COMMANDER, world.prefix)
    async with world.given("nobody", table) as audit:
        options = world.kafka.client("PLAIN_ONLY", mechanism="PLAIN", user="nobody")
        await publish_once(options, Record(commands_topic(world.prefix), b"key", b"{}", []), 10.0)
        await whole(audit, table)
