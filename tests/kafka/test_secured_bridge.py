"""A whole bridge on a real broker of each kind of security: every client that it has is let in."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from bridge.ops.settings import Role
from tests.kafka.oauth_bridge import whole_bridge
from tests.kafka.secured_kafka import SecuredKafka

KINDS = {
    "SSL": ("TLS", ""),
    "SSL with a client certificate": ("TLS_CLIENT", ""),
    "SASL_SSL, PLAIN": ("SASL_TLS", "PLAIN"),
    "SASL_SSL, SCRAM-SHA-256": ("SASL_TLS", "SCRAM-SHA-256"),
    "SASL_SSL, SCRAM-SHA-512": ("SASL_TLS", "SCRAM-SHA-512"),
    "SASL_PLAINTEXT, SCRAM-SHA-512": ("SASL", "SCRAM-SHA-512"),
}

AT_ONCE = 2
# Each mostly waits, for its group and at its stop; more of them only wait for one broker to make their topics.


@pytest.mark.asyncio
async def test_a_webhook_and_a_command_pass_each_kind_of_secured_kafka(
    secured_kafka: SecuredKafka, tmp_path: Path
) -> None:
    """Both roles, in one process, make their topics and get ready; a 202 is stored, a dial made once and answered."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def passes(kind: str) -> None:
        async with at_once:
            await works(kind)

    async def works(kind: str) -> None:
        listener, mechanism = KINDS[kind]
        section, folder = secured_kafka.section(listener, mechanism=mechanism), tmp_path / kind
        folder.mkdir()
        try:
            async with (
                whole_bridge(section, secured_kafka.bootstrap, folder, [Role.ALL]) as bridge,
                aiohttp.ClientSession() as session,
            ):
                await bridge.ready()
                await bridge.hook(session, 1)
                await bridge.dial("61000001")
                assert list((await bridge.results()).values()) == [1]
                assert list((await bridge.read_back()).values()) == [1]
                assert (bridge.refused, bridge.posts()) == ([], {"61000001": 1})
        except Exception as error:
            error.add_note(kind)
            raise

    async with asyncio.TaskGroup() as kinds:
        for kind in KINDS:
            _ = kinds.create_task(passes(kind))
