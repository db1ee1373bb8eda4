"""A container that runs: looked at through its ports, and stopped as Kubernetes stops one."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.chart.image_engine import Engine

READY_WITHIN_S = 60.0
# Groups are joined and shards taken over, while two cores have more to do.
KILLED_AFTER_S = 40
# More than the 25 s that the service promises, so that a slow end shows as such and not as a kill.
_LOOK_EVERY_S = 0.1


class NotReady(Exception):
    """A container did not become ready; the text has the end of its log."""


@dataclass(frozen=True)
class Stopped:
    """How a container ended: its exit code, and how many seconds that took."""

    exit_code: int
    seconds: float


@dataclass(frozen=True)
class Container:
    """A container by its id."""

    engine: Engine
    id: str

    def ready(self, url: str, within_s: float = READY_WITHIN_S) -> None:
        """Wait until a URL answers with 200. Raises NotReady."""
        until = time.monotonic() + within_s
        while problem := _problem(url):
            if not self.runs:
                raise NotReady(f"the container has ended: {self.last_words()}")
            if time.monotonic() > until:
                raise NotReady(f"{url} after {within_s:.0f} s: {problem}: {self.last_words()}")
            time.sleep(_LOOK_EVERY_S)

    @property
    def runs(self) -> bool:
        return self._inspect(".State.Running") == "true"

    @property
    def health(self) -> str:
        """What the image's HEALTHCHECK has found so far: starting, healthy, unhealthy."""
        return self._inspect(".State.Health.Status")

    def call(self, *command: str) -> str:
        """Run a command in it, as its own user; return what it said on stdout."""
        return self.engine("exec", self.id, *command)

    def stop(self) -> Stopped:
        """Send SIGTERM, and wait for the end; SIGKILL, which is exit code 137, if it does not come."""
        begin = time.monotonic()
        self.engine("stop", "-t", str(KILLED_AFTER_S), self.id)
        return Stopped(int(self._inspect(".State.ExitCode")), time.monotonic() - begin)

    def last_words(self) -> str:
        return " | ".join(self.engine.said_by(self.id).splitlines()[-5:])

    def _inspect(self, what: str) -> str:
        return self.engine("inspect", "--format", f"{{{{{what}}}}}", self.id).strip()


@contextmanager
def running(engine: Engine, options: list[str], image: str, *command: str) -> Iterator[Container]:
    """Run an image in the background; at the end the container is removed, whether it still runs or not."""
    container = Container(engine, engine("run", "--detach", *options, image, *command).strip())
    try:
        yield container
    finally:
        engine("rm", "--force", container.id)


def _problem(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return "" if answer.status == 200 else str(answer.status)
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace")
    except OSError as error:
        return str(error)
