"""The locked wheels as files, for a Python and a machine that need not be those of the tests."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bridge.kafka.local.jars import cache_folder

ROOT = Path(__file__).parents[2]
WIDEST = "runtime-msk-iam.txt"
# Of the locks that the image may be built with it has what the others have, and more: its wheels do for all.
FETCHED_WITHIN_S = 300.0
# Some 15 MB over a slow line; on a fast one it takes five seconds.
_PLATFORMS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
# What wheels of 2026 are built for; pip does not derive the older names from the newest.


class NoWheels(Exception):
    """pip could not fetch them; the text is its own."""


def wheels(python: str, requirements: str, machine: str | None = None) -> Path:
    """Return a folder with all wheels that a lock file under requirements/ names, every hash verified.

    `python` is such as `3.13`, `machine` such as `aarch64` (default: this one). pip alone decides where they come from.
    Raises NoWheels, also where a package has no wheel for that Python and machine.
    """
    machine = machine or os.uname().machine
    lock = ROOT / "requirements" / requirements
    locked = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    cache = cache_folder(os.environ)
    whole = cache / f"wheels-{locked}-py{python}-{machine}"
    if whole.is_dir():
        return whole
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{whole.name}.fetching-", dir=cache))
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
                *("--require-hashes", "--requirement", str(lock)),
                *("--only-binary", ":all:", "--implementation", "cp", "--python-version", python),
                *(f"--platform={platform}_{machine}" for platform in _PLATFORMS),
                *("--dest", str(unfinished)),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCHED_WITHIN_S,
            check=False,
        )
        if done.returncode != 0:
            raise NoWheels(f"Python {python} on {machine}: {done.stderr.strip()[-1000:]}")
        unfinished.chmod(0o755)
        try:
            unfinished.rename(whole)
        except OSError:
            if not whole.is_dir():  # where another process was quicker, its folder holds the same
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return whole
