"""Volumes with files, written as a kubelet writes them: a new folder each time, and a symbolic link that is swapped.

volume/acme -> ..data/acme        what the pod opens
volume/..data -> ..7              swapped as a whole, so that no reader sees half a rotation
volume/..7/acme/api-key
"""

import itertools
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.chart.pod_plan import File

_GROUP_READS: Final = 0o440
# What `fsGroup` adds to a read-only volume's files.
_versions = itertools.count(1)


def write_volume(folder: Path, files: Mapping[str, File], fs_group: int | None) -> None:
    """Write a volume, or write it anew: what is gone from `files` is gone from the volume."""
    folder.mkdir(exist_ok=True)
    version = folder / f"..{next(_versions)}"
    version.mkdir()
    for name, file in files.items():
        path = version / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode if fs_group is None else file.mode | _GROUP_READS)
        if fs_group is not None:
            os.chown(path, 0, fs_group)
    before = (folder / "..data").resolve() if (folder / "..data").exists() else None
    (folder / "..data_tmp").symlink_to(version.name)
    (folder / "..data_tmp").rename(folder / "..data")
    shown = {name.partition("/")[0] for name in files}
    for link in folder.iterdir():
        if not link.name.startswith("..") and link.name not in shown:
            link.unlink()
    for name in shown:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(Path("..data", name))
    if before is not None:
        shutil.rmtree(before)
