"""A base for the image where no registry can be reached: a small Debian with its own Python, made by debootstrap."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bridge.kafka.local.jars import cache_folder

PACKAGES = ("ca-certificates", "netbase", "python3", "python3-venv", "tzdata")
# What the official python:slim images have, as far as the Dockerfile asks for it.
_LEFT_OUT = (
    *("etc/apt", "var/cache/apt", "var/lib/apt/lists", "var/log"),
    *("usr/share/doc", "usr/share/locale", "usr/share/man"),  # the official images have none either
)
MADE_WITHIN_S = 300.0
# It takes 45 s on two cores with a mirror near by.


class NoRoot(Exception):
    """The root cannot be made; the text says why."""


@dataclass(frozen=True)
class Root:
    """A root as a tar archive, and which Python is in it, such as `3.11`."""

    archive: Path
    python: str


def debian_root() -> Root:
    """Return a root of this machine's own Debian release, from its own mirror; made once per user and release."""
    mirror, release = _mirror()
    cache = cache_folder(os.environ)
    cache.mkdir(parents=True, exist_ok=True)
    name = f"debian-{release}-{'-'.join(PACKAGES)}-{os.uname().machine}"
    if not (found := list(cache.glob(f"{name}-py*.tar"))):
        found = [_make(mirror, release, cache, name)]
    return Root(found[0], found[0].stem.rpartition("-py")[2])


def _mirror() -> tuple[str, str]:
    """Return where this machine gets its own release from, and that release's name."""
    system = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    release = system.get("VERSION_CODENAME", "").strip('"')
    if shutil.which("apt-get") is None:
        raise NoRoot(
            "The base of the image is made from this machine's own Debian mirror, and there is no apt-get here."
        )
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for line in told.splitlines():
        uri, of, component = line.split()
        if (of, component) == (release, "main"):
            return uri, release
    raise NoRoot(f"apt knows no mirror of this machine's own release ({release or 'unknown'}): see /etc/apt.")


def _make(mirror: str, release: str, cache: Path, name: str) -> Path:
    """Make the root and pack it; the archive appears whole or not at all."""
    sys.stdout.write(f"Making a Debian {release} with debootstrap, once: some 45 s\n")
    root = Path(tempfile.mkdtemp(prefix=f"{name}.making-", dir=cache))
    try:
        _run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", release, str(root), mirror])
        python = (root / "usr" / "bin" / "python3").readlink().name.removeprefix("python")
        for left in _LEFT_OUT:
            shutil.rmtree(root / left)
        # Root may look into a folder that mkdtemp made, and nobody else: the image's users must.
        root.chmod(0o755)
        packed = cache / f"{root.name}.tar"
        _run(["tar", "--create", "--file", str(packed), "--directory", str(root), "."])
        return packed.rename(cache / f"{name}-py{python}.tar")
    finally:
        shutil.rmtree(root)


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MADE_WITHIN_S,
        check=False,
    )
    if done.returncode != 0:
        raise NoRoot(f"{command[0]} ended with {done.returncode}: {' | '.join(done.stdout.splitlines()[-4:])}")
