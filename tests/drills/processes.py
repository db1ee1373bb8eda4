"""The bridge's processes, as a supervisor or a power cut treats them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 60.0
# Topics are made, groups joined, shards taken over; several scenes start at once on two cores.
STOPS_WITHIN_S = 40.0
# The service promises 25; the rest is what two busy cores may take for it.
_LOOK_EVERY_S = 0.1


class NotReady(Exception):
    """A process did not become ready; the text has the end of its log."""


class Process:
    """One `bridge run`. `name` is for people, `log` holds what it said on stderr."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], admin_port: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._admin_port = admin_port

    @classmethod
    def start(cls, name: str, role: str, config: Path, log: Path, environ: Mapping[str, str]) -> Self:
        """Start a process; it is not ready yet. `environ` has at least its admin port."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("BRIDGE_", "KAFKA_"))}
        with log.open("ab") as end:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.drills.worker", "run", "--role", role, "--config", str(config)],
                cwd=ROOT,
                env={**clean, **environ},
                stdin=subprocess.DEVNULL,
                stdout=end,
                stderr=end,
            )
        return cls(name, process, environ["BRIDGE_ADMIN__PORT"], log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it lives; below 0 the number of the signal that ended it."""
        return self._process.poll()

    async def ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until `/readyz` says so. Raises NotReady."""
        until = time.monotonic() + within_s
        problem = ""
        while time.monotonic() < until:
            if self.exit_code is not None:
                raise NotReady(f"{self.name} ended with {self.exit_code}: {self.last_words()}")
            problem = await asyncio.to_thread(self._problem)
            if not problem:
                return
            await asyncio.sleep(_LOOK_EVERY_S)
        raise NotReady(f"{self.name} is not ready after {within_s:.0f} s: {problem}: {self.last_words()}")

    def wake(self) -> None:
        """Let it go on after a freeze."""
        self.send(signal.SIGCONT)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still lives."""
        if self.exit_code is None:
            self._process.send_signal(number)

    async def ended(self, within_s: float = STOPS_WITHIN_S) -> int:
        """Wait for its end; return the exit code. Killed when it does not come, which is -9."""
        until = time.monotonic() + within_s
        while self.exit_code is None:
            if time.monotonic() > until:
                self.send(signal.SIGKILL)
            await asyncio.sleep(_LOOK_EVERY_S)
        return self._process.returncode

    async def stop(self) -> int:
        """Ask it to stop; return the exit code."""
        self.send(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.send(signal.SIGKILL)
        await self.ended()

    def last_words(self) -> str:
        return " | ".join(self.log.read_text(errors="replace").splitlines()[-5:])

    def _problem(self) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._admin_port}/readyz", timeout=2) as answer:
                return "" if answer.status == 200 else str(answer.status)
        except urllib.error.HTTPError as error:
            return error.read().decode(errors="replace")
        except OSError as error:
            return str(error)
