"""`bridge check --ingress URL`: what it says of an ingress, by HTTP alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from typer.testing import CliRunner

from bridge.cli.check_ingress import look_at_ingress
from bridge.cli.found import Found
from bridge.cli.main import app
from bridge.ops.settings import Role, Settings, load_settings
from bridge.pbx.hook_keys import HookName, hook_key
from tests.bench.servers import free_port

SECRETS = {"acme": b"the webhook secret of acme", "other": b"the webhook secret of other"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "bridge.yaml"
    connections = {
        name: {"base_url": "https://pbx.example.com", "webhook_secret": secret.decode()}
        for name, secret in SECRETS.items()
    }
    file.write_text(yaml.safe_dump({"kafka": {"bootstrap_servers": "localhost:1"}, "connections": connections}))
    return load_settings(file, {}, Role.INGRESS)


@asynccontextmanager
async def answering(statuses: dict[str, int], others: int) -> AsyncIterator[str]:
    """Give the origin of a server that answers a GET of these paths so, and of any other otherwise."""

    async def answer(request: web.Request) -> web.Response:
        assert request.method == "GET"
        return web.Response(status=statuses.get(request.path, others), headers={"Location": "/elsewhere"})

    site = web.Application()
    site.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(site)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


async def smtp(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example.com\r\n")
    writer.close()
    await writer.wait_closed()


def path_of(connection: str) -> str:
    key = hook_key(SECRETS[connection], connection, HookName("CallStarted", 0))
    return f"/hooks/{connection}/{key}"


@pytest.mark.asyncio
async def test_each_connection_has_its_line(settings: Settings) -> None:
    """405 is a key that was accepted, 404 one that was not."""
    async with answering({path_of("acme"): 405}, others=404) as origin:
        refused = "refused: the ingress has another webhook secret, or does not know the connection yet"
        assert await look_at_ingress(origin, settings) == [
            Found(f"ingress {origin}", ok=True, sentence="answers, and refuses a wrong hook key"),
            Found("hook key acme", ok=True, sentence="accepted"),
            Found("hook key other", ok=False, sentence=refused),
        ]


@pytest.mark.asyncio
async def test_a_key_that_may_not_come_from_here_is_no_fault(settings: Settings) -> None:
    """403 comes after the key was accepted; 503 tells nothing."""
    async with answering({path_of("acme"): 403, path_of("other"): 503}, others=404) as origin:
        _, acme, other = await look_at_ingress(origin, settings)
    assert (acme.ok, acme.sentence) == (True, "accepted, but not from here: connections' allowed_ips")
    assert (other.ok, other.sentence) == (False, "answered 503: look at the ingress's log")


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [200, 302, 503])
async def test_whatever_takes_a_wrong_key_is_no_ingress(settings: Settings, status: int) -> None:
    """A login page, a redirect, a balancer without a backend: one line, and no other question."""
    async with answering({}, others=status) as origin:
        (found,) = await look_at_ingress(origin, settings)
    sentence = f"a wrong hook key is answered {status}, not 404: see that this is the bridge's webhook port"
    assert found == Found(f"ingress {origin}", ok=False, sentence=sentence)


@pytest.mark.asyncio
async def test_nobody_there_is_one_sentence(settings: Settings) -> None:
    """Refused, or another protocol."""
    (found,) = await look_at_ingress(f"http://127.0.0.1:{free_port()}", settings)
    assert not found.ok
    assert found.sentence.startswith("does not answer ([Errno ")
    port = free_port()
    async with await asyncio.start_server(smtp, "127.0.0.1", port):
        (found,) = await look_at_ingress(f"http://127.0.0.1:{port}", settings)
    assert found.sentence.startswith("does not answer (")


@pytest.mark.parametrize(
    "given",
    [
        "127.0.0.1:8080",
        "ftp://h",
        "http://h/hooks",
        "http://h?x=1",
        "http://",
        "http://[::1",
        "http://h:99999",
        "http://xn--\u00fc.test",
        "http://me:the-password@h",
    ],
)
def test_what_is_no_origin_is_wrong_use(given: str) -> None:
    """Exit 2 before anything is asked, and nothing is repeated that may be a password."""
    run = CliRunner().invoke(app, ["check", "--ingress", given])
    assert run.exit_code == 2
    assert run.stderr == (
        "bridge: --ingress is no origin: give scheme, host and port alone, such as http://127.0.0.1:8080\n"
    )
