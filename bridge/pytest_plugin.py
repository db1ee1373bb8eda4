"""The pytest plugin of the package: the simulated PBX as a fixture.

pytest imports this module at every start in every environment that has the package, so it imports nothing but pytest.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bridge.testing import RunningPbx

MARKER = "pbx_simulator(**options): options of the fixture pbx_simulator, those of bridge.simulator.SimulatorOptions"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, which `--strict-markers` asks for."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def pbx_simulator(request: pytest.FixtureRequest) -> "Iterator[RunningPbx]":
    """Give a simulated PBX that listens on a free port of loopback; calls come once it plays."""
    try:
        from bridge.simulator import SimulatorOptions  # noqa: PLC0415 - not at the start of pytest
        from bridge.testing import RunningPbx  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        pytest.fail(f"pbx_simulator needs the extra `service` of mobili-stotele-bridge: {error.name} is missing")
    marker = request.node.get_closest_marker("pbx_simulator")
    with RunningPbx(SimulatorOptions(**({} if marker is None else marker.kwargs))) as pbx:
        yield pbx
