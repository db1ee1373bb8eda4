"""The local Kafka by itself: started in the background, found again by a state file, ended exactly.

The state is written before anything is started, so that whatever happens in between `down` knows what to end.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bridge.kafka.local.answers import answers
from bridge.kafka.local.container import find_engine, new_name, start_in_container
from bridge.kafka.local.guard import CLEAN_STOP
from bridge.kafka.local.jars import cache_folder
from bridge.kafka.local.jvm import START_TIMEOUT, Prepared, jars_to_run, prepare
from bridge.kafka.local.ladder import How, NoLocalKafka, ways
from bridge.kafka.local.lock import locked
from bridge.kafka.local.ports import check_port
from bridge.kafka.local.start import first_open, take_given

_PAUSE = 0.1
# Seconds between two looks at a process that is not our child, so that nobody tells us of its end.


@dataclass(frozen=True)
class Background:
    """A broker in the background: of a container its name, of a Java process its guard's number and its folder."""

    how: How
    bootstrap: str
    container: str | None = None
    pid: int | None = None
    folder: str | None = None


async def up(
    say: Callable[[str], None], *, environ: Mapping[str, str] = os.environ, port: int | None = None
) -> tuple[Background, bool]:
    """Have a broker in the background that answers; return it and whether this call has started it.

    `port` is the port on 127.0.0.1, by default a free one. Raise `NoLocalKafka` when there is none to be had.
    """
    cache = cache_folder(environ)
    cache.mkdir(parents=True, exist_ok=True)
    async with locked(cache / "background.lock"):
        order = ways(environ, own=False)
        if order[0] == "given":
            return await _given(environ, say), False
        known = _read(cache)
        if known is not None and await _runs(known):
            if port is not None and not known.bootstrap.endswith(f":{port}"):
                raise NoLocalKafka(f"A local Kafka runs already at {known.bootstrap}: bridge kafka down ends it.")
            if not await answers(known.bootstrap):
                raise NoLocalKafka(f"The local Kafka at {known.bootstrap} runs but does not answer: bridge kafka down.")
            return known, False
        if known is not None:
            await _end(known, cache)
        check_port(port)
        started = await first_open(
            order,
            {
                "docker": lambda: _in_container(cache, say, port),
                "java": lambda: _in_jvm(cache, environ, say, port),
            },
        )
        return started, True


async def down(*, environ: Mapping[str, str] = os.environ) -> Background | None:
    """End the broker that `up` has started, and remove its data; return what was ended, or None where there was none.

    A process is ended only if it is still the one that was started.
    """
    cache = cache_folder(environ)
    if _read(cache) is None:
        return None
    async with locked(cache / "background.lock"):
        known = _read(cache)
        if known is not None:
            await _end(known, cache)
        return known


async def _given(environ: Mapping[str, str], say: Callable[[str], None]) -> Background:
    return Background("given", (await take_given(environ, say)).bootstrap)


async def _in_container(cache: Path, say: Callable[[str], None], port: int | None) -> Background:
    planned = Background("docker", "", container=new_name())
    _write(planned, cache)
    try:
        kafka = await start_in_container(say, port, unwatched_name=planned.container)
    except BaseException:
        _state_file(cache).unlink()
        raise
    running = replace(planned, bootstrap=kafka.bootstrap)
    _write(running, cache)
    return running


async def _in_jvm(cache: Path, environ: Mapping[str, str], say: Callable[[str], None], port: int | None) -> Background:
    prepared = prepare(await jars_to_run(environ, say), port)
    planned = Background("java", prepared.bootstrap, folder=str(prepared.folder))
    _write(planned, cache)
    try:
        running = replace(planned, pid=await asyncio.to_thread(_launch, prepared))
        _write(running, cache)
        await _until_it_answers(running, prepared)
    except BaseException:
        await _end(_read(cache) or planned, cache)
        raise
    return running


def _launch(prepared: Prepared) -> int:
    """Start the guard, which goes to the background by itself; return its number."""
    command = prepared.guard_command("detached")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)  # noqa: S603 - ours
    return int(done.stdout)


async def _until_it_answers(running: Background, prepared: Prepared) -> None:
    try:
        async with asyncio.timeout(START_TIMEOUT):
            while not await answers(running.bootstrap):
                if not await _runs(running):
                    raise NoLocalKafka(f"Apache Kafka ended at once: {prepared.last_words()}")
                await asyncio.sleep(_PAUSE)
    except TimeoutError:
        raise NoLocalKafka(f"Apache Kafka did not answer within {START_TIMEOUT:.0f} s.") from None


async def _runs(known: Background) -> bool:
    if known.container is not None:
        engine = await asyncio.to_thread(find_engine)
        return await asyncio.to_thread(engine.last_words, known.container) is None
    return known.pid is not None and str(known.folder) in _command_line(known.pid)


async def _end(known: Background, cache: Path) -> None:
    """End what is known, whatever of it is still there, and forget it."""
    if known.container is not None:
        await _remove(known.container)
    if known.pid is not None and await _runs(known):
        os.kill(known.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(CLEAN_STOP + 5):
                while await _runs(known):  # noqa: ASYNC110 - the end of a process that is not our child tells nobody
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            os.kill(known.pid, signal.SIGKILL)
    if known.folder is not None:
        shutil.rmtree(known.folder, ignore_errors=True)
    _state_file(cache).unlink(missing_ok=True)


async def _remove(container: str) -> None:
    try:
        engine = await asyncio.to_thread(find_engine)
        await asyncio.to_thread(engine.remove, container)
    except NoLocalKafka as fault:
        raise NoLocalKafka(
            f"The Docker container {container} could not be removed ({fault}): see to the engine, then try again."
        ) from fault


def _command_line(pid: int) -> str:
    """Return the command line of this process, or nothing where there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    # Not on Linux.
    listed = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], stdout=subprocess.PIPE, check=False)  # noqa: S603, S607 - the system's own
    return listed.stdout.decode(errors="replace")


def _state_file(cache: Path) -> Path:
    return cache / "background.json"


def _read(cache: Path) -> Background | None:
    try:
        return Background(**json.loads(_state_file(cache).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write(known: Background, cache: Path) -> None:
    unfinished = _state_file(cache).with_suffix(".new")
    unfinished.write_text(json.dumps(asdict(known)))
    unfinished.replace(_state_file(cache))
