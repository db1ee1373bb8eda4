"""What a consumer has: the records of confluent-kafka, and an installation without all that others brought."""

import importlib.metadata
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.events.parsing import RecordHeaders
from bridge.events.records import Record

ROOT = Path(__file__).parents[2]


@dataclass
class Message:
    """A record as confluent-kafka gives it."""

    record: Record

    def headers(self) -> RecordHeaders:
        return self.record.headers

    def value(self) -> bytes | None:
        return self.record.value


def lay_out(folder: Path, *names: str) -> None:
    """Put distributions and what they require into a folder, the bridge as it is in this checkout."""
    (folder / "bridge").symlink_to(ROOT / "bridge")
    for name in {each for asked in names for each in _with_requirements(asked)} - {"mobili-stotele-bridge"}:
        distribution = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            (folder / top).symlink_to(Path(str(distribution.locate_file(top))))


def _with_requirements(name: str) -> Iterator[str]:
    yield name
    for requirement in importlib.metadata.requires(name) or ():
        needed, _, condition = requirement.partition(";")
        if "extra ==" not in condition and "python_version" not in condition and "sys_platform" not in condition:
            match = re.match(r"[\w.-]+", needed)
            assert match is not None
            yield from _with_requirements(match[0])
