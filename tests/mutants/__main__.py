"""Break each invariant on purpose, and see that its test sees it: `python -m tests.mutants [NAME …]`.

Every test named by a patch is first run on an unbroken copy of the tree, where it has to pass. Then each patch is
applied to a copy of its own, and the test has to fail and to say why. One row each; exit 1 when a mutant goes unseen.
"""

# ruff: noqa: T201 - a report

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.patches import Mutant, all_mutants, apply, copy_tree

FAILED = 1
# Of pytest's exit codes the one for "tests ran, and some failed"; the others mean that nothing was tested.
WITHIN_S = 300
# The slowest of the tests takes half a minute on an idle machine.


def main(names: list[str]) -> int:
    """Run the mutants of these names, or all; give the exit code."""
    mutants = [mutant for mutant in all_mutants() if not names or mutant.name in names]
    if not mutants or len(mutants) < len(names):
        print(f"there are the mutants {', '.join(mutant.name for mutant in all_mutants())}", file=sys.stderr)
        return 2
    tests = sorted({mutant.test for mutant in mutants})
    code, output = _run_in_copy(None, tests)
    if code != 0:
        print(f"{output}\nthe tests have to pass before they can be seen to fail", file=sys.stderr)
        return 1
    print(f"{len(tests)} tests pass on the unbroken tree")
    width = max(len(mutant.name) for mutant in mutants)
    unseen = 0
    for mutant in mutants:
        began = time.monotonic()
        wrong = _unseen_because(mutant)
        unseen += wrong is not None
        verdict = f"NOT SEEN: {wrong}" if wrong else f"seen: {mutant.says}"
        test = mutant.test.rpartition("::")[2]
        print(
            f"{mutant.breaks:6} {mutant.name:{width}} {time.monotonic() - began:5.1f} s  {test}  {verdict}", flush=True
        )
    print(f"{len(mutants) - unseen} of {len(mutants)} mutants are seen")
    return 1 if unseen else 0


def _unseen_because(mutant: Mutant) -> str | None:
    code, output = _run_in_copy(mutant, [mutant.test])
    if code == FAILED and mutant.says in output:
        return None
    if code == 0:
        return "the test passes"
    if code == FAILED:
        return f"the test fails, but does not say {mutant.says!r}\n{output}"
    return output


def _run_in_copy(mutant: Mutant | None, tests: list[str]) -> tuple[int, str]:
    """Run tests in a copy of the tree, broken or not; give pytest's exit code (-1: it did not run) and its output."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        if mutant is not None and (error := apply(mutant, tree)):
            return -1, f"the patch does not apply: {error}"
        try:
            run = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
                cwd=tree,
                # Before the checkout itself, which an editable install puts on the path.
                env={**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                timeout=WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return -1, f"no end within {WITHIN_S} s"
        return run.returncode, run.stdout + run.stderr


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
