"""The locked dependencies: what is installed with an extra is what is installed without it, and more."""

import re
from pathlib import Path

import pytest

LOCKS = Path(__file__).parents[1] / "requirements"


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (LOCKS / name).read_text(), re.MULTILINE))


def test_the_extra_for_msk_changes_no_version() -> None:
    """Whoever changes to it gets AWS's libraries, and nothing else is another version."""
    usual, with_msk = pins("runtime.txt"), pins("runtime-msk-iam.txt")
    assert with_msk | usual == with_msk
    assert with_msk.keys() - usual.keys() >= {"aws-msk-iam-sasl-signer-python", "botocore"}


@pytest.mark.parametrize("name", ["runtime.txt", "runtime-msk-iam.txt", "development.txt"])
def test_a_lock_names_no_address(name: str) -> None:
    """Everybody installs from the registry that is configured."""
    assert "://" not in (LOCKS / name).read_text()
