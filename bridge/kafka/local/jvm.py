"""The Java way: a real Apache Kafka from its own jars, one JVM under a guard."""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bridge.kafka.local import guard
from bridge.kafka.local.answers import wait_until_answers
from bridge.kafka.local.jars import cache_folder, fetch_jars, pinned_version
from bridge.kafka.local.ladder import NoLocalKafka, java_refusal
from bridge.kafka.local.ports import free_ports
from bridge.kafka.local.properties import (
    CLUSTER_ID,
    Additions,
    Listeners,
    as_file,
    server_properties,
    with_additions,
)

FOLDER_PREFIX = "mobili-stotele-bridge-kafka-"

START_TIMEOUT = 60.0
# Seconds from the first JVM to the first answer: 2 to 6 on an idle machine, ten times that on a crowded one.

LOOK_TIMEOUT = 5.0
# Seconds for `java -version`; the answer takes a tenth.

_HEAP = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
# Small and quick to start; nobody measures throughput on it.

NOTHING_MORE = Additions()


async def _java_version() -> str | None:
    if shutil.which("java") is None:
        return None
    process = await asyncio.create_subprocess_exec(
        "java",
        "-version",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), LOOK_TIMEOUT)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output.decode(errors="replace")


@dataclass(frozen=True)
class Prepared:
    """A folder from which the guard can start a broker, and the address that it will have.

    `addresses` are those of additional listeners by name, `host:port`.
    """

    folder: Path
    bootstrap: str
    addresses: Mapping[str, str]

    def guard_command(self, mode: Literal["attached", "detached"]) -> list[str]:
        """Return the command line of the guard; the folder in it tells it from any other process."""
        return [sys.executable, "-I", "-S", guard.__file__, str(self.folder), mode]

    def last_words(self) -> str:
        """Return the last line that the broker wrote, for an error message."""
        try:
            lines = (self.folder / "broker.log").read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1].strip()[:300] if lines else "nothing in its log"


def prepare(jars: Path, port: int | None, additions: Additions = NOTHING_MORE) -> Prepared:
    """Make the folder of a new broker: its properties, its commands, and where its data will be."""
    ports = [found for found in free_ports(4 + len(additions.listeners)) if found != port]
    client = ports[2] if port is None else port
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
    listeners = Listeners("127.0.0.1", client, "127.0.0.1", client, ports[0], ports[1])
    properties = folder / "server.properties"
    addresses = {name: f"127.0.0.1:{found}" for name, found in zip(additions.listeners, ports[3:], strict=False)}
    plain = server_properties(listeners, str(folder / "data"))
    properties.write_text(as_file(with_additions(plain, additions, addresses)))
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    java = ["java", *_HEAP, quiet, *additions.java_options, "-cp", f"{jars}/*"]
    commands = [
        [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(properties)],
        [*java, "kafka.Kafka", str(properties)],
    ]
    (folder / "commands.json").write_text(json.dumps(commands))
    return Prepared(folder, f"127.0.0.1:{client}", addresses)


class JvmKafka:
    """A broker that lives no longer than this process. Not for two event loops."""

    how: Literal["java"] = "java"

    def __init__(self, prepared: Prepared, process: asyncio.subprocess.Process) -> None:
        self.bootstrap = prepared.bootstrap
        self.addresses = prepared.addresses
        self.folder = str(prepared.folder)
        self._prepared = prepared
        self._guard = process

    async def stop(self) -> None:
        """Stop the broker and remove its data; safe to call again."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        try:
            await asyncio.wait_for(self._guard.wait(), guard.CLEAN_STOP + 5)
        except TimeoutError:
            self._guard.kill()
            await self._guard.wait()
        finally:
            shutil.rmtree(self._prepared.folder, ignore_errors=True)

    async def kill(self) -> None:
        """End the broker by SIGKILL, as a power cut would; its data and its port stay."""
        await self._order("kill")
        await self._until("killed")

    async def restart(self) -> None:
        """Start the broker again on the same port and data, killing it first where it still runs, until it answers."""
        await self.kill()
        await self._order("start")
        await self.until_it_answers()

    async def until_it_answers(self) -> None:
        """Wait for the first answer; raise `NoLocalKafka` when the broker ends or stays silent."""
        ended = asyncio.create_task(self._until("down"))
        answering = asyncio.create_task(wait_until_answers(self.bootstrap, START_TIMEOUT))
        try:
            await asyncio.wait({ended, answering}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done() or not answering.result():
                why = "ended at once" if ended.done() else f"did not answer within {START_TIMEOUT:.0f} s"
                raise NoLocalKafka(f"Apache Kafka {why}: {self._prepared.last_words()}")
        finally:
            for task in (ended, answering):
                task.cancel()
            await asyncio.gather(ended, answering, return_exceptions=True)

    async def _order(self, order: str) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.write(order.encode() + b"\n")
        await self._guard.stdin.drain()

    async def _until(self, word: str) -> None:
        assert self._guard.stdout is not None
        while not (line := await self._guard.stdout.readline()).startswith(word.encode()):
            if not line:
                raise NoLocalKafka(f"The guard of the local Kafka is gone: {self._prepared.last_words()}")


async def jars_to_run(environ: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """Return the folder of Kafka's jars for a start that follows; raise `NoLocalKafka` where it could not work."""
    refusal = java_refusal(await _java_version(), maven=shutil.which("mvn") is not None)
    if refusal is not None:
        raise NoLocalKafka(refusal)
    jars = await fetch_jars(cache_folder(environ), say)
    say(f"Starting Apache Kafka {pinned_version()} in a Java process")
    return jars


async def start_in_jvm(
    environ: Mapping[str, str], say: Callable[[str], None], port: int | None, additions: Additions = NOTHING_MORE
) -> JvmKafka:
    """Start a broker in a JVM and wait until it answers; raise `NoLocalKafka` where that cannot be."""
    jars = await jars_to_run(environ, say)
    kafka = await _launch(prepare(jars, port, additions))
    try:
        await kafka.until_it_answers()
    except BaseException:
        await kafka.stop()
        raise
    return kafka


async def _launch(prepared: Prepared) -> JvmKafka:
    process = await asyncio.create_subprocess_exec(
        *prepared.guard_command("attached"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # Away from our terminal: Ctrl-C is for us to hear, and we stop the broker in our own order.
        start_new_session=True,
    )
    return JvmKafka(prepared, process)
