"""Apache Kafka's jars: fetched once by Maven, as a checked-in pom pins them, into a cache that all checkouts share."""

import asyncio
import shutil
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bridge.kafka.local.ladder import NoLocalKafka, kafka_version
from bridge.kafka.local.lock import locked

CACHE_NAME = "mobili-stotele-bridge"

FETCH_TIMEOUT = 300.0
# Seconds for some 45 MB over a slow line; on a fast one it takes five.


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return our folder in the user's cache; a relative XDG_CACHE_HOME counts as unset, as its specification wants."""
    given = Path(environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / CACHE_NAME


def pom_file() -> Path:
    """Return the pom that pins Kafka: of the checkout, or where the wheel put it."""
    checkout = Path(__file__).parents[3] / "deploy" / "kafka" / "pom.xml"
    installed = Path(sysconfig.get_path("data")) / "share" / CACHE_NAME / "kafka" / "pom.xml"
    for pom in (checkout, installed):
        if pom.is_file():
            return pom
    raise NoLocalKafka("The pom.xml of the local Kafka is missing from this installation: install the bridge anew.")


def pinned_version() -> str:
    """Return the version of Apache Kafka that both the Java way and the Docker way run."""
    return kafka_version(pom_file().read_text())


async def fetch_jars(cache: Path, say: Callable[[str], None]) -> Path:
    """Return the folder with the jars, fetching them first where needed; raise `NoLocalKafka` where Maven fails.

    The folder appears whole or not at all, and two processes at once do the work one after the other.
    """
    pom = pom_file()
    version = kafka_version(pom.read_text())
    jars = cache / f"kafka-{version}"
    if jars.is_dir():
        return jars
    cache.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - a moment on the local disk
    async with locked(cache / f"kafka-{version}.lock") as lock:
        if jars.is_dir():
            return jars
        say(f"Fetching Apache Kafka {version} with Maven, once: about 45 MB")
        unfinished = Path(tempfile.mkdtemp(prefix=f"kafka-{version}.fetching-", dir=cache))
        try:
            await _copy_dependencies(pom, unfinished, lock)
            unfinished.rename(jars)  # noqa: ASYNC240 - a moment on the local disk
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return jars


async def _copy_dependencies(pom: Path, into: Path, lock: int) -> None:
    command = [
        *("mvn", "--quiet", "--batch-mode", "--strict-checksums", "--file", str(pom)),
        *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={into}"),
    ]
    # Maven holds the lock, too: should we be killed, nobody else starts while it is still writing to its repository.
    maven = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=(lock,),
    )
    try:
        output, _ = await asyncio.wait_for(maven.communicate(), FETCH_TIMEOUT)
    except TimeoutError:
        raise NoLocalKafka(f"Maven did not fetch Kafka's jars within {FETCH_TIMEOUT:.0f} s.") from None
    finally:
        if maven.returncode is None:
            maven.kill()
            await maven.wait()
    if maven.returncode != 0:
        raise NoLocalKafka(f"Maven could not fetch Kafka's jars: {_complaint(output.decode(errors='replace'))}")


def _complaint(output: str) -> str:
    """Return the first line in which Maven says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = [line for line in lines if line.startswith("[ERROR]")]
    return (named or lines or ["it said nothing"])[0].removeprefix("[ERROR]").strip()[:300]
