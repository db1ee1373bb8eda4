"""The container of a pod, from without: a process of this machine in namespaces of its own."""

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from tests.chart import pod_container
from tests.chart.pod_network import LOOPBACK, POD_ADDRESS, Network
from tests.chart.pod_plan import PodPlan, PodRefused

ROOT: Final = Path(__file__).parents[2]
ENTRY: Final = Path(sys.prefix, "bin")
VOLUME: Final = "volume-"
# What the folders of volumes begin with, beside the root and the log of a pod.
_ISOLATED: Final = ("unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child")
_OWN_NETWORK: Final = (*_ISOLATED, "--net")
_BUILT_WITHIN_S: Final = 30.0
# Twenty mounts take a tenth of a second.
_LOOK_EVERY_S: Final = 0.02


class CannotRun(Exception):
    """This machine does not let us make containers."""


class Container:
    """A container: built when it is made, and its command begins with `go`, when its network is complete."""

    def __init__(
        self, process: asyncio.subprocess.Process, pid: int, folder: Path, plan: PodPlan, hosts: Mapping[str, str]
    ) -> None:
        self.network = Network(pid)
        self._process = process
        self.pid = pid
        self._folder = folder
        self._plan = plan
        self._hosts = hosts
        self._executed = itertools.count(1)

    @classmethod
    async def build(
        cls, name: str, folder: Path, plan: PodPlan, hosts: Mapping[str, str], *, beside: "Container | None" = None
    ) -> Self:
        """Build a pod's container; the volumes with files are in its folder. `hosts` are addresses by name.

        `beside` is another container of the pod, whose network it shares.
        """
        log = folder / "log"
        container = _write(name, folder, plan, hosts)
        shared = () if beside is None else ("nsenter", f"--net=/proc/{beside.pid}/ns/net", "--", *_ISOLATED)
        with log.open("wb") as end:
            process = await asyncio.create_subprocess_exec(
                *(shared or _OWN_NETWORK),
                "--",
                sys.executable,
                "-I",
                pod_container.__file__,
                str(container),
                stdin=asyncio.subprocess.PIPE,
                stdout=end,
                stderr=end,
                env={"PATH": os.environ["PATH"]},
            )
        try:
            async with asyncio.timeout(_BUILT_WITHIN_S):
                pid = await _pid(folder / "pid", process)
        except BaseException:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        if pid is None:
            raise CannotRun(
                "a pod needs root and namespaces of mounts, networks and processes (unshare, setpriv), as a privileged "
                f"container has them: {_text(log).strip() or 'nothing was said'}"
            )
        return cls(process, pid, folder, plan, hosts)

    @property
    def exit_code(self) -> int | None:
        """None while it lives."""
        return self._process.returncode

    async def ends(self) -> int:
        """Wait for its end; give its exit code."""
        return await self._process.wait()

    def go(self) -> None:
        """Let its command begin."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to its process 1, if it still lives."""
        if self.exit_code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def status(self) -> str:
        """Give what the kernel tells of its process 1: user, groups, capabilities."""
        return Path(f"/proc/{self.pid}/status").read_text()

    def said(self) -> str:
        """Give its log."""
        return _text(self._folder / "log")

    @asynccontextmanager
    async def executing(self, *command: str) -> AsyncIterator["Container"]:
        """Run a command in it, as `kubectl exec` does, and end it: with its environment, files, user and network."""
        name = f"exec-{next(self._executed)}"
        folder = self._folder / name
        folder.mkdir()
        for volume in {mount.volume for mount in self._plan.mounts} - self._plan.empty:
            (folder / f"{VOLUME}{volume}").symlink_to(self._folder / f"{VOLUME}{volume}")
        container = await Container.build(name, folder, replace(self._plan, argv=command), self._hosts, beside=self)
        try:
            container.go()
            yield container
        finally:
            container.send(signal.SIGKILL)
            await container.ends()
            container.network.close()


def _write(name: str, folder: Path, plan: PodPlan, hosts: Mapping[str, str]) -> Path:
    """Describe the container for pod_container.py."""
    root = folder / "root"
    root.mkdir()
    for volume in plan.empty:
        made = folder / f"{VOLUME}{volume}"
        made.mkdir()
        made.chmod(0o777)
    writable = [] if plan.read_only_root else plan.image.writable
    for number, _ in enumerate(writable):
        made = folder / f"writable-{number}"
        made.mkdir()
        made.chmod(0o777)
    if missing := {mount.volume for mount in plan.mounts if not (folder / f"{VOLUME}{mount.volume}").exists()}:
        raise PodRefused(f"there is no volume {', '.join(missing)}")
    named = {"localhost": LOOPBACK, name: POD_ADDRESS, **plan.hosts, **hosts}
    description = {
        "root": str(root),
        "read_only_root": plan.read_only_root,
        "pid_file": str(folder / "pid"),
        "argv": [*plan.argv],
        "env": {"PATH": f"{ENTRY}:/usr/bin:/bin", "HOSTNAME": name, "HOME": "/", **plan.env},
        "setpriv": _setpriv(plan),
        "files": {
            "/etc/hosts": "".join(f"{address} {host}\n" for host, address in named.items()),
            "/etc/passwd": "root:x:0:0::/:/sbin/nologin\n",
        },
        "mounts": [
            *({"source": str(source), "path": path, "read_only": True} for path, source in plan.image.files.items()),
            *(
                {"source": str(folder / f"writable-{number}"), "path": path, "read_only": False}
                for number, path in enumerate(writable)
            ),
            *(
                {"source": str(folder / f"{VOLUME}{mount.volume}"), "path": mount.path, "read_only": mount.read_only}
                for mount in plan.mounts
            ),
        ],
        "code": [str(path) for path in code_folders()],
    }
    file = folder / "container.json"
    file.write_text(json.dumps(description))
    return file


def _setpriv(plan: PodPlan) -> list[str]:
    options = [f"--reuid={plan.uid}", f"--regid={plan.gid}"]
    options.append("--clear-groups" if plan.fs_group is None else f"--groups={plan.fs_group}")
    if plan.no_capabilities:
        options += ["--bounding-set=-all", "--inh-caps=-all"]
    if plan.no_new_privileges:
        options.append("--no-new-privs")
    return options


def code_folders() -> list[Path]:
    """Give Python and the bridge: the folders that stand in for the image's."""
    folders = [Path(sys.base_prefix), Path(sys.prefix), ROOT / "bridge"]
    return [folder for folder in folders if not folder.is_relative_to("/usr")]


async def _pid(file: Path, process: asyncio.subprocess.Process) -> int | None:
    """Wait until the container is built, and give the number of its process 1 on the host; None when it failed."""
    while process.returncode is None:
        if text := _text(file):
            return int(text)
        await asyncio.sleep(_LOOK_EVERY_S)
    return None


def _text(file: Path) -> str:
    return file.read_text(errors="replace") if file.exists() else ""
