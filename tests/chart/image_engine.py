"""A Docker engine of the tests' own: its own socket, data and processes; nothing of it is left behind."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

UP_WITHIN_S = 30.0
# It takes one second here, and ten on a machine that unpacks containerd for the first time.
STOPS_WITHIN_S = 30.0
CALL_TAKES_AT_MOST_S = 300.0
# A whole build over a slow line; every other call takes seconds.
_LOOK_EVERY_S = 0.1
_WANTED = (
    "The image is built and run by a Docker engine that the tests start for themselves, which takes root and the "
    "packages docker.io and debootstrap (where docker is 23 or newer also docker-buildx): {missing}. "
    "CHART_WITHOUT_IMAGE=1 leaves the image out."
)


class NoEngine(Exception):
    """No engine can be had here; the text says what to install."""


class EngineError(Exception):
    """A call of the engine failed; the text has its last words."""


@dataclass(frozen=True)
class Engine:
    """A running engine, and the client that speaks to it."""

    client: Path
    environ: Mapping[str, str]

    def __call__(self, *arguments: str, given: IO[bytes] | None = None, within_s: float = CALL_TAKES_AT_MOST_S) -> str:
        """Run the client; return all that it said on stdout. Raises EngineError."""
        done = subprocess.run(
            [self.client, *arguments],
            env=self.environ,
            stdin=given or subprocess.DEVNULL,
            capture_output=True,
            timeout=within_s,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace").splitlines()
            raise EngineError(f"docker {arguments[0]} ended with {done.returncode}: " + "\n".join(said[-25:]))
        return done.stdout.decode()

    def said_by(self, container: str) -> str:
        """Return what a container has written so far, stdout and stderr."""
        done = subprocess.run(
            [self.client, "logs", container],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=CALL_TAKES_AT_MOST_S,
            check=True,
        )
        return done.stdout.decode(errors="replace")


@contextmanager
def private_engine() -> Iterator[Engine]:
    """Start an engine, and stop it with all that it has. Raises NoEngine."""
    dockerd = shutil.which("dockerd")
    missing = [
        *(["root"] if os.geteuid() != 0 else []),
        *(["dockerd"] if dockerd is None else []),
        *(["debootstrap"] if shutil.which("debootstrap") is None else []),
    ]
    if dockerd is None or missing:
        raise NoEngine(_WANTED.format(missing=f"there is no {' and no '.join(missing)}"))
    # Sockets want short names, whatever TMPDIR is; data wants a disk.
    run = Path(tempfile.mkdtemp(prefix="bridge-image-", dir="/run"))
    data = Path(tempfile.mkdtemp(prefix="bridge-image-"))
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(run),
        "DOCKER_CONFIG": str(run / "client"),
        "DOCKER_HOST": f"unix://{run / 'docker.sock'}",
        "DOCKER_BUILDKIT": "1",
    }
    try:
        engine = Engine(_client(environ), environ)
        (run / "daemon.json").write_text("{}")  # in place of the machine's own
        with (run / "log").open("wb") as log:
            process = subprocess.Popen(
                _command(dockerd, run, data),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is ours to pass on, once the containers are gone
            )
        try:
            _wait(engine, process, run / "log")
            yield engine
        finally:
            _stop(engine, process)
    finally:
        for folder in (run, data):
            _unmount(folder)
            shutil.rmtree(folder)


def _command(dockerd: str, run: Path, data: Path) -> Sequence[str]:
    # Where a containerd of the machine runs, dockerd shares it: names of its own keep the two apart.
    namespace = f"bridge-image-{uuid.uuid4().hex[:8]}"
    return [
        *(dockerd, "--data-root", str(data), "--exec-root", str(run / "exec"), "--pidfile", str(run / "pid")),
        *("--host", f"unix://{run / 'docker.sock'}", "--config-file", str(run / "daemon.json")),
        *("--containerd-namespace", namespace, "--containerd-plugins-namespace", f"{namespace}-plugins"),
        # The containers use the network of the host: nothing of the machine's own is touched.
        *("--bridge", "none", "--iptables=false", "--ip6tables=false"),
    ]


def _client(environ: Mapping[str, str]) -> Path:
    """Return the first `docker` that can build with BuildKit: since version 23 it needs the plugin buildx for that."""
    for folder in environ["PATH"].split(os.pathsep):
        client = Path(folder) / "docker"
        if not os.access(client, os.X_OK):
            continue
        version = re.search(r"version (\d+)", _said([client, "--version"], environ))
        if version and (int(version[1]) < 23 or "buildx" in _said([client, "buildx", "version"], environ)):
            return client
    raise NoEngine(_WANTED.format(missing="there is no docker client that can build with BuildKit"))


def _said(command: Sequence[str | Path], environ: Mapping[str, str]) -> str:
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=20, check=False).stdout


def _wait(engine: Engine, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + UP_WITHIN_S
    while True:
        try:
            engine("version")
        except EngineError:
            if process.poll() is not None or time.monotonic() > until:
                words = " | ".join(log.read_text(errors="replace").splitlines()[-5:])
                raise NoEngine(f"The Docker engine of the tests does not start here: {words}") from None
            time.sleep(_LOOK_EVERY_S)
        else:
            return


def _stop(engine: Engine, process: subprocess.Popen[bytes]) -> None:
    """Stop the engine; its containers have nothing that is worth a farewell."""
    if process.poll() is None:
        if left := engine("ps", "--quiet").split():
            engine("kill", *left)
        process.terminate()
    try:
        process.wait(STOPS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _unmount(folder: Path) -> None:
    """Let go of what the engine left mounted: network namespaces, and layers of a build that was cut off."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in reversed([place for place in mounted if Path(place).is_relative_to(folder)]):
        subprocess.run(["umount", "--lazy", place], check=True)
