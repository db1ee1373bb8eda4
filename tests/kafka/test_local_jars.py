"""Fetching Kafka's jars, here with a program in Maven's place that notes each of its runs."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bridge.kafka.local.jars import cache_folder, fetch_jars, pinned_version
from bridge.kafka.local.ladder import NoLocalKafka

MAVEN = """\
#!{python}
import pathlib, sys, time
with open({runs!r}, "a") as runs:
    runs.write("run\\n")
into = pathlib.Path(next(word for word in sys.argv if word.startswith("-DoutputDirectory=")).partition("=")[2])
(into / "first.jar").write_text("jar")
{trouble}
(into / "second.jar").write_text("jar")
"""


class Maven:
    """The program in Maven's place."""

    def __init__(self, folder: Path) -> None:
        self._program = folder / "mvn"
        self._runs = folder / "runs"
        self.trouble("pass")

    def trouble(self, statement: str) -> None:
        """Let it do this in the middle of its work."""
        text = MAVEN.format(python=sys.executable, runs=str(self._runs), trouble=statement)
        self._program.write_text(text)
        self._program.chmod(0o755)

    def runs(self) -> int:
        return len(self._runs.read_text().splitlines()) if self._runs.exists() else 0


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maven:
    """Give the program that is found as `mvn`."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return Maven(folder)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_cache_is_where_the_user_wants_it() -> None:
    """XDG_CACHE_HOME counts when it is absolute, as its specification wants."""
    at_home = Path.home() / ".cache" / "mobili-stotele-bridge"
    assert cache_folder({"XDG_CACHE_HOME": "/elsewhere"}) == Path("/elsewhere/mobili-stotele-bridge")
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == at_home
    assert cache_folder({}) == at_home


@pytest.mark.asyncio
async def test_the_jars_are_fetched_once(maven: Maven, tmp_path: Path) -> None:
    """The second time nothing is fetched and nothing said."""
    said: list[str] = []
    jars = await fetch_jars(tmp_path / "cache", said.append)
    assert jars == tmp_path / "cache" / f"kafka-{pinned_version()}"
    assert names(jars) == {"first.jar", "second.jar"}
    assert len(said) == 1
    assert await fetch_jars(tmp_path / "cache", said.append) == jars
    assert (maven.runs(), len(said)) == (1, 1)


@pytest.mark.asyncio
async def test_two_at_once_fetch_once_and_both_get_whole_jars(maven: Maven, tmp_path: Path) -> None:
    """The second waits for the first; nobody sees a half-filled folder."""
    maven.trouble("time.sleep(0.5)")
    cache = tmp_path / "cache"
    both = asyncio.gather(fetch_jars(cache, print), fetch_jars(cache, print))
    seen: list[set[str]] = []
    while not both.done():
        seen += [names(folder) for folder in cache.glob(f"kafka-{pinned_version()}")]
        await asyncio.sleep(0.01)
    first, second = await both
    assert first == second
    assert maven.runs() == 1
    assert all(found == {"first.jar", "second.jar"} for found in [*seen, names(first)])


@pytest.mark.asyncio
async def test_a_failure_of_maven_is_told_and_leaves_nothing(maven: Maven, tmp_path: Path) -> None:
    """Its own first complaint is the reason, and the next try starts afresh."""
    maven.trouble("print('[INFO] hm'); print('[ERROR] no route to the repository'); print('[ERROR] -e'); sys.exit(1)")
    with pytest.raises(NoLocalKafka, match=r"could not fetch Kafka's jars: no route to the repository$"):
        await fetch_jars(tmp_path / "cache", print)
    assert not [name for name in names(tmp_path / "cache") if not name.endswith(".lock")]
    maven.trouble("pass")
    await fetch_jars(tmp_path / "cache", print)
    assert maven.runs() == 2


@pytest.mark.asyncio
async def test_a_fetch_that_is_cancelled_leaves_nothing(maven: Maven, tmp_path: Path) -> None:
    """Ctrl-C ends Maven, too, and removes what it has copied so far."""
    maven.trouble("time.sleep(1000)")
    fetching = asyncio.create_task(fetch_jars(tmp_path / "cache", print))
    while not list(tmp_path.glob("cache/*/first.jar")):  # noqa: ASYNC110, ASYNC240 - another process makes it
        await asyncio.sleep(0.01)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert names(tmp_path / "cache") == {f"kafka-{pinned_version()}.lock"}
