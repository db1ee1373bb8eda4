"""What deploy/compose.yaml starts, starts: its services as processes with exactly what it gives them, and all at once.

Kafka, the simulator, ingress, worker and Prometheus; tests/chart/compose_project.py says how. Grafana is not run. The
tests are one story and go on from each other in their order; nobody touches anything in it but what the file's own
comment tells.
"""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, Final

import pytest
import pytest_asyncio
import yaml
from aiohttp import ClientSession

from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.kafka.local.jvm import jars_to_run
from tests.chart.compose_plan import ComposeService, compose_services, documented_commands
from tests.chart.compose_project import ComposeProject
from tests.chart.pod_images import BRIDGE, kafka_image, prometheus_image
from tests.chart.pod_network import LOOPBACK, Relay
from tests.chart.pod_probes import status
from tests.chart.rendering import ROOT

COMPOSE: Final = ROOT / "deploy" / "compose.yaml"
RUN: Final = {"kafka", "simulator", "ingress", "worker", "prometheus"}
SOON_S: Final = 60.0
# Kafka's two JVMs, its topics and the groups, with other checks on the same two cores.
LOOK_EVERY_S: Final = 0.2


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def services() -> Mapping[str, ComposeService]:
    """Read the file."""
    images = {
        "mobili-stotele-bridge": BRIDGE,
        "apache/kafka": kafka_image(await jars_to_run(os.environ, print)),
        "prom/prometheus": prometheus_image(),
    }
    return compose_services(yaml.safe_load(COMPOSE.read_text()), COMPOSE.parent, images)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def project(
    services: Mapping[str, ComposeService], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ComposeProject]:
    """Bring everything up, as `docker compose up` does."""
    async with ComposeProject(tmp_path_factory.mktemp("compose"), services) as project:
        await project.up()
        yield project


async def is_ready(project: ComposeProject, name: str) -> None:
    """Wait until the admin port of a service says so. Raises TimeoutError."""
    running, ends = project.services[name], time.monotonic() + SOON_S
    while time.monotonic() < ends and running.container.exit_code is None:
        try:
            if await status(running.container.network, 9090, "/readyz") == 200:
                return
        except (OSError, EOFError):
            pass
        await asyncio.sleep(LOOK_EVERY_S)
    raise TimeoutError(f"{name} is not ready within {SOON_S:.0f} s: {running.last_words()}")


Get = Callable[[str], Any]
"""Gives what a path answers, from JSON."""


@asynccontextmanager
async def http(project: ComposeProject, name: str, port: int) -> AsyncIterator[Get]:
    """Ask a service as its clients do."""
    listener = socket.create_server((LOOPBACK, 0))
    relay = await Relay.start(listener, partial(project.services[name].container.network.dial, port))
    try:
        async with ClientSession(f"http://{LOOPBACK}:{listener.getsockname()[1]}", raise_for_status=True) as session:

            async def get(path: str) -> Any:
                async with session.get(path) as response:
                    return await response.json()

            yield get
    finally:
        await relay.stop()


@pytest.mark.asyncio
async def test_all_of_it_comes_up(project: ComposeProject) -> None:
    """Ingress and worker wait for Kafka, make the topics, and become ready; no service ends."""
    await asyncio.gather(is_ready(project, "ingress"), is_ready(project, "worker"))
    assert {name: one.container.exit_code for name, one in project.services.items()} == dict.fromkeys(RUN)


@pytest.mark.asyncio
async def test_what_is_published_listens(project: ComposeProject, services: Mapping[str, ComposeService]) -> None:
    """Each port that the file publishes is served by its container, and not on the container's loopback alone."""
    for name in RUN:
        assert services[name].published
        for port in services[name].published.values():
            _, writer = await project.services[name].container.network.dial(port)
            writer.close()


@pytest.mark.asyncio
async def test_the_pbx_is_told_a_name_that_leads_to_the_ingress(project: ComposeProject) -> None:
    """The worker has registered all webhooks at the name that the ingress has for the PBX, too."""
    ends = time.monotonic() + SOON_S
    async with http(project, "simulator", 8088) as get:
        while len(registered := await get("/_control/registrations")) < len(WEBHOOK_EVENTS):
            assert time.monotonic() < ends, project.services["worker"].last_words()
            await asyncio.sleep(LOOK_EVERY_S)
    assert all(row["endpoint"].startswith("http://bridge.localhost:8080/hooks/acme/") for row in registered)


@pytest.mark.asyncio
async def test_the_commands_of_the_comment_work(project: ComposeProject) -> None:
    """The events of calls come by themselves, and a dial ends `ok`, by the command lines that the file tells."""
    commands = documented_commands(COMPOSE.read_text())
    assert [command[:4] for command in commands] == [
        ["up", "--build"],
        ["run", "--rm", "cli", "tail"],
        ["run", "--rm", "cli", "send"],
    ]
    watching, dialled = [await project.run(*command[2:]) for command in commands[1:]]
    assert await dialled.ends(SOON_S) == 0, dialled.container.said()
    assert dialled.container.said().startswith("ok: ")
    for words in ("call.started", "call.completed", "command.result"):
        await watching.says(words, SOON_S)


@pytest.mark.asyncio
async def test_clients_of_this_machine_reach_kafka(project: ComposeProject) -> None:
    """Outside of the containers Kafka is at localhost:29092 and sends nobody elsewhere; events came by webhook."""
    env = {"BRIDGE_KAFKA__BOOTSTRAP_SERVERS": "localhost:29092"}
    watching = await project.run_on_the_machine("cli", env, "tail", "call.started", "--since", "10m", "--json")
    await watching.says('"origin":"webhook"', SOON_S)


@pytest.mark.asyncio
async def test_prometheus_sees_both_roles_and_no_alert_fires(project: ComposeProject) -> None:
    """Both are scraped by their names, each rule is evaluated on that without an error, and no alert fires."""
    async with http(project, "prometheus", 9090) as get:
        ends = time.monotonic() + SOON_S
        while set(seen := await seen_ready(get)) != {("ingress", "ingress"), ("worker", "worker")}:
            assert time.monotonic() < ends, await get("/api/v1/targets")
            await asyncio.sleep(LOOK_EVERY_S)
        while await first_evaluation(get) < max(seen.values()):
            assert time.monotonic() < ends, await get("/api/v1/rules")
            await asyncio.sleep(LOOK_EVERY_S)
        groups = (await get("/api/v1/rules"))["data"]["groups"]
        alerts = (await get("/api/v1/alerts"))["data"]["alerts"]
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    assert [alert for alert in alerts if alert["state"] == "firing"] == []


@pytest.mark.asyncio
async def test_all_of_it_stops_in_time(project: ComposeProject) -> None:
    """Told to stop all at once, none of ours has to be killed, although Kafka goes with them."""
    stopped = await asyncio.gather(*(one.stop() for one in project.services.values()))
    codes = dict(zip(project.services, stopped, strict=True))
    ours = ("simulator", "ingress", "worker")
    assert {name: codes[name] for name in ours} == dict.fromkeys(ours, 0)


async def seen_ready(get: Get) -> dict[tuple[str, str], float]:
    """Give pod and role of each process that is ready, and when Prometheus has seen it last."""
    found = await get("/api/v1/query?query=timestamp(bridge_ready) and bridge_ready == 1")
    return {(row["metric"]["pod"], row["metric"]["role"]): float(row["value"][1]) for row in found["data"]["result"]}


async def first_evaluation(get: Get) -> float:
    """Give when that group of rules was evaluated whose last evaluation is longest ago."""
    groups = (await get("/api/v1/rules"))["data"]["groups"]
    return min(datetime.fromisoformat(group["lastEvaluation"]).timestamp() for group in groups)
