"""The image, really built: from a Debian root and from wheels that lie on this machine."""

import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.chart.image_engine import Engine
from tests.chart.image_root import debian_root
from tests.chart.image_wheels import WIDEST, wheels

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
BASE = "bridge-test-base"
WHEELS = "bridge-test-wheels"


@dataclass(frozen=True)
class Image:
    """A built image; `base` is what it was built upon."""

    engine: Engine
    name: str
    base: str = BASE

    def size(self) -> int:
        """Bytes of the layers that are not the base's."""
        whole, below = (
            int(self.engine("image", "inspect", "--format", "{{.Size}}", name)) for name in (self.name, self.base)
        )
        return whole - below

    def files(self) -> list[tarfile.TarInfo]:
        """Everything in the root of a container, as it was before any process ran in it."""
        container = self.engine("create", self.name).strip()
        with tempfile.TemporaryFile() as packed:
            self._pack(["export", container], packed)
            with tarfile.open(fileobj=packed) as archive:
                found = archive.getmembers()
        self.engine("rm", container)
        return found

    def contains(self, text: str) -> bool:
        """Tell whether a text is anywhere in the image: in a layer, its history or its configuration."""
        with tempfile.TemporaryFile() as packed:
            self._pack(["save", self.name], packed)
            with tarfile.open(fileobj=packed) as archive:
                parts = (archive.extractfile(member) for member in archive.getmembers() if member.isfile())
                return any(text.encode() in part.read() for part in parts if part is not None)

    def _pack(self, arguments: Sequence[str], packed: IO[bytes]) -> None:
        subprocess.run([self.engine.client, *arguments], env=self.engine.environ, stdout=packed, check=True)
        packed.seek(0)


def import_base(engine: Engine) -> str:
    """Make the base of all builds; return which Python is in it."""
    root = debian_root()
    with root.archive.open("rb") as archive:
        engine("import", "-", BASE, given=archive)
    return root.python


def import_wheels(engine: Engine, python: str) -> None:
    """Make an image that has in /wheels whatever any of the locks wants. Raises NoWheels."""
    with tempfile.TemporaryFile() as packed:
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, wheel in all_wheels(python).items():
                archive.add(wheel, f"wheels/{name}")
        packed.seek(0)
        engine("import", "-", WHEELS, given=packed)


def all_wheels(python: str) -> dict[str, Path]:
    """Give the wheels that any build of the image wants, by name. Raises NoWheels."""
    return {wheel.name: wheel for lock in (WIDEST, "build.txt") for wheel in wheels(python, lock).iterdir()}


def build(engine: Engine, name: str, *options: str) -> Image:
    """Build deploy/Dockerfile upon our base."""
    sys.stdout.write(f"Building {name}\n")
    engine(
        *("build", "--progress", "plain", "--file", str(DOCKERFILE), "--tag", name),
        *("--build-arg", f"BASE={BASE}", *options, str(ROOT)),
    )
    return Image(engine, name)


def build_from_files(engine: Engine, requirements: str, *options: str) -> Image:
    """Build with no network at all, from the imported wheels."""
    return build(
        engine,
        f"bridge-test-{requirements.removesuffix('.txt')}",
        *("--network", "none", "--build-arg", f"WHEELS={WHEELS}", "--build-arg", f"REQUIREMENTS={requirements}"),
        *options,
    )
