"""The mutants are ready to be run: nobody has to run them to learn that one has fallen behind."""

from pathlib import Path

import pytest

from tests.mutants.patches import ROOT, Mutant, all_mutants, apply, copy_tree, read_mutant


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy that every patch is applied to and taken back from."""
    copy = tmp_path_factory.mktemp("tree")
    copy_tree(copy)
    return copy


@pytest.mark.parametrize("mutant", all_mutants(), ids=lambda mutant: mutant.name)
def test_a_patch_applies_and_its_test_is_there(mutant: Mutant, tree: Path) -> None:
    """A patch that does not fit the code any more breaks nothing, and a test that is gone sees nothing."""
    assert apply(mutant, tree) is None
    assert apply(mutant, tree, back=True) is None
    file, _, name = mutant.test.partition("::")
    assert f"def {name.split('::')[-1].partition('[')[0]}(" in (ROOT / file).read_text()


def test_each_invariant_has_a_mutant() -> None:
    """An invariant whose test was never seen to fail is a hope."""
    wanted = {"S1", "S2", "S3", "S4", "S5", "R1", "R2", "R3", "P1", "P2", "O1", "C1", "W1", "M1", "T1"}
    assert wanted <= {name for mutant in all_mutants() for name in mutant.breaks.split()}


def test_a_patch_without_its_head_is_refused(tmp_path: Path) -> None:
    """The runner would not know what to run."""
    patch = tmp_path / "some.patch"
    patch.write_text("Breaks: S1\n--- a/x\n+++ b/x\n")
    with pytest.raises(ValueError, match=r"some\.patch has to begin with the lines Breaks, Test, Says"):
        read_mutant(patch)
