"""The ports of the local broker."""

import subprocess
import sys

import pytest

from bridge.kafka.local import ports

CLAIMING = "import sys; from bridge.kafka.local.ports import claim; print(claim(int(sys.argv[1])), flush=True); input()"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that end with their process")
def test_no_port_is_given_out_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Brokers that start side by side would take each other's, seconds after both found it free."""
    monkeypatch.setattr(ports, "RANGE", range(19_990, 19_994))
    found = {*ports.free_ports(2), *ports.free_ports(2)}
    assert found == set(ports.RANGE)
    with pytest.raises(OSError, match="no 1 free ports"):
        ports.free_ports(1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that end with their process")
def test_a_claim_holds_against_other_processes_and_ends_with_its_own() -> None:
    """Two runs of tests on one machine, and no rubbish when they end."""
    port = "19989"
    with subprocess.Popen(
        [sys.executable, "-c", CLAIMING, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        assert not ports.claim(int(port))
        other.communicate("\n")
    assert ports.claim(int(port))
