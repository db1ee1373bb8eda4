"""The examples, run as their page says: real clients of three languages, a real Kafka and a real bridge.

By `make examples` and in CI, not by `make test`: they take a minute. Where a toolchain is missing its examples are
skipped with a sentence; in CI that is a failure, so that nothing goes unproven there.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from bridge.events import CallCompleted, Event, parse_record
from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.kafka.local import LocalKafka
from bridge.kafka.local.ports import free_ports
from bridge.simulator import AccountOptions, Simulator, SimulatorOptions
from bridge.testing import RunningPbx, publish, sample_event
from tests.events.consumer import Message

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGE = EXAMPLES / "README.md"
API_KEY = "the-key-of-the-examples"
READY_WITHIN_S = 60.0
# Some 25 topics are made meanwhile, on a busy machine.
PREPARED_WITHIN_S = 300.0
# Downloads over a slow line, and Go compiles its libraries the first time.
RUNS_WITHIN_S = 90.0
# A dial waits for its result for a minute.
ENOUGH = 12
# Calls for every partition: the published sample, and what the simulated PBX plays.


class Language(NamedTuple):
    """How an example is run. `needs` are programs; `prepare` is run once, in the folder `name`."""

    name: str
    needs: Sequence[str]
    prepare: Sequence[str]
    completed: Sequence[str]
    dial: Sequence[str]
    destination: str


JAVA = ("java", "-cp", "target/dependency/*")
LANGUAGES = [
    Language("python", (), (), (sys.executable, "completed.py"), (sys.executable, "dial.py"), "37060000001"),
    Language(
        "java",
        ("java", "javac", "mvn"),
        ("mvn", "--quiet", "--batch-mode", "--strict-checksums", "dependency:copy-dependencies"),
        (*JAVA, "Completed.java"),
        (*JAVA, "Dial.java"),
        "37060000002",
    ),
    Language(
        "go",
        ("go",),
        ("go", "build", "-o", os.devnull, "./..."),
        ("go", "run", "./completed"),
        ("go", "run", "./dial"),
        "37060000003",
    ),
]


class Stack(NamedTuple):
    """A bridge that takes webhooks and commands, on a Kafka, with a PBX that has played some calls."""

    environ: Mapping[str, str]
    pbx: RunningPbx
    topic: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Let a bridge publish some calls."""
    prefix = f"examples-{uuid.uuid4().hex[:6]}"
    options = SimulatorOptions(keys={API_KEY: AccountOptions()}, calls_per_second=5, brevity=60)
    log = tmp_path_factory.mktemp("bridge") / "log"
    with RunningPbx(options) as pbx, _bridge(kafka.bootstrap, prefix, pbx, log):
        _until(lambda: pbx.do(_registered) == len(WEBHOOK_EVENTS), log.read_text)
        pbx.do(lambda vendor: vendor.start_playing())
        publish(kafka.bootstrap, sample_event("call.completed", topic_prefix=prefix))
        topic = f"{prefix}.call.completed.v1"
        async with asyncio.timeout(READY_WITHIN_S):
            while len(await _lines(kafka.bootstrap, topic)) < ENOUGH:  # noqa: ASYNC110 - Kafka tells nobody by itself
                await asyncio.sleep(0.5)
        await asyncio.to_thread(pbx.run, lambda vendor: vendor.stop_playing())
        yield Stack({**os.environ, "KAFKA_BOOTSTRAP": kafka.bootstrap, "TOPICS_PREFIX": prefix}, pbx, topic)


@pytest.fixture(params=LANGUAGES, ids=lambda language: language.name, scope="module")
def language(request: pytest.FixtureRequest) -> Language:
    """Prepare the examples of a language; where its toolchain is missing say so loudly."""
    chosen: Language = request.param
    if missing := [program for program in chosen.needs if shutil.which(program) is None]:
        sentence = f"the examples in {chosen.name} were NOT run: {' and '.join(missing)} not found"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        # Who works on the bridge need not have every language; the summary names what was not run.
        pytest.skip(sentence)
    if chosen.prepare:
        subprocess.run(chosen.prepare, cwd=EXAMPLES / chosen.name, check=True, timeout=PREPARED_WITHIN_S)
    return chosen


@pytest.mark.asyncio
async def test_the_consumer_prints_what_its_page_says(stack: Stack, language: Language) -> None:
    """The published sample gives the line of the page, and what the bridge publishes lines of the same kind."""
    everything = await _lines(stack.environ["KAFKA_BOOTSTRAP"], stack.topic)
    printed = _run(stack, language, *language.completed, str(len(everything))).splitlines()
    assert sorted(printed) == sorted(everything)
    of_the_page = _line(parse_record(Message(sample_event("call.completed")), CallCompleted))
    assert of_the_page in printed
    assert of_the_page in PAGE.read_text()


def test_the_sender_dials_once_and_prints_the_result(stack: Stack, language: Language) -> None:
    """The vendor gets one request, and the sender the bridge's word for it."""
    employee = stack.pbx.do(lambda pbx: pbx.accounts[API_KEY].directory.staff[0].contact_id)
    printed = _run(stack, language, *language.dial, str(employee), language.destination)
    assert printed == "ok: The vendor accepted the dial.\n"
    assert printed in PAGE.read_text()
    dials = stack.pbx.do(lambda pbx: [dial.destination for dial in pbx.requests.dials])
    assert dials.count(language.destination) == 1


def _run(stack: Stack, language: Language, *command: str) -> str:
    run = subprocess.run(
        command,
        cwd=EXAMPLES / language.name,
        env=dict(stack.environ),
        capture_output=True,
        text=True,
        timeout=RUNS_WITHIN_S,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


async def _lines(bootstrap: str, topic: str) -> set[str]:
    """Return what is to be printed of all that is in the topic now, as a reader of our own sees it."""
    settings = {"bootstrap_servers": bootstrap, "isolation_level": "read_committed", "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer(topic, **settings) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        lines: set[str] = set()
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                lines.update(_line(parse_record(record, CallCompleted)) for record in records)
    return lines


def _line(event: Event[CallCompleted]) -> str:
    call = event.data
    how = "missed" if call.call_connected is None else f"connected {call.connection_time} s"
    return f"{event.id} {event.connection} {event.subject} {call.caller} -> {call.destination} {how}"


@contextmanager
def _bridge(bootstrap: str, prefix: str, pbx: RunningPbx, log: Path) -> Iterator[None]:
    """Run a bridge of all roles as a process of its own, ready to take webhooks and commands."""
    port, admin = free_ports(2)
    settings = {
        "KAFKA__BOOTSTRAP_SERVERS": bootstrap,
        "TOPICS__PREFIX": prefix,
        "TOPICS__REPLICATION_FACTOR": "1",
        "INGRESS__HOST": "127.0.0.1",
        "INGRESS__PORT": str(port),
        "INGRESS__PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ADMIN__HOST": "127.0.0.1",
        "ADMIN__PORT": str(admin),
        "CONNECTIONS__ACME__BASE_URL": pbx.base_url,
        "CONNECTIONS__ACME__API_KEY": pbx.api_key,
        "CONNECTIONS__ACME__WEBHOOK_SECRET": "what the examples sign their hooks with",
    }
    environ = {name: text for name, text in os.environ.items() if not name.startswith("BRIDGE_")}
    environ |= {f"BRIDGE_{name}": text for name, text in settings.items()}
    with log.open("wb") as output:
        command = [sys.executable, "-m", "bridge.cli", "run", "--role", "all"]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output)
    try:
        _until(lambda: process.poll() is not None or _is_ready(admin), lambda: log.read_text()[-2000:])
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(READY_WITHIN_S)


def _registered(vendor: Simulator) -> int:
    return len(vendor.accounts[API_KEY].hooks.registered)


def _is_ready(admin_port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.HTTPError, OSError):
        return False


def _until(condition: Callable[[], object], told: Callable[[], str]) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while not condition():
        assert time.monotonic() < end, told()
        time.sleep(0.1)
