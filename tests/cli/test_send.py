"""`bridge send` on a real Kafka. The test is the worker, and lies as workers never would where that shows something."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import Result

from bridge.calls.conclusions import Conclusion, Status
from bridge.cli.send import exchange
from bridge.commands.command import Command, Reason, Refusal, address_of
from bridge.commands.command_record import CommandRecord
from bridge.commands.reading import read_command
from bridge.events.records import Record
from bridge.events.result_models import CommandResult
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.local import LocalKafka
from bridge.kafka.reader import ReadRecord
from bridge.kafka.single_publish import Stored, publish_once
from bridge.pbx.responses import Done, Item
from tests.cli.installations import DIAL, Installation, received

DOCUMENT = Path(__file__).parents[2] / "docs" / "commands.md"
REJECTED = Conclusion(Status.REJECTED, "not_found", "no such \x1b[31mcontact", http_status=404, attempts=1)
DIALLED = Conclusion(Status.OK, answer=Done(), http_status=200, attempts=1)
Answers = Callable[[Command], list[tuple[list[Record], bool]]]
Serve = Callable[[tuple[str, ...], Answers], Awaitable[tuple[Result, ReadRecord]]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Give an installation with both topics."""
    made = Installation(kafka.bootstrap, tmp_path_factory.mktemp("send"))
    await made.create(made.commands, made.results)
    return made


@pytest.fixture
def serve(installation: Installation) -> Serve:
    """Give what runs a command line, and answers the command that it publishes."""

    async def run(arguments: tuple[str, ...], answers: Answers) -> tuple[Result, ReadRecord]:
        async with installation.arriving() as commands:
            running = asyncio.create_task(installation.bridge(*arguments))
            record = await anext(commands)
            await installation.publish_each(answers(received(record)))
            return await running, record

    return run


def id_of(record: ReadRecord) -> str:
    return dict(record.headers)["ce_id"].decode()


def result(installation: Installation, command: Command, conclusion: Conclusion) -> Record:
    """Give the result of a command, as a worker makes it."""
    accepted = command.accepted_ms
    return installation.records.result(command.reference, conclusion, accepted + 60, accepted + 300)


@pytest.mark.asyncio
async def test_a_dial_is_published_as_a_binary_event_without_a_time(installation: Installation) -> None:
    """The record is the contract's: id and key are one ULID, and the deadline is left to the brokers' clock."""
    async with installation.arriving() as commands:
        run = await installation.bridge(*DIAL, "--correlation-id", "order 7")
        record = await anext(commands)
    headers = dict(record.headers)
    assert re.fullmatch(rb"[0-9A-HJKMNP-TV-Z]{26}", headers["ce_id"])
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": record.key,
        "ce_source": b"/bridge/cli",
        "ce_type": b"pbx.command.dial.v1",
        "ce_connection": b"acme",
        "ce_correlationid": b"order 7",
        "content-type": b"application/json",
    }
    assert record.value == b'{"contact_id":224,"destination":"37060000000"}'
    id_ = headers["ce_id"].decode()
    where = f"{installation.commands}, partition {record.partition}, offset {record.offset}"
    assert (run.exit_code, run.stdout, run.stderr) == (0, f"{id_} is published: {where}\n", "")


@pytest.mark.asyncio
async def test_json_tells_where_the_command_is(installation: Installation) -> None:
    """One line for machines; an id given on purpose is the command's."""
    run = await installation.bridge(*DIAL, "--command-id", "order 8", "--source", "/crm", "--json")
    told = json.loads(run.stdout)
    assert (told["id"], told["source"], told["topic"]) == ("order 8", "/crm", installation.commands)
    assert told.keys() == {"id", "source", "topic", "partition", "offset"}


@pytest.mark.asyncio
async def test_a_result_that_was_never_committed_is_not_shown(installation: Installation, serve: Serve) -> None:
    """An aborted `ok` and another command's result pass by; the committed `rejected` is shown, exit 3."""

    def answers(command: Command) -> list[tuple[list[Record], bool]]:
        others = [
            result(installation, replace(command, id="other"), DIALLED),
            result(installation, replace(command, source="/crm"), DIALLED),
            result(installation, replace(command, connection="shop"), DIALLED),
        ]
        return [
            ([result(installation, command, DIALLED)], False),
            (others, True),
            ([result(installation, command, REJECTED)], True),
        ]

    run, record = await serve((*DIAL, "--wait", "30s"), answers)
    assert run.exit_code == 3
    first, *rest = run.stdout.splitlines()
    assert first == (
        r'rejected (not_found): The vendor refused it (HTTP 404). The vendor says: "no such \u001b[31mcontact".'
    )
    assert rest[0].split() == ["command", "pbx.command.dial.v1", id_of(record)]
    assert [line.split()[0] for line in rest[1:]] == ["http", "attempts", "accepted", "sent", "finished"]


@pytest.mark.asyncio
async def test_a_result_that_comes_at_once_is_not_missed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader stands at the end before the command is out, so nothing depends on who is quicker."""

    async def answered_at_once(client: ClientOptions, record: Record, within: float) -> Stored:
        stored = await publish_once(client, record, within)
        command = read_command(CommandRecord(record.topic, 0, 0, 0, tuple(record.headers), record.value))
        assert isinstance(command, Command)
        await publish_once(client, result(installation, command, DIALLED), within)
        return stored

    monkeypatch.setattr(exchange, "publish_once", answered_at_once)
    run = await installation.bridge(*DIAL, "--wait", "5s")
    assert (run.exit_code, run.stdout.splitlines()[0]) == (0, "ok: The vendor accepted the dial.")


@pytest.mark.asyncio
async def test_an_ok_result_is_exit_0_and_shows_the_item(installation: Installation, serve: Serve) -> None:
    """The item is indented JSON, its numbers whole: the person asked for it."""
    fields: dict[str, object] = {"contactID": 224, "number": "22222222", "firstname": "Andris"}
    item = Item(fields, json.dumps({"data": fields}).encode())
    arguments = ("send", "get-contact", "224", "--connection", "acme", "--wait", "30s")

    def answers(command: Command) -> list[tuple[list[Record], bool]]:
        conclusion = Conclusion(Status.OK, answer=item, http_status=200, attempts=1)
        return [([result(installation, command, conclusion)], True)]

    run, record = await serve(arguments, answers)
    assert run.exit_code == 0, run.output
    assert record.value == b'{"id":224}'
    lines = run.stdout.splitlines()
    assert lines[0] == "ok: The vendor returned it."
    shown = json.loads("\n".join(lines[lines.index("{") :]))
    assert (shown["contact_id"], shown["number"]) == (224, "22222222")


@pytest.mark.asyncio
async def test_an_invalid_result_counts_and_json_gives_the_whole_event(
    installation: Installation, serve: Serve
) -> None:
    """Its id is made otherwise than the others', its `commandid` is the same; exit 3."""

    def answers(command: Command) -> list[tuple[list[Record], bool]]:
        record = CommandRecord(installation.commands, 0, 0, 0, (), b"")
        refusal = Refusal(record, Reason.UNKNOWN_CONNECTION, "unknown", "acme", address_of(command.reference))
        answer = installation.records.invalid(refusal, command.accepted_ms)
        assert answer is not None
        return [([answer], True)]

    run, record = await serve((*DIAL, "--wait", "30s", "--json"), answers)
    assert run.exit_code == 3
    (line,) = run.stdout.splitlines()
    event = json.loads(line)
    assert (event["type"], event["commandid"]) == ("pbx.command.result.v1", id_of(record))
    assert (event["data"]["status"], event["data"]["code"]) == ("invalid", "unknown_connection")


@pytest.mark.asyncio
async def test_a_dial_in_doubt_says_what_follows(installation: Installation, serve: Serve) -> None:
    """Nobody shall dial again before the doubt has ended; a resolution is no result."""

    def answers(command: Command) -> list[tuple[list[Record], bool]]:
        conclusion = Conclusion(Status.IN_DOUBT, "timeout", attempts=1)
        return [([result(installation, command, conclusion)], True)]

    run, _ = await serve((*DIAL, "--wait", "30s"), answers)
    assert run.exit_code == 3
    first, second, *_ = run.stdout.splitlines()
    assert first.startswith("in_doubt (timeout): Nobody knows whether the vendor did it")
    assert second == "How this ended is known within 5 minutes, while a worker runs: bridge doubts shows it."


@pytest.mark.asyncio
async def test_no_result_in_time_is_exit_4(installation: Installation) -> None:
    """After a second a line says what it waits for; the sentence names the command."""
    run = await installation.bridge(*DIAL, "--wait", "1200ms", "--command-id", "nobody answers")
    assert (run.exit_code, run.stdout) == (4, "")
    waiting, ended = run.stderr.splitlines()
    assert waiting == "# waiting for the result of nobody answers"
    assert ended.startswith("bridge: no result of nobody answers came within 1s: a command that was sent before gets")


def test_ctrl_c_while_waiting_is_exit_4(installation: Installation) -> None:
    """The command goes on, and the sentence says so; no traceback."""
    options = ["--command-id", "seven", "--wait", "60s", "--config", str(installation.config)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge.cli", *DIAL, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    waiting = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=15)
    assert waiting == "# waiting for the result of seven\n"
    assert (process.returncode, stdout) == (4, "")
    assert stderr == "bridge: nobody waits for seven any more, but it goes on: bridge tail results --since 5m\n"


@pytest.mark.asyncio
async def test_the_documented_client_dials_and_reads_its_result(installation: Installation) -> None:
    """The Python of docs/commands.md is run as it stands there, against this broker and prefix."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    for name in ("commands", "results"):
        code = code.replace(f"pbx.{name}.v1", f"{installation.prefix}.{name}.v1")
    code = code.replace("localhost:9092", installation.bootstrap)
    async with installation.arriving() as commands:
        client = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
        try:
            async with asyncio.timeout(20):
                command = received(await anext(commands))
                await installation.publish(result(installation, command, DIALLED))
                stdout, _ = await client.communicate()
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()
    assert client.returncode == 0
    assert CommandResult.model_validate_json(stdout).status == "ok"
