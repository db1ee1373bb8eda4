"""What the chart starts, starts elsewhere, too: as any user with client certificates, and with next to no values.

The scenario with everything on has its own story in check_processes.py.
"""

import asyncio
import uuid
from pathlib import Path
from typing import NamedTuple

import pytest

from bridge.simulator import AccountOptions, Simulator, SimulatorOptions
from tests.chart.pod_installation import Installation, Surroundings, local
from tests.drills.traffic import until
from tests.kafka.secured_kafka import SecuredKafka

KEY = "the-key-of-acme"
OPENSHIFT_UID = 1_000_650_000
# From the range of a project; the group is 0.
SOON_S = 10.0
# A Service in miniature takes a second.


class Elsewhere(NamedTuple):
    """A scenario of the chart; `listener` is the local one like its Kafka, None for the one without security."""

    scenario: str
    listener: str | None
    assigned_uid: int | None


@pytest.mark.parametrize(
    "elsewhere",
    [Elsewhere("openshift", "TLS_CLIENT", OPENSHIFT_UID), Elsewhere("minimal", None, None)],
    ids=lambda one: one.scenario,
)
@pytest.mark.asyncio
async def test_a_scenario_starts(secured_kafka: SecuredKafka, tmp_path: Path, elsewhere: Elsewhere) -> None:
    """The topics Job ends with 0, ingress and worker become ready, and `helm test` finds nothing wrong."""
    address = secured_kafka.bootstrap if elsewhere.listener is None else secured_kafka.at(elsewhere.listener)
    shown = secured_kafka.certificates["super"]
    secrets = {
        "bridge-acme": {"api-key": KEY, "webhook-secret": "what the check signs its hooks with"},
        "events-cluster-ca-cert": {"ca.crt": secured_kafka.authority.cert.read_text()},
        "bridge": {"user.crt": shown.cert.read_text(), "user.key": shown.key.read_text()},
    }
    simulator = Simulator(SimulatorOptions(keys={KEY: AccountOptions()}))
    await simulator.start()
    try:
        here = local(f"chart-{uuid.uuid4().hex[:8]}", address, simulator.root_url, {"acme": {}})
        around = Surroundings(_port(address), _port(simulator.root_url), elsewhere.assigned_uid)
        async with Installation(tmp_path, [elsewhere.scenario, here], secrets, {}, around) as installation:
            job = await installation.run("Job", "topics")
            assert await job.ends() == 0, job.last_words()
            pods = [await installation.start(component) for component in ("ingress", "worker")]
            await asyncio.gather(*(pod.becomes_ready() for pod in pods))
            for pod in pods:
                status = pod.container.status()
                assert f"\nUid:\t{elsewhere.assigned_uid or 10001}\t" in status
                assert "\nGid:\t0\t" in status
            # The Service knows of a ready pod a moment later, as in a cluster; whoever is quicker is refused.
            await until(lambda: installation.service.endpoints == 1, SOON_S, "the Service has no endpoint")
            test = await installation.run("Pod", "test")
            assert await test.ends() == 0, test.container.said()
            assert installation.faults == []
    finally:
        await simulator.stop()


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
