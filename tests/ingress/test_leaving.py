"""A stopping ingress lets go of the connections that others keep to it, before it refuses anybody."""

import asyncio
from datetime import timedelta

import pytest

from bridge.kafka.local import LocalKafka
from tests.ingress.conftest import hook_path, running, settings_for
from tests.ingress.raw_http import connection, head, once

pytestmark = pytest.mark.asyncio

STARTED = b'{"eventType":"CallStarted","data":{"callID":150818921852,"contactID":224,"caller":"22222222"}}'
UNREADY_FOR = timedelta(milliseconds=500)
# Two seconds in the service.
BEGUN_AFTER_S = 0.1


async def test_a_kept_connection_is_closed_behind_its_next_answer(kafka: LocalKafka) -> None:
    """From SIGTERM on a webhook is still answered 202, and told `Connection: close`."""
    async with running(settings_for(kafka.bootstrap)) as ingress:
        await ingress.ready()
        async with connection(ingress.port) as kept:
            before = await kept.request("POST", hook_path(), STARTED)
            assert (before.status, before.headers.get("connection")) == (202, None)
            stopping = asyncio.create_task(ingress.service.stop(unready_for=UNREADY_FOR))
            await asyncio.sleep(BEGUN_AFTER_S)
            last = await kept.request("POST", hook_path(), STARTED)
            assert (last.status, last.headers.get("connection")) == (202, "close")
            assert await kept.closed()
            assert not stopping.done()
            await stopping


async def test_an_idle_connection_is_closed_and_not_refused(kafka: LocalKafka) -> None:
    """When webhooks begin to be refused nobody keeps a connection on which he would be."""
    async with running(settings_for(kafka.bootstrap)) as ingress:
        await ingress.ready()
        async with connection(ingress.port) as idle:
            assert (await idle.request("POST", hook_path(), STARTED)).status == 202
            stopping = asyncio.create_task(ingress.service.stop(unready_for=UNREADY_FOR))
            assert await idle.closed()
            # The port is still open, so that whoever comes now is told to go elsewhere.
            refused = await once(ingress.port, "POST", hook_path(), STARTED)
            assert (refused.status, refused.headers["connection"]) == (503, "close")
            await stopping


async def test_who_comes_during_the_leave_is_answered(kafka: LocalKafka) -> None:
    """A connection opened after SIGTERM is no idle one that somebody keeps: its request is on its way."""
    async with running(settings_for(kafka.bootstrap)) as ingress:
        await ingress.ready()
        async with connection(ingress.port) as idle:
            assert (await idle.request("POST", hook_path(), STARTED)).status == 202
            stopping = asyncio.create_task(ingress.service.stop(unready_for=UNREADY_FOR))
            await asyncio.sleep(BEGUN_AFTER_S)
            async with connection(ingress.port) as fresh:
                assert await idle.closed()
                refused = await fresh.request("POST", hook_path(), STARTED)
                assert (refused.status, refused.headers["connection"]) == (503, "close")
            await stopping


async def test_a_body_that_is_on_its_way_is_waited_for(kafka: LocalKafka) -> None:
    """A webhook whose head has come before the stop is taken, though its body ends after the port is closed."""
    async with running(settings_for(kafka.bootstrap, INGRESS__BODY_TIMEOUT="10s")) as ingress:
        await ingress.ready()
        async with connection(ingress.port) as slow:
            await slow.send(head("POST", hook_path(), STARTED) + STARTED[:10])
            while not ingress.service.ingress or not ingress.service.ingress.in_flight:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
            stopping = asyncio.create_task(ingress.service.stop(unready_for=timedelta(0)))
            while await listens(ingress.port):  # noqa: ASYNC110 - nor this
                await asyncio.sleep(0.05)
            await slow.send(STARTED[10:])
            assert (await slow.answer()).status == 202
            await stopping


async def listens(port: int) -> bool:
    try:
        async with connection(port):
            return True
    except ConnectionRefusedError:
        return False
