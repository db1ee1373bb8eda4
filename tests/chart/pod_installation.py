"""The chart, installed for a check: rendered against a local Kafka and the simulator, with its Secrets, and its pods.

The vendor's webhooks come to `service`, which leads to the ingress pods; the vendor itself is shown to workers alone.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from bridge.pbx.hook_keys import HookName, hook_key
from tests.chart.pod_deployment import Deployment, strategy_of
from tests.chart.pod_network import LOOPBACK
from tests.chart.pod_plan import Body, Cluster
from tests.chart.pod_service import Service
from tests.chart.pods import Node, Pod
from tests.chart.rendering import KubernetesObject, Rendering, Values, render

Secrets = Mapping[str, Mapping[str, str]]
"""Data of Secrets by their names."""


@dataclass(frozen=True)
class Surroundings:
    """What the pods find: ports of this host's loopback, and who they are where they do not say it."""

    kafka_port: int
    vendor_port: int
    assigned_uid: int | None = None


class Installation:
    """One release. `deployments` are `ingress` and `worker`."""

    def __init__(
        self, folder: Path, values: Sequence[Values], secrets: Secrets, config_maps: Secrets, around: Surroundings
    ) -> None:
        self.deployments: dict[str, Deployment] = {}
        self.service = Service(lambda: self.deployments["ingress"].pods, "hooks")
        public = {"config": {"ingress": {"public_url": f"http://localhost:{self.service.port}"}}}
        # No https: the vendor is a simulator on this host. The chart's own check has seen the scenario's URL.
        self.rendering: Rendering = render(*values, public)
        rendered = {item.name: item.body["data"] for item in self.rendering.of("ConfigMap")}
        services = {
            item.name: [port["port"] for port in item.body["spec"]["ports"]] for item in self.rendering.of("Service")
        }
        self.cluster = Cluster({**rendered, **config_maps}, secrets, services)
        self.node = Node(folder, self.cluster, reach=[around.kafka_port], assigned_uid=around.assigned_uid)
        self._around = around
        for component, also in (("ingress", []), ("worker", [around.vendor_port])):
            deployment = self.rendering.one("Deployment", component)
            start = partial(self.node.start, body=_pod(deployment.pod), also=also)
            self.deployments[component] = Deployment(component, strategy_of(deployment.body), start)

    async def __aenter__(self) -> Self:
        await self.service.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.service.stop()
        await self.node.__aexit__()

    @property
    def faults(self) -> list[str]:
        """What went wrong with any pod."""
        return self.node.faults

    async def start(self, component: str) -> Pod:
        """Start the first pod of a Deployment; it need not become ready."""
        return await self.deployments[component].add()

    async def run(self, kind: str, component: str) -> Pod:
        """Start the pod of a Job, or one that is a pod by itself; it finds the Service by its name."""
        body = _pod(self.rendering.one(kind, component).pod)
        service = next(item for item in self.rendering.of("Service") if item.component == "ingress" and _public(item))
        name = f"{service.name}.{service.body['metadata']['namespace']}.svc"
        port = service.body["spec"]["ports"][0]["port"]
        number = sum(pod.name.startswith(component) for pod in self.node.pods) + 1
        return await self.node.start(f"{component}-{number}", body, services={name: (port, self.service.dial)})

    def rotate(self, secrets: Secrets) -> None:
        """Put other data into Secrets; the pods that run see it."""
        self.cluster = replace(self.cluster, secrets={**self.cluster.secrets, **secrets})
        self.node.change(self.cluster)

    def hook_url(self, connection: str, secret: str) -> str:
        """Give an URL of the Service that takes webhooks signed with a secret."""
        key = hook_key(secret.encode(), connection, HookName("CallStarted", 0))
        return f"http://{LOOPBACK}:{self.service.port}/hooks/{connection}/{key}"

    async def connect(self, pod: Pod) -> None:
        """Let a pod that was cut off reach Kafka again, and the vendor if it is a worker."""
        vendor = [self._around.vendor_port] if pod in self.deployments["worker"].pods else []
        for port in (self._around.kafka_port, *vendor):
            await pod.offer(LOOPBACK, port, partial(asyncio.open_connection, LOOPBACK, port))


def local(prefix: str, bootstrap: str, vendor: str, connections: Mapping[str, Mapping[str, object]]) -> dict[str, Any]:
    """Give what differs from a scenario here: one broker, a simulator as vendor, and connections of the check's own."""
    return {
        "kafka": {"bootstrapServers": bootstrap},
        "topics": {"prefix": prefix, "replicationFactor": 1, "shards": SHARDS},
        "connections": {name: {"baseUrl": f"{vendor}/api/v2", **settings} for name, settings in connections.items()},
    }


SHARDS: Final = 4
# Enough for three workers, and few enough for a broker of one node.


def _pod(body: Body | None) -> Body:
    assert body is not None
    return body


def _public(item: KubernetesObject) -> bool:
    return bool(item.body["spec"].get("clusterIP") != "None")
