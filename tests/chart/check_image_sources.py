"""What the image is built from: the Dockerfile as hadolint sees it, and locks that install on every Python we name."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.chart.image_build import DOCKERFILE
from tests.chart.image_switch import image_is_left_out
from tests.chart.image_wheels import ROOT, WIDEST, wheels


def _hadolint(dockerfile: Path) -> str:
    program = shutil.which("hadolint")
    assert program, "hadolint is missing: run `make chart`, which puts .venv-chart/bin before PATH"
    done = subprocess.run([program, str(dockerfile)], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_hadolint_has_no_findings() -> None:
    """The Dockerfile has no finding and switches no rule off."""
    assert _hadolint(DOCKERFILE) == ""
    assert "hadolint ignore" not in DOCKERFILE.read_text()


def test_hadolint_finds_what_is_wrong(tmp_path: Path) -> None:
    """A last user who is root would be found."""
    broken = tmp_path / "Dockerfile"
    broken.write_text(DOCKERFILE.read_text().replace("USER 10001:0", "USER root"))
    assert "DL3002" in _hadolint(broken)


@pytest.mark.skipif(image_is_left_out(), reason="CHART_WITHOUT_IMAGE=1: the lock is NOT fetched for other Pythons")
@pytest.mark.parametrize(
    ("python", "machine"), [("3.11", "x86_64"), ("3.12", "x86_64"), ("3.13", "x86_64"), ("3.13", "aarch64")]
)
def test_lock_has_a_wheel_of_everything(python: str, machine: str) -> None:
    """Nothing need be compiled on any Python that we name, nor on the image's with the other processor."""
    assert len(list(wheels(python, WIDEST, machine).glob("*.whl"))) > 30


def test_widest_lock_has_what_the_others_have() -> None:
    """What is shown of the widest lock is true of each."""
    widest = _pins(ROOT / "requirements" / WIDEST)
    for lock in (ROOT / "requirements").glob("runtime*.txt"):
        assert _pins(lock).items() <= widest.items(), lock


def test_wheel_is_built_by_what_the_tests_have() -> None:
    """The lock of the wheel's build names what pyproject.toml wants, in the versions that the tests run with."""
    built, tested = (_pins(ROOT / "requirements" / name) for name in ("build.txt", "development.txt"))
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert {requirement.partition(">=")[0] for requirement in wanted} <= built.keys()
    assert built.items() <= tested.items()


def _pins(lock: Path) -> dict[str, str]:
    lines = (line.partition(" ")[0] for line in lock.read_text().splitlines() if "==" in line.partition(" ")[0])
    return {name: pinned for name, _, pinned in (line.partition("==") for line in lines)}
