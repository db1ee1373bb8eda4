"""What the package gives to tests of others: the fixture, samples, and a way to publish them."""

import importlib.metadata
import subprocess
import sys
import uuid
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer

from bridge.events import CallCompleted, CommandResolved, CommandResult, EventName, Origin, Status, parse_record
from bridge.events.record_examples import event_record
from bridge.kafka.local import LocalKafka
from bridge.testing import RunningPbx, publish, sample_event, sample_resolved, sample_result
from tests.events.consumer import Message, lay_out

IN_A_CLEAN_PLACE = """
import pytest
from bridge.testing import sample_event

def test_sample():
    assert sample_event("call.started").topic == "pbx.call.started.v1"

@pytest.mark.pbx_simulator(seed=1)
def test_simulator(pbx_simulator):
    pass
"""


def test_pytest_finds_the_plugin(pytestconfig: pytest.Config) -> None:
    """The package has the entry point, so `pip install` is all that it takes."""
    (point,) = importlib.metadata.entry_points(group="pytest11", name="mobili_stotele_bridge")
    assert pytestconfig.pluginmanager.get_plugin("mobili_stotele_bridge") is point.load()


def test_the_plugin_imports_nothing() -> None:
    """Whoever has the base install alone can start pytest, and nobody's start gets slower."""
    asked = (
        "import pytest, sys; before = set(sys.modules); import bridge.pytest_plugin; print(*set(sys.modules) - before)"
    )
    run = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)
    assert set(run.stdout.split()) == {"bridge", "bridge.pytest_plugin"}


def test_samples_import_neither_kafka_nor_http() -> None:
    """Samples are for the base install."""
    asked = "import bridge.testing, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)
    assert not {"aiohttp", "aiokafka", "structlog", "faststream"} & set(run.stdout.split())


def test_without_the_extra_the_fixture_says_what_it_needs(tmp_path: Path) -> None:
    """With the base install and pytest, samples work, and who asks for the simulator learns what is missing."""
    (place := tmp_path / "place").mkdir()
    lay_out(place, "mobili-stotele-bridge", "pytest")
    (tmp_path / "test_it.py").write_text(IN_A_CLEAN_PLACE)
    started = "import sys; sys.path.append(sys.argv.pop(1)); import pytest; sys.exit(pytest.main())"
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", started, str(place), "-p", "bridge.pytest_plugin", "-q", "--strict-markers"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "pbx_simulator needs the extra `service` of mobili-stotele-bridge: aiohttp is missing" in run.stdout
    assert "1 passed, 1 error" in run.stdout


@pytest.mark.pbx_simulator(seed=7, calls_per_second=100)
def test_the_simulator_plays(pbx_simulator: RunningPbx) -> None:
    """A test without an event loop has calls come, and looks at what came of them."""
    assert pbx_simulator.base_url.startswith("http://127.0.0.1:")
    pbx_simulator.run(lambda pbx: pbx.play(0.1))
    assert pbx_simulator.do(lambda pbx: pbx.accounts[pbx_simulator.api_key].day.started_calls) > 0


@pytest.mark.asyncio
async def test_the_simulator_serves_tests_with_a_loop(pbx_simulator: RunningPbx) -> None:
    """Its loop is not the test's."""
    pbx_simulator.do(lambda pbx: pbx.start_playing())
    assert pbx_simulator.do(lambda pbx: pbx.playing)


@pytest.mark.parametrize("event", EventName)
def test_a_sample_is_the_example_of_the_schemas(event: EventName) -> None:
    """Without changes a sample is the record that the documentation shows."""
    assert sample_event(event) == sample_event(str(event)) == event_record(event)


def test_a_changed_sample_is_as_if_it_had_happened() -> None:
    """Id, key, subject and time follow the fields, as in the bridge itself."""
    record = sample_event(
        "call.completed",
        connection="north",
        topic_prefix="t",
        call_id=5,
        contact_id=None,
        call_ended="2020-02-03T04:05:06Z",
    )
    event = parse_record(Message(record), CallCompleted)
    assert (record.topic, record.key) == ("t.call.completed.v1", b"north/call/5")
    assert (event.source, event.subject, event.data.contact_id) == ("/connections/north", "call/5", None)
    assert event.time == event.data.call_ended
    assert event.id == sha256(b'["north","call.completed",5,null]').hexdigest()[:32]


def test_samples_of_answers_name_their_command() -> None:
    """A sender of commands is tested with the answers that it waits for."""
    result = parse_record(
        Message(sample_result("c-1", source="/crm", status="rejected", code="not_found")), CommandResult
    )
    assert (result.data.status, result.command_id, result.command_source) == (Status.REJECTED, "c-1", "/crm")
    resolved = parse_record(Message(sample_resolved("c-1", source="/crm", call_id=7)), CommandResolved)
    assert (resolved.data.call_id, resolved.command_id) == (7, "c-1")


def test_samples_are_what_the_bridge_could_have_written() -> None:
    """A test on a record that never comes proves nothing."""
    with pytest.raises(ValueError, match="no field callID"):
        sample_event("call.started", callID=1)
    with pytest.raises(ValueError, match="call_id"):
        sample_event("call.started", call_id="none")
    with pytest.raises(ValueError, match="status"):
        sample_result("c-1", source="/crm", status="perhaps")
    with pytest.raises(ValueError, match=r"call\.parked"):
        sample_event("call.parked")


@pytest.mark.asyncio
async def test_samples_are_published(kafka: LocalKafka) -> None:
    """Any consumer reads them, from topics that were not there before."""
    prefix = f"t{uuid.uuid4().hex[:12]}"
    records = [sample_event("call.completed", topic_prefix=prefix, call_id=number) for number in range(3)]
    publish(kafka.bootstrap, *records, sample_event("call.started", topic_prefix=prefix))
    consumer = AIOKafkaConsumer(records[0].topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    async with consumer:
        read = [await anext(consumer) for _ in records]
    assert [orjson.loads(record.value)["call_id"] for record in read] == [0, 1, 2]
    assert {parse_record(record, CallCompleted).origin for record in read} == {Origin.WEBHOOK}
