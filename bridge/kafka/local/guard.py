"""The process between us and the broker's JVM: whatever happens to us, it ends the JVM and removes its folder.

Run as a script, with nothing but the standard library, so that it is up in milliseconds. It is given the folder and,
in `commands.json` there, the commands to run one after the other (format, then serve); it starts them at once.

Attached, it obeys lines on its standard input: `kill` (SIGKILL to the JVM, data kept) and `start` (once more, on the
same data); `killed` answers the first. The end of its input means that whoever started it is done or dead, by kill -9
too: it stops the JVM, removes the folder and ends. It says `down <status>` when the JVM has ended by itself.
Detached, it ends by SIGTERM in the same way, and without a JVM it stays no longer than the JVM.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

CLEAN_STOP = 10.0
# Seconds that the broker has for SIGTERM before SIGKILL: it flushes in well under one.

_DEATH_SIGNAL = 1
# Linux's PR_SET_PDEATHSIG.


class Guard:
    """One JVM after another on one folder."""

    def __init__(self, folder: Path, *, attached: bool) -> None:
        self.folder = folder
        self.attached = attached
        self.steps: list[list[str]] = []
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin with the first step; the others follow as each one ends well."""
        if self.child is None:
            self.steps = json.loads((self.folder / "commands.json").read_text())
            if (self.folder / "data" / "meta.properties").exists():
                del self.steps[:-1]
            self._next_step()

    def reap(self) -> bool:
        """Look whether the JVM has ended; return whether the guard still has something to watch over."""
        if self.child is not None and self.child.poll() is not None:
            status, self.child = self.child.returncode, None
            if status == 0 and self.steps:
                self._next_step()
            else:
                self._tell(f"down {status}")
        return self.attached or self.child is not None

    def kill(self) -> None:
        """End the JVM as a power cut would."""
        self.steps.clear()
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None
        self._tell("killed")

    def finish(self) -> None:
        """Stop the JVM, by force where it does not listen, and remove the folder."""
        self.steps.clear()
        if self.child is not None:
            self.child.terminate()
            try:
                self.child.wait(CLEAN_STOP)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _next_step(self) -> None:
        with (self.folder / "broker.log").open("ab") as log:
            self.child = subprocess.Popen(  # noqa: S603 - our own command line, from our own folder
                self.steps.pop(0),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one thread here
            )

    def _tell(self, line: str) -> None:
        if self.attached:
            # Nobody reads any more when the parent is dead; the end of the input says so in a moment.
            with contextlib.suppress(OSError):
                os.write(1, line.encode() + b"\n")


def _die_with_parent() -> None:
    # Should the guard itself be killed -9, the kernel ends the JVM. Other systems have no such order.
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


def watch(guard: Guard) -> None:
    """Obey lines and signals until it is over."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    asked_to_stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked_to_stop.append(number))
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    guard.start()
    orders = [0] if guard.attached else []
    while not asked_to_stop and guard.reap():
        ready = select.select([woken, *orders], [], [])[0]
        if woken in ready:
            os.read(woken, 512)
        if 0 in ready:
            lines = os.read(0, 512)
            if not lines:
                break
            for order in lines.split():
                {b"kill": guard.kill, b"start": guard.start}[order]()


def _leave_for_the_background(log: Path) -> bool:
    """Go on in a child of no terminal, whose number is printed; return whether this is the child."""
    child = os.fork()
    if child:
        sys.stdout.write(f"{child}\n")
        return False
    os.setsid()
    os.chdir("/")
    with log.open("ab") as end:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(end.fileno(), 1)
        os.dup2(end.fileno(), 2)
    return True


def main(folder: str, mode: str) -> None:
    """Guard the broker of this folder; `mode` is `attached` or `detached`."""
    guard = Guard(Path(folder), attached=mode == "attached")
    if not guard.attached and not _leave_for_the_background(guard.folder / "broker.log"):
        return
    ended_by_itself = False
    try:
        watch(guard)
        ended_by_itself = not guard.attached and guard.child is None
    finally:
        if not ended_by_itself:  # else its log is wanted; `bridge kafka down` removes it
            guard.finish()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
