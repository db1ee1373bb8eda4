"""The ingress while Kafka is away, while a topic is missing, and while it stops itself."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bridge.kafka.local import LocalKafka
from bridge.kafka.local.answers import answers
from tests.ingress.conftest import SECRET, Ingress, hook_path, running, settings_for
from tests.ingress.raw_http import Answer, connection, head, once

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _running_kafka(own_kafka: LocalKafka) -> None:
    """Start Kafka again where the test before has left it dead."""
    if not await answers(own_kafka.bootstrap):
        await own_kafka.restart()


SAMPLES = Path(__file__).parents[1] / "samples" / "webhooks"
STARTED = (SAMPLES / "call-started.json").read_bytes()
REMOVED = (SAMPLES / "lost-caller-removed.json").read_bytes()
ANSWER_WITHIN_S = 2.0
BACK_WITHIN_S = 10.0


async def test_while_kafka_is_away_the_answer_is_503_and_it_heals_by_itself(own_kafka: LocalKafka) -> None:
    """503 with Retry-After within 2 s for events and quarantine, not ready; 202 within 10 s after the return."""
    async with running(settings_for(own_kafka.bootstrap)) as ingress:
        await ingress.ready()
        await own_kafka.kill()
        for body in (STARTED, b"not json"):
            began = time.monotonic()
            answer = await once(ingress.port, "POST", hook_path(), body)
            assert time.monotonic() - began < ANSWER_WITHIN_S
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert (await _probe(ingress, "/readyz")).status == 503
        assert (await _probe(ingress, "/livez")).status == 200
        assert ingress.count("bridge_kafka_producer_up") == 0
        await own_kafka.restart()
        returned = time.monotonic()
        answer = await _until_202(lambda: once(ingress.port, "POST", hook_path(), STARTED))
        assert time.monotonic() - returned < BACK_WITHIN_S
        assert (await ingress.event("call.started.v1", answer.json["id"])).value is not None
        await ingress.ready()


async def test_a_start_while_kafka_is_away_waits_for_it(own_kafka: LocalKafka) -> None:
    """The process neither ends nor claims anything; when Kafka comes the topics are made and all is well."""
    await own_kafka.kill()
    async with running(settings_for(own_kafka.bootstrap)) as ingress:
        assert (await once(ingress.port, "POST", hook_path(), STARTED)).status == 503
        readiness = await _probe(ingress, "/readyz")
        assert readiness.status == 503
        assert json.loads(readiness.body)["ready"] is False
        await own_kafka.restart()
        await ingress.ready()
        assert (await once(ingress.port, "POST", hook_path(), STARTED)).status == 202


async def test_what_was_answered_202_survives_a_kill(own_kafka: LocalKafka) -> None:
    """Webhooks all the while, Kafka killed -9 in their middle: each id that was promised is there."""
    promised: set[str] = set()
    statuses: set[int] = set()
    async with running(settings_for(own_kafka.bootstrap)) as ingress:
        await ingress.ready()
        sending = asyncio.create_task(_send_calls(ingress, promised, statuses))
        await asyncio.sleep(1)
        await own_kafka.kill()
        await asyncio.sleep(2)
        await own_kafka.restart()
        await _until_202(lambda: once(ingress.port, "POST", hook_path(), STARTED))
        await asyncio.sleep(0.5)
        sending.cancel()
        found: set[str] = set()
        await ingress.find("call.started.v1", lambda record: _gather(dict(record.headers)["ce_id"], found) >= promised)
    assert statuses == {202, 503}
    assert len(promised) > 50


async def test_a_missing_topic_hurts_only_its_own_events(own_kafka: LocalKafka) -> None:
    """503 within 2 s for it, 202 for the others, and 202 again when somebody has made it."""
    settings = settings_for(own_kafka.bootstrap)
    topic = f"{settings.topics.prefix}.lost-caller.removed.v1"
    path = hook_path("LostCallerRemoved")
    async with running(settings) as ingress:
        await ingress.ready()
        assert (await once(ingress.port, "POST", path, REMOVED)).status == 202
        admin = AIOKafkaAdminClient(bootstrap_servers=own_kafka.bootstrap)
        await admin.start()
        try:
            await admin.delete_topics([topic])
            await _until(lambda: once(ingress.port, "POST", path, REMOVED), 503)
            began = time.monotonic()
            answer = await once(ingress.port, "POST", path, REMOVED)
            assert time.monotonic() - began < ANSWER_WITHIN_S
            assert answer.status == 503
            assert (await once(ingress.port, "POST", hook_path(), STARTED)).status == 202
            readiness = await _probe(ingress, "/readyz")
            assert (readiness.status, json.loads(readiness.body)["warnings"]) == (200, {"topics": f"missing: {topic}"})
            await admin.create_topics([NewTopic(topic, 3, 1)])
            await _until_202(lambda: once(ingress.port, "POST", path, REMOVED))
        finally:
            await admin.close()


async def test_a_request_in_flight_is_finished_by_a_stop(own_kafka: LocalKafka) -> None:
    """The body comes after the stop has begun, and is answered 202."""
    async with running(settings_for(own_kafka.bootstrap)) as ingress:
        await ingress.ready()
        async with connection(ingress.port) as opened:
            await opened.send(head("POST", hook_path(), STARTED) + STARTED[:10])
            await _until_in_flight(ingress, 1)
            stopping = asyncio.create_task(ingress.service.stop(unready_for=timedelta(0)))
            await asyncio.sleep(0.2)
            await opened.send(STARTED[10:])
            assert (await opened.answer()).status == 202
            await stopping


async def test_a_changed_secret_file_counts_within_seconds(own_kafka: LocalKafka, tmp_path: Path) -> None:
    """Rotation without a restart: the new key opens, and the old one as long as it is the previous one."""
    current, previous = tmp_path / "secret", tmp_path / "previous"
    new = "the secret that comes after it"
    current.write_text(SECRET + "\n")
    settings = settings_for(
        own_kafka.bootstrap,
        CONNECTIONS__FILED__BASE_URL="http://127.0.0.1/api/v2",
        CONNECTIONS__FILED__WEBHOOK_SECRET_FILE=str(current),
        CONNECTIONS__FILED__WEBHOOK_SECRET_PREVIOUS_FILE=str(previous),
    )
    old_path, new_path = (hook_path(connection="filed", secret=secret) for secret in (SECRET, new))
    async with running(settings) as ingress:
        await ingress.ready()
        assert (await once(ingress.port, "POST", old_path, STARTED)).status == 202
        assert (await once(ingress.port, "POST", new_path, STARTED)).status == 404
        previous.write_text(SECRET)
        current.write_text(new)
        await _until_202(lambda: once(ingress.port, "POST", new_path, STARTED))
        assert (await once(ingress.port, "POST", old_path, STARTED)).status == 202
        previous.unlink()
        await _until(lambda: once(ingress.port, "POST", old_path, STARTED), 404)


async def test_a_stop_while_kafka_is_away_ends_in_time(own_kafka: LocalKafka) -> None:
    """Requests in flight get an answer, new ones a 503 that closes, and all is over within 25 s."""
    async with running(settings_for(own_kafka.bootstrap, INGRESS__BODY_TIMEOUT="3s")) as ingress:
        await ingress.ready()
        await own_kafka.kill()
        async with connection(ingress.port) as slow:
            await slow.send(head("POST", hook_path(), STARTED))
            waiting = asyncio.create_task(once(ingress.port, "POST", hook_path(), STARTED))
            await _until_in_flight(ingress, 2)
            began = time.monotonic()
            stopping = asyncio.create_task(ingress.service.stop(unready_for=timedelta(0)))
            await asyncio.sleep(0.2)
            refused = await once(ingress.port, "POST", hook_path(), STARTED)
            assert (refused.status, refused.headers["connection"]) == (503, "close")
            await slow.send(STARTED)
            assert (await slow.answer()).status == 503
            assert (await waiting).status == 503
            await stopping
            assert time.monotonic() - began < 25
        with pytest.raises(ConnectionRefusedError):
            await once(ingress.port, "GET", "/")


async def _send_calls(ingress: Ingress, promised: set[str], statuses: set[int]) -> None:
    async def one(call_id: int) -> None:
        body = json.loads(STARTED)
        body["data"]["callID"] = call_id
        answer = await once(ingress.port, "POST", hook_path(), json.dumps(body).encode())
        statuses.add(answer.status)
        if answer.status == 202:
            promised.add(answer.json["id"])

    async with asyncio.TaskGroup() as group:
        for call_id in range(100_000):
            group.create_task(one(call_id))
            await asyncio.sleep(0.01)


def _gather(id_: bytes, found: set[str]) -> set[str]:
    found.add(id_.decode())
    return found


async def _probe(ingress: Ingress, path: str) -> Answer:
    return await once(ingress.ports.admin, "GET", path)


async def _until_in_flight(ingress: Ingress, count: int) -> None:
    async with asyncio.timeout(5):
        while ingress.count("bridge_ingress_in_flight") != count:  # noqa: ASYNC110 - a metric has no event to wait for
            await asyncio.sleep(0.01)


async def _until(ask: Callable[[], Awaitable[Answer]], status: int) -> Answer:
    async with asyncio.timeout(15):
        while (answer := await ask()).status != status:  # noqa: ASYNC110 - asking is the only way to know
            await asyncio.sleep(0.05)
    return answer


async def _until_202(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    return await _until(ask, 202)
