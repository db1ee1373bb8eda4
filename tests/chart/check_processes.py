"""What the chart starts, starts: the scenario with everything on, as processes, on a broker with SASL_SSL and SCRAM.

Ingress, worker, the topics Job, `helm test` and the uninstall Job run their rendered commands with exactly the rendered
environment, files, user and probes; tests/chart/pods.py says how. The vendor is the simulator. The tests are one story
and go on from each other in their order.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from bridge.simulator import AccountOptions, Simulator, SimulatorOptions
from tests.chart.pod_installation import Installation, Surroundings, local
from tests.chart.pod_probes import status
from tests.chart.pods import Pod
from tests.chart.rendering import Values
from tests.drills.clients import Results, Sender
from tests.drills.published import Published
from tests.drills.traffic import DIAL, until
from tests.kafka.secured_kafka import SecuredKafka

PARTITIONS, RESULT_PARTITIONS = 6, 3
# Of the scenario.
SECRET, NEXT_SECRET = "the first secret of the hooks", "the second secret of the hooks"
KEY, NEXT_KEY = "the-first-key", "the-second-key"
READINESS_PERIOD_S = 5.0
SOON_S = 30.0
# A rotation is looked for each second, an event takes as long as two busy cores need.
EVERYTHING_ON = {
    "kafka": {"sasl": {"usernameKey": "username"}},
    "topics": {"job": {"kafka": {"sasl": {"username": "super"}}}},
    "ingress": {"trustedProxies": ["127.0.0.0/8"]},
}


@dataclass
class Running:
    """The installation, and the clients that look at it from outside."""

    installation: Installation
    ingress: Pod
    worker: Pod
    simulator: Simulator
    sender: Sender
    results: Results
    published: Published
    prefix: str

    async def post(self, call: int, secret: str, **headers: str) -> tuple[int, dict[str, str]]:
        """Send a webhook to the Service; give the answer's status and text."""
        body = {"eventType": "CallStarted", "data": {"callID": call, "contactID": 1, "caller": "22222222"}}
        url = self.installation.hook_url("acme", secret)
        async with ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
            return answer.status, json.loads(await answer.text())

    async def dial(self, id_: str, key: str = KEY) -> None:
        """Publish a dial, and wait until its result is `ok`."""
        contact = self.simulator.accounts[key].directory.staff[0].contact_id
        data = {"contact_id": contact, "destination": "37060000001"}
        await self.sender.send(f"{self.prefix}.commands.v1", "acme", id_, DIAL, data)
        await until(lambda: id_ in self.answered(), SOON_S, f"{id_} has no result")
        assert self.answered()[id_] == "ok"

    def answered(self) -> dict[str, str]:
        """Give the results so far by the id of the command."""
        return {answer.identity[2]: answer.word for answer in self.results.answers if answer.kind == "result"}


def secrets_of(secured: SecuredKafka) -> dict[str, dict[str, str]]:
    """Give the Secrets that the scenario names."""
    password = secured.passwords["super"]
    return {
        "bridge-acme": {"token": f"{KEY}\n", "hooks": SECRET},
        "kafka-ca": {"ca.crt": secured.authority.cert.read_text()},
        "bridge-kafka": {"username": "super", "password": password},
        "topic-admin": {"password": password},
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(secured_kafka: SecuredKafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Start ingress and worker, before there are topics."""
    account = AccountOptions()
    simulator = Simulator(SimulatorOptions(keys={KEY: account, NEXT_KEY: account}))
    prefix = f"chart-{uuid.uuid4().hex[:8]}"
    address = secured_kafka.at("SASL_TLS")
    async with AsyncExitStack() as stack:
        await simulator.start()
        stack.push_async_callback(simulator.stop)
        acme = {"config": {"allowed_ips": ["192.0.2.0/24", "127.0.0.0/8"]}}
        values: list[Values] = ["production", EVERYTHING_ON, local(prefix, address, simulator.root_url, {"acme": acme})]
        around = Surroundings(_port(address), _port(simulator.root_url))
        installation = await stack.enter_async_context(
            Installation(
                tmp_path_factory.mktemp("pods"),
                values,
                secrets_of(secured_kafka),
                {"proxies": {"NO_PROXY": "*"}},
                around,
            )
        )
        sender = Sender(secured_kafka.bootstrap)
        await sender.start()
        stack.push_async_callback(sender.stop)
        results = Results(secured_kafka.bootstrap, f"{prefix}.results.v1", RESULT_PARTITIONS)
        published = Published(secured_kafka.bootstrap, prefix, PARTITIONS)
        stack.push_async_callback(results.stop)
        stack.push_async_callback(published.stop)
        ingress, worker = await installation.start("ingress"), await installation.start("worker")
        yield Running(installation, ingress, worker, simulator, sender, results, published, prefix)


@pytest.mark.asyncio
async def test_without_topics_the_pods_wait(running: Running) -> None:
    """Without topics both roles are alive and not ready, and do not end."""
    for pod in (running.ingress, running.worker):
        await pod.says("missing", SOON_S)
    await asyncio.sleep(2 * READINESS_PERIOD_S)
    assert [pod.ready for pod in (running.ingress, running.worker)] == [False, False]
    for pod in (running.ingress, running.worker):
        assert await status(pod.container.network, pod.plan.ports["admin"], "/readyz") == 503
        assert pod.exit_code is None
    assert running.installation.faults == []


@pytest.mark.asyncio
async def test_the_job_makes_the_topics_and_both_roles_become_ready(running: Running) -> None:
    """The topics Job ends with 0, and then the readiness probes of ingress and worker succeed."""
    job = await running.installation.run("Job", "topics")
    assert await job.ends() == 0, job.last_words()
    await asyncio.gather(running.ingress.becomes_ready(), running.worker.becomes_ready())
    await running.results.start()
    await running.published.start()
    again = await running.installation.run("Job", "topics")
    assert await again.ends() == 0, again.last_words()
    assert "created" in job.container.said()
    assert "created" not in again.container.said()


def test_the_pods_are_restricted(running: Running) -> None:
    """No pod is root, has a capability, may gain one, or may write anywhere but where it should."""
    for pod in (running.ingress, running.worker):
        assert pod.plan.read_only_root
        known = dict(line.split(":\t", 1) for line in pod.container.status().splitlines())
        assert known["Uid"].split() == ["10001"] * 4
        assert known["Gid"].split() == ["0"] * 4
        assert [int(known[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")] == [0, 0, 0, 0]
        assert known["NoNewPrivs"] == "1"
        assert known["NSpid"].split()[-1] == "1"


@pytest.mark.asyncio
async def test_a_webhook_to_the_service_is_in_kafka(running: Running) -> None:
    """A webhook is answered 202 and read back from Kafka, and one from an address that is not allowed is refused."""
    code, answer = await running.post(1, SECRET, **{"X-Forwarded-For": "192.0.2.7"})
    assert code == 202
    await until(lambda: answer["id"] in {event.id for event in running.published.events}, SOON_S, "it is not there")
    assert (await running.post(2, SECRET, **{"X-Forwarded-For": "198.51.100.1"}))[0] == 403


@pytest.mark.asyncio
async def test_a_command_gets_its_result_and_the_vendor_tells_of_the_call(running: Running) -> None:
    """A dial is answered `ok`, and its call comes back by the webhooks that the worker has registered."""
    hooks = running.simulator.accounts[KEY].hooks
    await until(lambda: len(hooks.registered) == 3, SOON_S, "the webhooks are not registered")
    await running.dial("dial-1")
    # Of generation 1: the hook of the worker, and not the one that the checks sign themselves.
    told = ("call.started", "CallStarted.1")
    await until(
        lambda: told in {(event.event, event.hook) for event in running.published.events},
        SOON_S,
        "the vendor's webhook is not in Kafka",
    )


@pytest.mark.asyncio
async def test_helm_test_succeeds(running: Running) -> None:
    """The pod of `helm test` ends with 0."""
    pod = await running.installation.run("Pod", "test")
    assert await pod.ends() == 0, pod.container.said()
    assert "hook key acme" in pod.container.said()


@pytest.mark.asyncio
async def test_rotated_secrets_count_without_a_restart(running: Running, secured_kafka: SecuredKafka) -> None:
    """A new hook secret, its previous one and a new API key count in running pods, within seconds."""
    pods = running.ingress, running.worker
    pids = [pod.container.pid for pod in pods]
    running.installation.rotate({"bridge-acme": {"token": NEXT_KEY, "hooks": NEXT_SECRET, "hooks-before": SECRET}})

    async def is_answered(secret: str, wanted: int) -> None:
        async with asyncio.timeout(SOON_S):
            while (await running.post(3, secret, **{"X-Forwarded-For": "192.0.2.7"}))[0] != wanted:  # noqa: ASYNC110 - polling a server
                await asyncio.sleep(0.2)

    await is_answered(NEXT_SECRET, 202)
    await is_answered(SECRET, 202)
    running.installation.rotate({"bridge-acme": {"token": NEXT_KEY, "hooks": NEXT_SECRET}})
    await is_answered(SECRET, 404)
    before = running.simulator.requests.keys[KEY].arrivals.total
    await running.dial("dial-2", NEXT_KEY)
    assert running.simulator.requests.keys[KEY].arrivals.total == before
    assert [pod.container.pid for pod in pods] == pids
    assert running.installation.faults == []


@pytest.mark.asyncio
async def test_without_kafka_the_pods_are_not_ready_and_alive(running: Running) -> None:
    """Readiness ends with Kafka and comes back with it; liveness does not notice."""
    for pod in (running.ingress, running.worker):
        await pod.cut_off()
    await asyncio.gather(running.ingress.becomes_unready(), running.worker.becomes_unready())
    assert (await status(running.ingress.container.network, 9090, "/livez")) == 200
    assert (await status(running.worker.container.network, 9090, "/livez")) == 200
    for pod in (running.ingress, running.worker):
        await running.installation.connect(pod)
    await asyncio.gather(running.ingress.becomes_ready(), running.worker.becomes_ready())
    assert running.installation.faults == []


@pytest.mark.asyncio
async def test_the_uninstall_job_removes_the_webhooks(running: Running) -> None:
    """The pre-delete Job ends with 0, and no webhook is left at the vendor."""
    job = await running.installation.run("Job", "uninstall")
    assert await job.ends() == 0, job.container.said()
    assert running.simulator.accounts[NEXT_KEY].hooks.registered == [], job.container.said()


@pytest.mark.asyncio
async def test_the_pods_stop_within_their_grace(running: Running) -> None:
    """After the sleep and SIGTERM both roles end with 0 before anybody kills them."""
    await asyncio.gather(running.ingress.delete(), running.worker.delete())
    assert running.installation.faults == []
    assert [running.ingress.exit_code, running.worker.exit_code] == [0, 0]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
