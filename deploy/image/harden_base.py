#!/usr/bin/env python3
"""Run once, as root, while the image is built: take from the base whatever a running bridge never needs.

No installers (pip and what it brings), no file that runs as somebody else (setuid, setgid), and no place that anybody
but root may write to, `/tmp` excepted. Refuses a base without certificates or time zones in a sentence.
"""

import os
import shutil
import stat
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
TIME_ZONES = Path("/usr/share/zoneinfo/Europe/Vilnius")
INSTALLERS = ("ensurepip", "pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")
NOT_OURS = ("/dev", "/image", "/proc", "/sys", "/tmp")  # noqa: S108 - the image's own, which stays writable
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def missing() -> Iterator[str]:
    """Name what the base lacks."""
    if not CERTIFICATES.is_file():
        yield f"ca-certificates ({CERTIFICATES})"
    if not TIME_ZONES.exists():
        yield f"tzdata ({TIME_ZONES})"


def installers() -> Iterator[Path]:
    """Find pip and its kin: the modules, their metadata, their commands, and the wheels that ensurepip keeps."""
    for folder in {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")} | set(sys.path):
        for name in INSTALLERS:
            yield Path(folder) / name
            yield from Path(folder).glob(f"{name}-*.dist-info")
    for folder in (sysconfig.get_path("scripts"), "/usr/bin", "/usr/local/bin"):
        yield from Path(folder).glob("pip*")
    yield Path("/usr/share/python-wheels")


def owned_by_the_image() -> Iterator[Path]:
    """Walk all files and folders of the image, links not followed."""
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if str(Path(folder) / name) not in NOT_OURS]
        for name in (*folders, *files):
            path = Path(folder) / name
            if not path.is_symlink():
                yield path


def narrowed(mode: int) -> int:
    """Return the mode without write permissions of others; of a file also without setuid and setgid."""
    forbidden = WRITABLE_BY_OTHERS if stat.S_ISDIR(mode) else WRITABLE_BY_OTHERS | stat.S_ISUID | stat.S_ISGID
    return stat.S_IMODE(mode) & ~forbidden


if lacking := list(missing()):
    sys.exit(f"The base image lacks {' and '.join(lacking)}: take another base, or install the packages in yours.")
for installer in set(installers()):
    if installer.is_dir() and not installer.is_symlink():
        shutil.rmtree(installer)
    else:
        installer.unlink(missing_ok=True)
for path in owned_by_the_image():
    now = path.stat().st_mode
    # Only what must change: each file that is touched is copied into the layer.
    if (wanted := narrowed(now)) != stat.S_IMODE(now):
        path.chmod(wanted)
