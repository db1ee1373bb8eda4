"""The command `bridge simulator`, from outside."""

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from bridge.cli.main import app
from bridge.simulator import SimulatorOptions
from bridge.simulator.day import Day

COMMAND = (sys.executable, "-m", "bridge.cli", "simulator")


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        (*COMMAND, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_ends_cleanly(number: signal.Signals) -> None:
    """It listens at what it prints, prints progress, and a signal ends it with 0."""
    with running(
        "--port", "0", "--speed", "60", "--calls-per-second", "50", "--key", "secret", "--report", "0.2"
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:")
        url = line.split()[2].rstrip(",")
        request = urllib.request.Request(
            f"{url}/webhooks/VoicemailDeleted",
            data=b'{"endpoint": "http://127.0.0.1:9/x"}',
            headers={"Authorization": "Bearer secret"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 200
        assert "calls" in process.stdout.readline()
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(10) == 0
        assert "Traceback" not in rest


def test_a_taken_port_is_one_sentence() -> None:
    """It ends with 1 and names the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(app, ["simulator", "--port", str(port)])
    assert done.exit_code == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert isinstance(done.exception, SystemExit)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--speed", "0"),
        ("--speed", "nan"),
        ("--speed", "inf"),
        ("--calls-per-second", "-1"),
        ("--calls-per-second", "nan"),
        ("--report", "nan"),
        ("--repeats", "-1"),
        ("--kept-log", "0"),
        ("--key", "one", "--key", "one"),
        ("--key", "x" * 201),
        ("--nothing",),
    ],
)
def test_wrong_use_ends_with_2(wrong: tuple[str, ...]) -> None:
    """An option that cannot be played is refused before anything listens."""
    done = CliRunner().invoke(app, ["simulator", *wrong])
    assert done.exit_code == 2
    assert done.stderr
    assert isinstance(done.exception, SystemExit)


def test_help_has_an_example() -> None:
    """`--help` shows how to start it and how to register a webhook."""
    done = CliRunner().invoke(app, ["simulator", "--help"])
    assert done.exit_code == 0
    assert "--seed 1 --speed 60" in done.stdout
    assert "curl -X POST" in done.stdout


def test_a_simulator_that_has_failed_ends_with_1_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only when somebody stops it: a day that stands still would look like a quiet one."""

    def fail(*_: object) -> None:
        raise ArithmeticError("a bug")

    monkeypatch.setattr(Day, "advance", fail)
    done = CliRunner().invoke(app, ["simulator", "--port", "0", "--report", "60"])
    assert done.exit_code == 1
    assert "the player of calls has ended: ArithmeticError: a bug" in done.stderr
    assert isinstance(done.exception, SystemExit)


def test_the_rows_that_are_kept_are_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--kept-log` and `--kept-rows` bound the log and the lists."""
    seen: list[SimulatorOptions] = []

    async def note(options: SimulatorOptions, _: float) -> None:
        seen.append(options)

    monkeypatch.setattr("bridge.cli.simulator._play", note)
    done = CliRunner().invoke(app, ["simulator", "--kept-log", "77", "--kept-rows", "55"])
    assert done.exit_code == 0
    assert [(options.kept_log, options.kept_rows) for options in seen] == [(77, 55)]
