"""The patches in this folder: each breaks an invariant of the bridge on purpose, and names the test that sees it.

A patch begins with a head of three lines, then an empty one, what is broken in a sentence or two, and the diff:

    Breaks: S1
    Test: tests/calls/test_dial_crashes.py::test_two_crashes_and_two_rebalances_at_any_step
    Says: S1 is broken

`Says` is a part of the test's output: a test that fails for another reason, such as a name that is missing, has seen
nothing.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent
HEAD = ("Breaks", "Test", "Says")


@dataclass(frozen=True)
class Mutant:
    """A patch. `breaks` are invariants of the design's list, separated by blanks."""

    path: Path
    breaks: str
    test: str
    says: str

    @property
    def name(self) -> str:
        return self.path.stem


def read_mutant(path: Path) -> Mutant:
    """Read a patch's head; ValueError when it has none."""
    lines = path.read_text().splitlines()[: len(HEAD)]
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    if tuple(fields) != HEAD:
        raise ValueError(f"{path.name} has to begin with the lines {', '.join(HEAD)}")
    return Mutant(path, *fields.values())


def all_mutants() -> list[Mutant]:
    """Read all patches, by name."""
    return [read_mutant(path) for path in sorted(FOLDER.glob("*.patch"))]


def copy_tree(target: Path) -> None:
    """Copy what the tests need of the working tree as it is now, changes that are not committed included."""
    ignore = shutil.ignore_patterns("__pycache__", "node_modules", ".*")
    for folder in ("bridge", "tests", "schemas", "deploy", "docs"):
        if (ROOT / folder).is_dir():
            shutil.copytree(ROOT / folder, target / folder, ignore=ignore)
    for file in ("pyproject.toml", "Makefile"):
        shutil.copy(ROOT / file, target)


def apply(mutant: Mutant, tree: Path, *, back: bool = False) -> str | None:
    """Apply a patch to a tree, or take it back; give why it could not be."""
    command = ["git", "apply", *(["--reverse"] if back else []), str(mutant.path)]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=30, check=False)
    return None if run.returncode == 0 else run.stderr.strip()
