"""The Docker way without Docker: an engine that is not there or silent, and containers that do not do their part."""

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typing_extensions import override

from bridge.kafka.local import container
from bridge.kafka.local.container import find_engine, start_in_container
from bridge.kafka.local.engine import Engine
from bridge.kafka.local.ladder import NoLocalKafka

NAME = "a-container-of-the-tests"


class FakeEngine(Engine):
    """An engine whose only container ends or stays silent, as told."""

    def __init__(self, last_words: str | None, creation: threading.Event | None = None) -> None:
        self.words = last_words
        self.creation = creation
        self.asked = threading.Event()
        self.containers: set[str] = set()

    @override
    def pull(self, image: str, say: Callable[[str], None], given_up: threading.Event) -> None:
        assert not given_up.is_set()
        assert image.startswith("apache/kafka:4.")

    @override
    def create(self, image: str, name: str, port: int) -> str:
        self.asked.set()
        if self.creation is not None:
            self.creation.wait(10)
        self.containers.add(name)
        return "127.0.0.1"

    @override
    def last_words(self, name: str) -> str | None:
        return self.words

    @override
    def remove(self, name: str) -> None:
        self.containers.discard(name)


def test_no_engine_is_found_out_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client program without an engine is no engine, and the look leaves no open socket behind."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    started = time.monotonic()
    with pytest.raises(NoLocalKafka, match=r"^no engine answers$"):
        find_engine()
    assert time.monotonic() - started < 2
    gc.collect()  # an open socket would warn now, and warnings are errors


def test_an_engine_that_is_silent_is_given_up_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that hangs holds nobody up for longer than 2 s."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/silent.sock")
        silent.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/silent.sock")
        started = time.monotonic()
        with pytest.raises(NoLocalKafka, match=r"^no engine answers$"):
            find_engine()
        assert time.monotonic() - started < 2
    gc.collect()


@pytest.mark.asyncio
async def test_a_container_that_ends_is_told_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that does not run is said in one line, so that the next way is no surprise."""
    engine = FakeEngine("exec format error")
    monkeypatch.setattr(container, "find_engine", lambda: engine)
    monkeypatch.setattr(container, "_LOOK_PAUSE", 0.01)
    said: list[str] = []
    with pytest.raises(NoLocalKafka, match=r"^the container ended at once: exec format error$"):
        await start_in_container(said.append, None, unwatched_name=NAME)
    assert said[-1] == "Docker answers, but cannot be used: the container ended at once: exec format error"
    assert engine.containers == set()


@pytest.mark.asyncio
async def test_a_container_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait for the first answer has an end."""
    engine = FakeEngine(None)
    monkeypatch.setattr(container, "find_engine", lambda: engine)
    monkeypatch.setattr(container, "START_TIMEOUT", 0.05)
    with pytest.raises(NoLocalKafka, match="did not answer within"):
        async with asyncio.timeout(10):
            await start_in_container(print, None, unwatched_name=NAME)
    assert engine.containers == set()


@pytest.mark.asyncio
async def test_a_start_that_is_cancelled_removes_what_is_created_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the engine creates the container leaves none behind."""
    creation = threading.Event()
    engine = FakeEngine(None, creation)
    monkeypatch.setattr(container, "find_engine", lambda: engine)
    starting = asyncio.create_task(start_in_container(print, None, unwatched_name=NAME))
    await asyncio.to_thread(engine.asked.wait, 10)
    starting.cancel()
    await asyncio.sleep(0)
    creation.set()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert engine.containers == set()
