"""The Docker way: the official image of Apache Kafka in a container of its own, with the same properties.

A watcher process removes the container as soon as we are done or dead, as the guard does for a JVM.
"""

import asyncio
import secrets
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bridge.kafka.local.answers import wait_until_answers
from bridge.kafka.local.jars import pinned_version
from bridge.kafka.local.ladder import NoLocalKafka
from bridge.kafka.local.ports import free_ports

NAME_PREFIX = "mobili-stotele-bridge-kafka-"

START_TIMEOUT = 90.0
# Seconds until the broker answers: two JVMs one after the other on a crowded machine.

_WATCH = Path(__file__).with_name("container_watch.py")

_LOOK_PAUSE = 1.0
# Seconds between two looks whether the container still runs, while it starts.

if TYPE_CHECKING:
    from bridge.kafka.local.engine import Engine


def find_engine() -> "Engine":
    """Return the Docker engine of this machine; raise `NoLocalKafka` when none answers within 2 s."""
    try:
        from bridge.kafka.local.engine import Engine  # noqa: PLC0415 - testcontainers comes with development alone
    except ImportError:
        raise NoLocalKafka("the Python package testcontainers is not installed") from None
    return Engine()


def new_name() -> str:
    """Return a name that no other container has."""
    return NAME_PREFIX + secrets.token_hex(6)


class ContainerKafka:
    """A broker in a container that lives no longer than this process, unless nobody watches over it."""

    how: Literal["docker"] = "docker"

    def __init__(self, engine: "Engine", name: str, watch: asyncio.subprocess.Process | None) -> None:
        self.bootstrap = ""
        self._engine = engine
        self.name = name
        self._watch = watch

    async def start(self, image: str, port: int) -> None:
        """Create the container and wait until its broker answers at this port."""
        creating = asyncio.ensure_future(asyncio.to_thread(self._engine.create, image, self.name, port))
        try:
            host = await asyncio.shield(creating)
        except asyncio.CancelledError:
            # The thread goes on, and only what it has created can be removed.
            await asyncio.wait({creating})
            raise
        self.bootstrap = f"{host}:{port}"
        await self._until_it_answers()

    async def stop(self) -> None:
        """Remove the container and its data; safe to call again."""
        if self._watch is not None:
            assert self._watch.stdin is not None
            if not self._watch.stdin.is_closing():
                self._watch.stdin.write(b"done")
                self._watch.stdin.close()
            if await self._watch.wait() == 0:
                return
        await asyncio.to_thread(self._engine.remove, self.name)

    async def kill(self) -> None:
        """End the broker by SIGKILL, as a power cut would; its data and its port stay."""
        await asyncio.to_thread(self._engine.kill, self.name)

    async def restart(self) -> None:
        """Start the broker again on the same port and data, killing it first where it still runs, until it answers."""
        await self.kill()
        await asyncio.to_thread(self._engine.start, self.name)
        await self._until_it_answers()

    async def _until_it_answers(self) -> None:
        answering = asyncio.create_task(wait_until_answers(self.bootstrap, START_TIMEOUT))
        try:
            while not (await asyncio.wait({answering}, timeout=_LOOK_PAUSE))[0]:
                why = await asyncio.to_thread(self._engine.last_words, self.name)
                if why is not None:
                    raise NoLocalKafka(f"the container ended at once: {why}")
            if not answering.result():
                raise NoLocalKafka(f"the broker in the container did not answer within {START_TIMEOUT:.0f} s")
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)


async def start_in_container(
    say: Callable[[str], None], port: int | None, *, unwatched_name: str | None = None
) -> ContainerKafka:
    """Start a broker in a container and wait until it answers; raise `NoLocalKafka` where that cannot be.

    A container that is given a name stays when this process ends: whoever gave the name removes it.
    """
    engine = await asyncio.to_thread(find_engine)
    image = f"apache/kafka:{pinned_version()}"
    try:
        await _pull(engine, image, say)
        say(f"Starting {image} in Docker")
        return await _start(engine, image, port, unwatched_name)
    except NoLocalKafka as refusal:
        say(f"Docker answers, but cannot be used: {refusal}")
        raise


async def _pull(engine: "Engine", image: str, say: Callable[[str], None]) -> None:
    given_up = threading.Event()
    try:
        await asyncio.to_thread(engine.pull, image, say, given_up)
    finally:
        given_up.set()


async def _start(engine: "Engine", image: str, port: int | None, unwatched_name: str | None) -> ContainerKafka:
    name = unwatched_name or new_name()
    # The watcher comes first: from here on nothing stays behind, whenever we die.
    watch = await _start_watch(name) if unwatched_name is None else None
    kafka = ContainerKafka(engine, name, watch)
    try:
        await kafka.start(image, free_ports(1)[0] if port is None else port)
    except BaseException:
        await kafka.stop()
        raise
    return kafka


async def _start_watch(name: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(_WATCH), name),
        stdin=asyncio.subprocess.PIPE,
        # Away from our terminal: Ctrl-C is for us to hear.
        start_new_session=True,
    )
