"""The simulator stands beside the bridge."""

import subprocess
import sys

LOADED = """
import sys, bridge.simulator
print(*(name for name in sys.modules if name.split(".")[0] in {"bridge", "aiokafka", "pydantic"}))
"""


def test_it_knows_nothing_of_the_bridge() -> None:
    """Importing it loads no other package of the bridge, so that a misreading there cannot hide in it."""
    done = subprocess.run((sys.executable, "-c", LOADED), capture_output=True, text=True, timeout=20, check=True)
    loaded = set(done.stdout.split())
    assert "bridge.simulator.world" in loaded
    assert {name for name in loaded if not name.startswith("bridge.simulator")} == {"bridge"}
