"""The command line, each command as a user calls it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from typer.testing import CliRunner

from bridge.cli.main import app
from bridge.kafka.local import LocalKafka
from bridge.pbx.hook_keys import HookName, hook_key
from tests.bench.servers import free_port

BRIDGE = [sys.executable, "-m", "bridge.cli"]
SECRET = "the webhook secret of acme"
STARTED = (Path(__file__).parents[1] / "samples" / "webhooks" / "call-started.json").read_bytes()
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bootstrap(kafka: LocalKafka) -> str:
    """Give the address of the shared broker to tests that are not coroutines."""
    return kafka.bootstrap


@pytest.fixture(scope="module")
def config(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a configuration with topics of its own."""
    file = tmp_path_factory.mktemp("config") / "bridge.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "kafka": {"bootstrap_servers": bootstrap},
                "topics": {"prefix": f"cli{uuid.uuid4().hex[:8]}", "replication_factor": 1, "shards": 2},
                "ingress": {"host": "127.0.0.1", "port": free_port(), "public_url": "https://hooks.example.com"},
                "admin": {"host": "127.0.0.1", "port": free_port()},
                "connections": {"acme": {"base_url": "https://pbx.example.com/api/v2", "webhook_secret": SECRET}},
            }
        )
    )
    return file


def call(*arguments: str, config: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; the environment of the tests' own Kafka does not reach it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BRIDGE_", "KAFKA_"))}
    options = [] if config is None else ["--config", str(config)]
    return subprocess.run(
        [*BRIDGE, *arguments, *options],
        env=clean | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        ["demo"],
        ["run"],
        ["check"],
        ["tail"],
        ["simulator"],
        ["hooks", "url"],
        ["topics", "plan"],
        ["topics", "apply"],
        ["schemas", "list"],
        ["schemas", "show"],
        ["schemas", "check"],
        ["schemas", "generate"],
        ["kafka", "up"],
        ["kafka", "down"],
    ],
)
def test_each_command_helps_with_an_example(command: list[str]) -> None:
    """`--help` shows how to call it."""
    result = CliRunner().invoke(app, [*command, "--help"], prog_name="bridge")
    assert result.exit_code == 0
    _usage, *rest = result.output.split("Usage:")[1].splitlines()
    assert f"bridge {' '.join(command)}" in " ".join(rest)


def test_the_version_is_told() -> None:
    """For a bug report."""
    assert call("--version").stdout == "0.1.0\n"


@pytest.mark.parametrize("role", ["worker", "all"])
def test_a_worker_needs_its_keys(config: Path, role: str) -> None:
    """One sentence, exit 2; the ingress does without them."""
    run = call("run", "--role", role, config=config)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("bridge: connections.acme.api_key_file is missing: ")


def test_a_wrong_configuration_is_told_whole_and_without_a_traceback(tmp_path: Path) -> None:
    """Every problem is a line, exit 2."""
    file = tmp_path / "wrong.yaml"
    file.write_text("kafka: {bootstrap_servers: localhost:9092, colour: red}\ningress: {port: many}\n")
    run = call("run", "--role", "ingress", config=file)
    assert run.returncode == 2
    lines = run.stderr.splitlines()
    assert all(line.startswith("bridge: ") for line in lines)
    assert "kafka.colour" in run.stderr
    assert "ingress.port" in run.stderr
    assert "connections" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_hook_url_is_printed_whole(config: Path) -> None:
    """Generation 0, under the public URL."""
    run = call("hooks", "url", "acme", "CallStarted", config=config)
    key = hook_key(SECRET.encode(), "acme", HookName("CallStarted", 0))
    assert run.stdout == f"https://hooks.example.com/hooks/acme/{key}\n"
    as_json = call("hooks", "url", "acme", "CallStarted", "--json", config=config)
    assert json.loads(as_json.stdout)["url"] == run.stdout.strip()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nobody", "CallStarted"), "there is no connection nobody; there are: acme"),
        (("acme", "CallEnded"), "there is no webhook CallEnded; there are: CallStarted, "),
    ],
)
def test_a_hook_url_of_nothing_is_refused(config: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """What there is instead, exit 2."""
    run = call("hooks", "url", *arguments, config=config)
    assert run.returncode == 2
    assert run.stderr.startswith(f"bridge: {sentence}")


def test_topics_are_planned_made_and_checked(config: Path) -> None:
    """`plan` says what is missing and exits 1, `apply` makes it, and then `plan` and `check` are content."""
    plan = call("topics", "plan", config=config)
    assert plan.returncode == 1
    assert plan.stdout.count("would create ") == 25
    check = call("check", config=config)
    assert check.returncode == 1
    assert "is missing: bridge topics apply creates it" in check.stdout
    assert SECRET not in check.stdout
    apply = call("topics", "apply", config=config)
    assert (apply.returncode, apply.stdout.count("created ")) == (0, 25)
    assert call("topics", "plan", config=config).stdout == "all topics are as configured\n"
    check = call("check", config=config)
    assert check.returncode == 0, check.stdout
    assert "ok     topics: all as configured" in check.stdout
    found = json.loads(call("check", "--json", config=config).stdout)["checks"]
    assert [item["what"] for item in found] == [
        *("configuration", "kafka", "rights", "topics"),
        "quota of acme",
        "connections",
    ]
    assert "take 13 of 100 calls a minute" in found[4]["sentence"]


def test_another_number_of_shards_is_refused(config: Path) -> None:
    """The number is fixed for the life of an installation: `check` names it, `run` ends with exit 2."""
    call("topics", "apply", config=config)
    check = call("check", config=config, BRIDGE_TOPICS__SHARDS="3")
    assert check.returncode == 1
    assert "topics.shards is 3" in check.stdout
    run = call("run", "--role", "ingress", config=config, BRIDGE_TOPICS__SHARDS="3")
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith("bridge: topics.shards is 3")


def test_a_kafka_that_is_not_there_is_one_sentence(config: Path) -> None:
    """`check`, `topics` and `tail` say so, exit 1."""
    nobody = f"127.0.0.1:{free_port()}"
    for command in (["topics", "plan"], ["tail"], ["check"]):
        run = call(*command, config=config, BRIDGE_KAFKA__BOOTSTRAP_SERVERS=nobody)
        assert run.returncode == 1
        assert f"{nobody} cannot be reached" in run.stdout + run.stderr
        assert "Traceback" not in run.stderr


@pytest.fixture(scope="module")
def ingress(config: Path) -> Iterator[subprocess.Popen[str]]:
    """Give `bridge run --role ingress` as a process, ready."""
    process = subprocess.Popen(
        [*BRIDGE, "run", "--role", "ingress", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    admin = yaml.safe_load(config.read_text())["admin"]["port"]
    _until_ready(f"http://127.0.0.1:{admin}/readyz")
    yield process
    process.kill()
    process.communicate()


def test_the_service_runs_and_stops_cleanly(config: Path, ingress: subprocess.Popen[str]) -> None:
    """A webhook goes in, `tail` shows the event, and SIGTERM ends it with exit 0 and nothing on stdout."""
    port = yaml.safe_load(config.read_text())["ingress"]["port"]
    key = hook_key(SECRET.encode(), "acme", HookName("CallStarted", 0))
    request = urllib.request.Request(f"http://127.0.0.1:{port}/hooks/acme/{key}", data=STARTED)
    with urllib.request.urlopen(request, timeout=10) as answer:
        id_ = json.loads(answer.read())["id"]
    line = _first_line("tail", "call.started", "--since", "1h", "--json", config=config)
    event = json.loads(line)
    assert (event["id"], event["type"], event["connection"]) == (id_, "pbx.call.started.v1", "acme")
    assert event["dataschema"] == "https://hooks.example.com/schemas/pbx.call.started.v1.json"
    assert event["data"]["caller"] == "22222222"
    line = _first_line("tail", "--since", "1h", "--connection", "acme", config=config)
    assert "call.started" in line
    assert "22222222" not in line
    check = call("check", "--ingress", f"http://127.0.0.1:{port}/", config=config)
    assert check.stdout.splitlines()[1:3] == [
        f"ok     ingress http://127.0.0.1:{port}: answers, and refuses a wrong hook key",
        "ok     hook key acme: accepted",
    ]
    assert key not in check.stdout
    ingress.send_signal(signal.SIGTERM)
    stdout, stderr = ingress.communicate(timeout=25)
    assert (ingress.returncode, stdout) == (0, "")
    assert [json.loads(line)["event"] for line in stderr.splitlines()][-2:] == ["stopping", "stopped"]
    assert key not in stderr


def _first_line(*arguments: str, config: Path) -> str:
    """Return the first line of a command that goes on for ever, and end it as Ctrl-C does."""
    process = subprocess.Popen(
        [*BRIDGE, *arguments, "--config", str(config)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=15)
    assert (process.returncode, stderr) == (0, "")
    return line


def _until_ready(url: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} was not ready in time")


@pytest.mark.asyncio
async def test_the_demo_shows_what_it_promises(bootstrap: str) -> None:
    """What was answered is read, and nothing is missing but what is lost for good; exit 0."""
    environ = {**os.environ, "KAFKA_BOOTSTRAP": bootstrap}
    process = await asyncio.create_subprocess_exec(
        *BRIDGE, "demo", "--for", "3s", env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, stdout.decode() + stderr.decode()
    *_, total, _, polled, dialled = stdout.decode().splitlines()
    _, happened, answered, recovered, distinct, lost, missing = total.split()
    assert int(happened) > 10
    assert int(happened) == int(distinct) + int(lost)
    assert int(answered) + int(recovered) >= int(distinct)
    assert missing == "0"
    assert polled.startswith("polled: ")
    assert dialled.startswith("dialled once: result ok, call 15")


@pytest.mark.asyncio
async def test_ctrl_c_ends_the_demo_with_its_table(bootstrap: str) -> None:
    """What was played so far is shown, and nothing is missing."""
    environ = {**os.environ, "KAFKA_BOOTSTRAP": bootstrap, "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(
        *BRIDGE, "demo", "--for", "50s", env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(40):
        while b"call.completed" not in await process.stdout.readline():
            pass
    process.send_signal(signal.SIGINT)
    stdout, stderr = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, stderr.decode()
    assert stdout.decode().splitlines()[-4].startswith("all ")
