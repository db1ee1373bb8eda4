"""Rolling updates of what the chart renders: pods in namespaces of their own, replaced as the rendered strategy says.

The ingress behind its Service while webhooks keep coming, and the workers while commands, polls and reconciliation fill
their quota. Probes, sleeps, grace periods, surge and minimum times are those of the chart.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from bridge.simulator import Fault
from tests.chart.pod_deployment import Deployment
from tests.chart.pod_installation import Installation, Surroundings, local
from tests.chart.pod_load import Load
from tests.drills.published import Published
from tests.drills.scene import COMMAND_PARTITIONS, RESULT_PARTITIONS, WEBHOOK_SECRET, Scene
from tests.drills.traffic import key_of, until

PODS: Final = 3
BEFORE_S: Final = 3.0
AFTER_S: Final = 3.0
# Under load before the first pod goes and after the last one has come.
LEAST_A_SECOND: Final = 30.0
# Webhooks, of the 120 that are sent where the machine has nothing else to do: fewer say nothing.
READ_WITHIN_S: Final = 60.0
COMMANDS_EVERY_S: Final = 0.5
ASKS: Final = 1
# A dial and a question in turn on each of three connections: the polls take the rest of the quota, and want more.
OWNERLESS_S: Final = 5.0
# A shard between two owners: the rebalance waits for the calls in flight, which are late by a second here.
ARRIVES_LATE_S: Final = 1.0
# Half of the calls: so some are always under way when a worker goes.


async def roll_ingress(scene: Scene) -> None:
    """Replace three ingress pods: every webhook is answered 202, and each is in Kafka."""
    async with _installed(scene, {"ingress": {"replicas": PODS}}) as installation:
        ingress = installation.deployments["ingress"]
        await ingress.scale_up()
        published = Published(scene.ground.kafka.bootstrap, scene.prefix, 1)
        await published.start()
        await until(lambda: installation.service.endpoints == PODS, READ_WITHIN_S, "not all pods are endpoints")
        load, over = Load(installation.hook_url(scene.connections[0], WEBHOOK_SECRET)), asyncio.Event()
        began = asyncio.get_running_loop().time()
        sending = asyncio.create_task(load.send(over.is_set))
        await _roll_under_load(ingress)
        over.set()
        await sending
        rate = load.sent / (asyncio.get_running_loop().time() - began)
        await ingress.scale_down()
        await published.stop()
        found = {event.id for event in published.events}
        lost = [call for call, id_ in load.accepted.items() if id_ not in found]
        scene.wrong += installation.faults
        scene.wrong += [f"{len(load.failed)} of {load.sent} webhooks failed", *load.failed] if load.failed else []
        scene.wrong += [f"{len(lost)} webhooks were answered 202 and are not in Kafka"] if lost else []
        scene.wrong += [f"{load.crossed} webhooks crossed the end of a connection"] if load.crossed > PODS else []
        scene.wrong += [f"{rate:.0f} webhooks a second, which says nothing"] if rate < LEAST_A_SECOND else []


async def roll_workers(scene: Scene) -> None:
    """Replace three workers while commands and polls want all of the quota; the drills' judge looks at the end."""
    async with _installed(scene, {"worker": {"replicas": PODS}}) as installation:
        worker = installation.deployments["worker"]
        await worker.scale_up()
        await scene.started()
        late = Fault(on=frozenset({"Dial", "GetContactsByID"}), seconds=ARRIVES_LATE_S, probability=0.5)
        scene.simulator.faults.set("request_late", late)
        rolling = asyncio.create_task(_roll_under_load(worker))
        while not rolling.done():
            await scene.traffic.load(1.0, every_s=COMMANDS_EVERY_S, asks=ASKS)
        await rolling
        await scene.traffic.settled()
        await worker.scale_down()
        scene.wrong += installation.faults
        longest = longest_without_owner(pod.container.said() for pod in installation.node.pods)
        if longest > OWNERLESS_S:
            scene.wrong.append(f"a shard had no owner for {longest:.1f} s")


def longest_without_owner(logs: Iterable[str]) -> float:
    """Give the longest time between the end of one owner of a shard and the begin of the next, in seconds.

    Both are read from the logs of all workers; without any it is infinite. What nobody takes over at the end does not
    count.
    """
    told = [json.loads(line) for log in logs for line in log.splitlines() if line.startswith("{")]
    known = {"a shard was handed over": "end", "a shard was taken over": "begin"}
    story = sorted((line["timestamp"], line["shard"], known[line["event"]]) for line in told if line["event"] in known)
    longest, free = 0.0, dict[int, datetime]()
    for time, shard, what in story:
        at = datetime.fromisoformat(time)
        if what == "end":
            free[shard] = at
        elif shard in free:
            longest = max(longest, (at - free.pop(shard)).total_seconds())
    return longest if story else math.inf


async def _roll_under_load(deployment: Deployment) -> None:
    await asyncio.sleep(BEFORE_S)
    await deployment.roll()
    await asyncio.sleep(AFTER_S)


@asynccontextmanager
async def _installed(scene: Scene, values: Mapping[str, object]) -> AsyncIterator[Installation]:
    connection = {
        "default_region": "LT",
        "webhooks": {"register": False},
        "pollers": {"defaults": {"interval": "5s"}},
        "reconcile": {"interval": "10s"},
        "rate_limit": {"calls": scene.quota.calls, "window": f"{scene.quota.window_s:g}s"},
    }
    connections = {
        name: {"credentials": {"existingSecret": f"bridge-{name}"}, "config": connection} for name in scene.connections
    }
    secrets = {
        f"bridge-{name}": {"api-key": key_of(name), "webhook-secret": WEBHOOK_SECRET} for name in scene.connections
    }
    vendor, bootstrap = scene.simulator.root_url, scene.ground.kafka.bootstrap
    partitions = {"events": 1, "commands": COMMAND_PARTITIONS, "results": RESULT_PARTITIONS}
    here = local(scene.prefix, bootstrap, vendor, connections)
    plain = {"kafka": {"securityProtocol": "PLAINTEXT"}, "topics": {"partitions": partitions}}
    around = Surroundings(_port(bootstrap), _port(vendor))
    folder = scene.folder / "pods"
    folder.mkdir()
    async with Installation(folder, [here, plain, values], secrets, {}, around) as installation:
        job = await installation.run("Job", "topics")
        code = await job.ends()
        if code:
            raise AssertionError(f"the topics Job ended with {code}: {job.last_words()}")
        yield installation


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
