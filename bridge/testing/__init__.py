"""For tests of what is built on the bridge: sample records, a way to publish them, and the simulated PBX.

Samples need the base install alone. Publishing and the simulator need the extra `service`, and nothing of it is
imported before they are used. The fixtures are in `bridge.pytest_plugin`, which pytest finds by itself.
"""

from bridge.testing.publishing import publish
from bridge.testing.running_pbx import RunningPbx
from bridge.testing.samples import sample_event, sample_resolved, sample_result

__all__ = ["RunningPbx", "publish", "sample_event", "sample_resolved", "sample_result"]
