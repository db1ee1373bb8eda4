"""The local Kafka for real, the first way that is open: transactions, kill -9, and nothing left behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bridge.kafka.local import LocalKafka, NoLocalKafka, background, start_local_kafka
from bridge.kafka.local.answers import answers
from bridge.kafka.local.container import ContainerKafka
from bridge.kafka.local.jars import cache_folder
from bridge.kafka.local.jvm import JvmKafka

PATIENCE = 30.0
# Seconds within which a broker must be gone after the death of who started it.

CHILD = """
import asyncio, sys
from bridge.kafka.local import start_local_kafka

async def main():
    kafka = await start_local_kafka(lambda line: print(line, file=sys.stderr), own=True)
    print(kafka.bootstrap, *[getattr(kafka, name, "") for name in ("folder", "name")], flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""

CLI = "from bridge.cli.kafka import app; app(prog_name='bridge kafka')"


async def records(bootstrap: str, topic: str) -> list[bytes]:
    """Return the committed values of the topic's only partition from its start."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        found: list[bytes] = []
        while await consumer.position(partition) < end:
            batches = await consumer.getmany(timeout_ms=200)
            found += [record.value for batch in batches.values() for record in batch]
        return found
    finally:
        await consumer.stop()


async def create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


def command_lines() -> list[str]:
    """Return the command lines of all processes, also where there is no `ps`."""
    if Path("/proc/self").exists():
        return [background._command_line(int(entry.name)) for entry in Path("/proc").glob("[0-9]*")]
    listed = subprocess.run(["ps", "-ww", "-eo", "command="], stdout=subprocess.PIPE, check=True)
    return listed.stdout.decode().splitlines()


def traces(folder: str, name: str) -> list[str]:
    """Return what is left of a broker: its folder, its processes, its container."""
    left = [folder] if folder and Path(folder).exists() else []
    if folder:
        left += [line for line in command_lines() if folder in line]
    if name:
        from bridge.kafka.local.container import find_engine

        left += [name] if find_engine().last_words(name) != "it is gone" else []
    return left


def traces_of(kafka: LocalKafka) -> list[str]:
    match kafka:
        case JvmKafka():
            return traces(kafka.folder, "")
        case ContainerKafka():
            return traces("", kafka.name)
        case _:
            raise AssertionError(kafka)


@pytest.mark.asyncio
async def test_it_is_a_real_kafka_and_keeps_its_data_over_kill_9(own_kafka: LocalKafka) -> None:
    """A committed transaction is read, an aborted one is not, before and after a kill -9 on the same port."""
    at = own_kafka.bootstrap
    await create_topic(at, "kept")
    producer = AIOKafkaProducer(bootstrap_servers=at, transactional_id="local")
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait("kept", b"committed")
    await producer.begin_transaction()
    await producer.send_and_wait("kept", b"aborted")
    await producer.abort_transaction()
    await producer.stop()
    assert await records(at, "kept") == [b"committed"]

    await own_kafka.kill()
    assert not await answers(at)
    await own_kafka.restart()
    assert own_kafka.bootstrap == at
    assert await records(at, "kept") == [b"committed"]


@pytest.mark.asyncio
async def test_two_brokers_at_once_are_two_brokers_and_leave_nothing() -> None:
    """Each has its own port and data; stopping one leaves the other alone; after the end there is no trace."""
    first, second = await asyncio.gather(start_local_kafka(print, own=True), start_local_kafka(print, own=True))
    assert first.bootstrap != second.bootstrap
    assert traces_of(first)
    await first.stop()
    assert await answers(second.bootstrap)
    await second.stop()
    await second.stop()
    assert traces_of(first) + traces_of(second) == []


@pytest.mark.asyncio
async def test_nothing_is_left_when_who_started_it_is_killed_9() -> None:
    """The broker dies with its parent, and its data goes."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    bootstrap, *marks = (await child.stdout.readline()).decode().rstrip("\n").split(" ")
    assert traces(*marks)
    assert await answers(bootstrap)
    child.kill()
    await child.wait()
    async with asyncio.timeout(PATIENCE):
        while traces(*marks):  # noqa: ASYNC110 - the end of somebody else's child tells nobody
            await asyncio.sleep(0.05)
    assert not await answers(bootstrap)


@pytest.mark.asyncio
async def test_a_given_broker_is_used_and_never_touched(own_kafka: LocalKafka) -> None:
    """It is taken when it answers; to kill or restart it is refused; stop leaves it running."""
    given = await start_local_kafka(print, environ={"KAFKA_BOOTSTRAP": own_kafka.bootstrap})
    assert (given.how, given.bootstrap) == ("given", own_kafka.bootstrap)
    with pytest.raises(NoLocalKafka, match="not ours to kill"):
        await given.kill()
    with pytest.raises(NoLocalKafka, match="not ours to restart"):
        await given.restart()
    await given.stop()
    assert await answers(own_kafka.bootstrap)


@pytest.mark.asyncio
async def test_a_given_broker_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error in KAFKA_BOOTSTRAP starts nothing else."""
    monkeypatch.setattr("bridge.kafka.local.start.GIVEN_TIMEOUT", 0.2)
    with pytest.raises(NoLocalKafka, match=r"that KAFKA_BOOTSTRAP names, 127\.0\.0\.1:1, does not answer"):
        await start_local_kafka(print, environ={"KAFKA_BOOTSTRAP": "127.0.0.1:1"})


class Cli:
    """`bridge kafka` with a cache of its own."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self._environ = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP"}
        self._environ["XDG_CACHE_HOME"] = str(cache.parent)

    def run(self, *words: str, status: int = 0, **variables: str) -> str:
        """Run it and return what it prints, on both outputs where it fails."""
        done = subprocess.run(
            [sys.executable, "-c", CLI, *words],
            env={**self._environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if status == 0 else done.stdout + done.stderr


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    """Give the command with a cache that knows of no broker, but has the jars where the machine has them."""
    cache = tmp_path / "mobili-stotele-bridge"
    cache.mkdir()
    for jars in cache_folder(os.environ).glob("kafka-*/"):
        if jars.is_dir():
            (cache / jars.name).symlink_to(jars)
    command = Cli(cache)
    yield command
    command.run("down")


def test_up_and_down_start_and_end_exactly_one_broker(cli: Cli) -> None:
    """It outlives the command; a second `up` finds it; `down` ends it, removes its data, and is done when done."""
    assert json.loads(cli.run("down", "--json")) == {"stopped": None}
    first = json.loads(cli.run("up", "--json"))
    assert asyncio.run(answers(first["bootstrap"]))
    second = json.loads(cli.run("up", "--json"))
    assert (first.pop("started"), second.pop("started")) == (True, False)
    assert first == second
    assert f"runs already at {first['bootstrap']}" in cli.run("up")
    assert "nothing was started" in cli.run("up", KAFKA_BOOTSTRAP=first["bootstrap"], XDG_CACHE_HOME=str(cli.cache))

    assert json.loads(cli.run("down", "--json")) == {"stopped": first}
    assert traces(first["folder"] or "", first["container"] or "") == []
    assert cli.run("down") == "No local Kafka was started by `bridge kafka up`: nothing to stop.\n"


def test_down_never_ends_a_process_that_only_has_the_number(cli: Cli) -> None:
    """After a crash of the machine another program may have the noted number."""
    with subprocess.Popen(["sleep", "1000"]) as stranger:
        state = {"how": "java", "bootstrap": "127.0.0.1:1", "pid": stranger.pid, "folder": f"{cli.cache}/old-data"}
        (cli.cache / "background.json").write_text(json.dumps(state))
        assert "is stopped" in cli.run("down")
        assert stranger.poll() is None
        stranger.send_signal(signal.SIGKILL)
    assert not (cli.cache / "background.json").exists()


def test_without_any_way_the_command_says_one_sentence(cli: Cli, tmp_path: Path) -> None:
    """Exit 2, the three ways, and no traceback."""
    said = cli.run("up", status=2, PATH=str(tmp_path), DOCKER_HOST=f"unix://{tmp_path}/nobody.sock")
    assert said == (
        "No local Kafka can be had: set KAFKA_BOOTSTRAP to a broker's host:port, or start a Docker engine "
        "(now: no engine answers), or install Java 17 with Maven (now: neither java nor mvn is there).\n"
    )


def test_a_port_that_is_taken_is_named(cli: Cli, own_kafka: LocalKafka) -> None:
    """The wish for a certain port is refused before anything is started."""
    port = own_kafka.bootstrap.rpartition(":")[2]
    assert cli.run("up", "--port", port, status=2) == (
        f"Port {port} is taken: choose another one, or none to get a free one.\n"
    )
