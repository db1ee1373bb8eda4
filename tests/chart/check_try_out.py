"""The way from an empty cluster to the first event, as docs/kubernetes.md tells it, with exactly its files.

Kafka of deploy/kubernetes/try-kafka.yaml, and what the chart renders of deploy/values/try.yaml, as pods of
tests/chart/pods.py: nothing is set otherwise for the check. What the page does by `kubectl exec` is done in the
worker's container. The tests are one story and go on from each other in their order.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import pytest
import pytest_asyncio
import yaml

from bridge.kafka.local.jvm import jars_to_run
from tests.chart.documented import commands_of, fenced, secrets_made
from tests.chart.pod_images import kafka_image
from tests.chart.pod_network import POD_ADDRESS, Dial
from tests.chart.pod_plan import Body, Cluster
from tests.chart.pod_process import Container
from tests.chart.pod_service import Service
from tests.chart.pods import Node, Pod
from tests.chart.rendering import ROOT, KubernetesObject, Rendering, render

PAGE: Final = ROOT / "docs" / "kubernetes.md"
VALUES: Final = ROOT / "deploy" / "values" / "try.yaml"
KAFKA: Final = ROOT / "deploy" / "kubernetes" / "try-kafka.yaml"
PBX: Final = "try-pbx"
HOOKS: Final = "bridge-ingress"
SOON_S: Final = 60.0
# Kafka's two JVMs and a group, with other checks on the same two cores.
FIRST_EVENT_WITHIN_S: Final = 90.0
# 15 s on two idle cores. Of the ten minutes that the page promises; the rest is for building and pulling images.
LOOK_EVERY_S: Final = 0.1


@dataclass
class TryOut:
    """The pods by name. `began` is when the first of them was started, by the monotonic clock."""

    rendering: Rendering
    node: Node
    pods: dict[str, Pod]
    began: float
    for_test: Mapping[str, tuple[int, Dial]]
    """What the pod of `helm test` finds by name."""

    @property
    def worker(self) -> Container:
        """Where the page's commands are executed."""
        return self.pods["worker"].container


def body(item: KubernetesObject) -> Body:
    assert item.pod is not None
    return item.pod


def named(rendering: Rendering, service: str) -> Body:
    return next(item.body for item in rendering.of("Service") if item.name == service)


def selects(service: Body, pod: Body) -> bool:
    """Tell whether a Service leads to such pods."""
    wanted: dict[str, str] = service["spec"]["selector"]
    labels: dict[str, str] = pod["metadata"]["labels"]
    return wanted.items() <= labels.items()


def executed_by_the_page() -> list[list[str]]:
    """Give what the page's first block executes in the worker."""
    block = fenced(PAGE.read_text(), "sh")[0]
    place = ["exec", "deployment/bridge-worker", "--"]
    return [command[4:] for command in commands_of(block, "kubectl") if command[1:4] == place]


async def says(container: Container, words: str) -> None:
    """Wait until some words stand in the log of a container that goes on."""
    ends = time.monotonic() + SOON_S
    while words not in container.said():
        assert container.exit_code is None, container.said()
        assert time.monotonic() < ends, f"no {words!r} within {SOON_S:.0f} s: {container.said()}"
        await asyncio.sleep(LOOK_EVERY_S)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tried(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TryOut]:
    """Apply Kafka, and once it is available install the rest, as whoever copies the page's commands does."""
    kafka_service, kafka = yaml.safe_load_all(KAFKA.read_text())
    rendering = render(VALUES)
    of_kafka = kafka["spec"]["template"]
    assert selects(kafka_service, of_kafka)
    # A Service leads back to its own pod, too.
    of_kafka["spec"]["hostAliases"] = [{"ip": POD_ADDRESS, "hostnames": [kafka_service["metadata"]["name"]]}]
    [image] = [container["image"] for container in of_kafka["spec"]["containers"]]
    images = {image: kafka_image(await jars_to_run(os.environ, print))}
    config_maps = {item.name: item.body["data"] for item in rendering.of("ConfigMap")}
    services = {item.name: [port["port"] for port in item.body["spec"]["ports"]] for item in rendering.of("Service")}
    cluster = Cluster(config_maps, secrets_made(PAGE.read_text()), services)
    async with AsyncExitStack() as stack:
        folder = tmp_path_factory.mktemp("pods")
        node = await stack.enter_async_context(Node(folder, cluster, reach=[], images=images))
        pods: dict[str, Pod] = {}

        async def service(of: Body, pod: str) -> tuple[str, tuple[int, Dial]]:
            [port] = of["spec"]["ports"]
            if of["spec"].get("publishNotReadyAddresses"):
                return of["metadata"]["name"], (port["port"], lambda: pods[pod].dial(port["targetPort"]))
            found = Service(lambda: [pods[pod]] if pod in pods else [], port["targetPort"])
            await found.start()
            stack.push_async_callback(found.stop)
            return of["metadata"]["name"], (port["port"], found.dial)

        brokers = await service(kafka_service, "kafka")
        pbx = await service(named(rendering, PBX), "ingress")
        name, hooks = await service(named(rendering, HOOKS), "ingress")
        began = time.monotonic()
        pods["kafka"] = await node.start("kafka", of_kafka)
        await pods["kafka"].becomes_ready(SOON_S)
        for pod, template, known in (
            ("ingress", body(rendering.one("Deployment", "ingress")), [brokers]),
            ("worker", body(rendering.one("Deployment", "worker")), [brokers, pbx]),
            ("topics", body(rendering.one("Job", "topics")), [brokers]),
        ):
            pods[pod] = await node.start(pod, template, services=dict(known))
        in_cluster = f"{name}.{rendering.one('Deployment', 'ingress').body['metadata']['namespace']}.svc"
        yield TryOut(rendering, node, pods, began, dict([brokers, (in_cluster, hooks)]))


def test_the_name_of_the_pbx_leads_beside_the_ingress(tried: TryOut) -> None:
    """Its Service finds the ingress pod alone, before that is ready, and its port is the simulator's own."""
    service = named(tried.rendering, PBX)
    found = [item for item in tried.rendering.workloads if selects(service, body(item))]
    assert [item.component for item in found] == ["ingress"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"]
    [port] = service["spec"]["ports"]
    assert tried.pods["ingress"].beside["pbx"].plan.ports == {port["targetPort"]: port["port"]}


@pytest.mark.asyncio
async def test_the_first_event_comes_by_itself(tried: TryOut) -> None:
    """The Job makes the topics, both roles become ready, and the PBX's calls are events, soon after `apply`."""
    job = tried.pods["topics"]
    assert await job.ends(SOON_S) == 0, job.last_words()
    await asyncio.gather(*(tried.pods[name].becomes_ready(SOON_S) for name in ("ingress", "worker")))
    tail, _ = executed_by_the_page()
    async with tried.worker.executing(*tail) as watching:
        await says(watching, "call.started")
    assert time.monotonic() - tried.began < FIRST_EVENT_WITHIN_S


@pytest.mark.asyncio
async def test_a_call_of_ones_own_ends_ok(tried: TryOut) -> None:
    """The page's own dial."""
    _, dial = executed_by_the_page()
    async with tried.worker.executing(*dial) as dialled:
        async with asyncio.timeout(SOON_S):
            assert await dialled.ends() == 0, dialled.said()
        assert dialled.said().startswith("ok: ")


@pytest.mark.asyncio
async def test_helm_test_succeeds(tried: TryOut) -> None:
    """As the page has it, before anything is looked at."""
    pod = await tried.node.start("test", body(tried.rendering.one("Pod", "test")), services=tried.for_test)
    assert await pod.ends(SOON_S) == 0, pod.container.said()


def test_no_pod_has_failed(tried: TryOut) -> None:
    """No probe, and no container that ended by itself."""
    assert tried.node.faults == []
