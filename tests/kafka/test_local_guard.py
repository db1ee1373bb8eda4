"""The process that ends the broker and removes its folder, whatever happens; here over a program that only waits."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.kafka.local import background, guard

PATIENCE = 10.0
# Seconds within which a process must be gone; it takes some hundredths.

FORMAT = "import pathlib; pathlib.Path('data').mkdir(); pathlib.Path('data/meta.properties').write_text('x')"
WAIT = "import os, pathlib, time; pathlib.Path(f'child-{os.getpid()}').touch(); time.sleep(1000)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a broker's folder, whose program notes its number in a file beside it and waits."""
    made = tmp_path / "kafka"
    made.mkdir()
    commands = [
        [sys.executable, "-c", f"import os; os.chdir({str(made)!r}); {FORMAT}"],
        [sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r}); {WAIT}"],
    ]
    (made / "commands.json").write_text(json.dumps(commands))
    return made


@pytest.fixture
def attached(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a guard that we hold by its input."""
    command = [sys.executable, "-I", "-S", guard.__file__, str(folder), "attached"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        yield process
        process.kill()


def until(true_at_last: Callable[[], object], what: str) -> None:
    """Wait until the call is true, at most as long as patience lasts."""
    deadline = time.monotonic() + PATIENCE
    while not true_at_last():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def children(folder: Path) -> list[int]:
    """Return the numbers of all programs that were started so far, the oldest first."""
    notes = sorted(folder.parent.glob("child-*"), key=lambda note: note.stat().st_mtime_ns)
    return [int(note.name.removeprefix("child-")) for note in notes]


def lives(pid: int) -> bool:
    """Return whether it runs; one that has ended and is not yet asked for its status has no command line."""
    return background._command_line(pid) != ""


def order(process: subprocess.Popen[bytes], word: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(word + b"\n")
    process.stdin.flush()


def said(process: subprocess.Popen[bytes]) -> bytes:
    """Return the next line that it says, or nothing when it stays silent."""
    assert process.stdout is not None
    ready = select.select([process.stdout], [], [], PATIENCE)[0]
    return process.stdout.readline() if ready else b""


def test_the_end_of_its_input_ends_everything(folder: Path, attached: subprocess.Popen[bytes]) -> None:
    """Whoever started it is done or dead: the broker and its folder go."""
    until(lambda: children(folder), "never started")
    assert (folder / "data" / "meta.properties").exists()
    assert attached.stdin is not None
    attached.stdin.close()
    assert attached.wait(PATIENCE) == 0
    assert not lives(children(folder)[0])
    assert not folder.exists()


def test_a_killed_broker_starts_again_on_its_data(folder: Path, attached: subprocess.Popen[bytes]) -> None:
    """After `kill` the data stays, and `start` goes on without formatting it anew."""
    until(lambda: children(folder), "never started")
    (folder / "data" / "kept").write_text("record")
    order(attached, b"kill")
    assert said(attached) == b"killed\n"
    assert not lives(children(folder)[0])
    order(attached, b"start")
    until(lambda: len(children(folder)) == 2, "not started again")
    assert lives(children(folder)[1])
    assert (folder / "data" / "kept").read_text() == "record"


def test_a_broker_that_ends_by_itself_is_reported(folder: Path, attached: subprocess.Popen[bytes]) -> None:
    """Its status is said, and the folder with its log stays for who wants to read it."""
    until(lambda: children(folder), "never started")
    os.kill(children(folder)[0], signal.SIGKILL)
    assert said(attached) == b"down -9\n"
    assert folder.exists()


def test_a_step_that_fails_is_the_last(folder: Path) -> None:
    """When the data cannot be formatted nothing is served."""
    commands = [[sys.executable, "-c", "raise SystemExit(7)"], *json.loads((folder / "commands.json").read_text())[1:]]
    (folder / "commands.json").write_text(json.dumps(commands))
    command = [sys.executable, "-I", "-S", guard.__file__, str(folder), "attached"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert said(process) == b"down 7\n"
    assert children(folder) == []
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process together with its parent")
def test_the_broker_ends_with_a_guard_that_is_killed(folder: Path, attached: subprocess.Popen[bytes]) -> None:
    """A guard that gets kill -9 itself takes the broker with it."""
    until(lambda: children(folder), "never started")
    attached.kill()
    until(lambda: not lives(children(folder)[0]), "the broker outlived its guard")


def test_in_the_background_it_ends_by_sigterm_alone(folder: Path) -> None:
    """Detached it outlives its starter, and SIGTERM ends the broker and removes its folder."""
    command = [sys.executable, "-I", "-S", guard.__file__, str(folder), "detached"]
    started = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
    until(lambda: children(folder), "never started")
    assert lives(children(folder)[0])
    os.kill(int(started.stdout), signal.SIGTERM)
    until(lambda: not folder.exists(), "the folder is still there")
    assert not lives(children(folder)[0])
