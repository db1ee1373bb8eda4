"""The command `bridge simulator`, from outside."""

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

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
        done = subprocess.run((*COMMAND, "--port", str(port)), capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("wrong", [("--speed", "0"), ("--calls-per-second", "-1"), ("--repeats", "-1"), ("--nothing",)])
def test_wrong_use_ends_with_2(wrong: tuple[str, ...]) -> None:
    """An option that cannot be played is refused before anything listens."""
    done = subprocess.run((*COMMAND, *wrong), capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_help_has_an_example() -> None:
    """`--help` shows how to start it and how to register a webhook."""
    done = subprocess.run((*COMMAND, "--help"), capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0
    assert "--seed 1 --speed 60" in done.stdout
    assert "curl -X POST" in done.stdout
