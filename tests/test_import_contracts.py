"""The import contracts: each of them is seen to fail on a planted violation."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLANTS = {
    "Imports point one way, and capabilities do not import each other": ("events/ids.py", "import bridge.app"),
    "The simulator knows nothing of the bridge": ("simulator/clock.py", "import bridge.pbx.values"),
    "Only the command line and the composition root know the simulator": (
        "ingress/answers.py",
        "import bridge.simulator.clock",
    ),
    "Pure modules import no I/O, no clock and no randomness": ("pbx/values.py", "import time"),
    "One door for aiokafka": ("ingress/body.py", "import aiokafka"),
    "One door for aiohttp's server, and the simulator has its own": ("app/process.py", "import aiohttp"),
    "One door for aiohttp's client, and the simulator has its own": ("pbx/requests.py", "import aiohttp"),
    "One door for AWS's signer, which is an extra": ("kafka/oauth_token.py", "import botocore"),
    "One door for the containers of the local Kafka": ("cli/run.py", "import testcontainers"),
    "One door for the metrics library": ("kafka/publisher.py", "import prometheus_client"),
    "One door for FastStream": ("kafka/reader.py", "import faststream"),
    "The consumer's install needs pydantic and orjson alone": ("events/times.py", "import structlog"),
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give what the linter says of a copy of the package with every violation planted in it."""
    copy = tmp_path_factory.mktemp("planted")
    shutil.copytree(ROOT / "bridge", copy / "bridge", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for file, violation in PLANTS.values():
        path = copy / "bridge" / file
        path.write_text(f"{path.read_text()}\n{violation}\n")
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [linter, "--no-cache", "--config", "pyproject.toml"],
        cwd=copy,
        env={"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    return run.stdout


def test_every_contract_has_its_planted_violation() -> None:
    """A contract that never failed proves nothing."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["name"] for contract in contracts} == PLANTS.keys()


@pytest.mark.parametrize("contract", PLANTS)
def test_a_planted_violation_breaks_its_contract(planted: str, contract: str) -> None:
    """The linter names the contract as broken."""
    assert f"{contract} BROKEN" in planted
