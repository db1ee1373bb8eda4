"""Keys and webhook registrations over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from bridge.simulator import AccountOptions, Simulator, SimulatorOptions
from bridge.simulator.facts import EVENTS
from tests.simulator.contract import ANSWERS

Simulate = Callable[[SimulatorOptions], Awaitable[Simulator]]
Ask = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]

HOOK = {"endpoint": "https://hooks.example.com/hooks/acme/key"}


@pytest_asyncio.fixture
async def ask(simulate: Simulate, client: ClientSession) -> Ask:
    keys = {
        "one": AccountOptions(),
        "two": AccountOptions(),
        "poor": AccountOptions(operations=frozenset({"CallStarted"})),
    }
    simulator = await simulate(SimulatorOptions(keys=keys))

    async def ask(
        method: str, path: str, *, authorization: str | None = "Bearer one", **arguments: Any
    ) -> tuple[int, dict[str, Any]]:
        headers = {} if authorization is None else {"Authorization": authorization}
        async with client.request(method, f"{simulator.base_url}/{path}", headers=headers, **arguments) as response:
            answer = await response.json()
            assert answer["statusCode"] == response.status
            return response.status, answer

    return ask


@pytest.mark.asyncio
@pytest.mark.parametrize("event", EVENTS)
async def test_each_event_is_registered_and_deleted_by_its_id(ask: Ask, event: str) -> None:
    """The answer's data is the id as a string, above 32 bits; deleting takes it as an integer, once."""
    status, answer = await ask("POST", f"webhooks/{event}", json=HOOK)
    assert status == 200
    ANSWERS[event].validate(answer)
    assert int(answer["data"]) > 2**31
    status, deleted = await ask("DELETE", f"webhooks/{answer['data']}")
    assert status == 200
    ANSWERS["DeleteWebhookByID"].validate(deleted)
    assert (await ask("DELETE", f"webhooks/{answer['data']}"))[0] == 404


@pytest.mark.asyncio
@pytest.mark.parametrize("authorization", [None, "one", "Bearer", "Bearer ", "Bearer three", "Basic one"])
async def test_a_key_that_is_not_a_bearer_key_of_ours_is_refused(ask: Ask, authorization: str | None) -> None:
    """Without the word Bearer, or with another key, every request is a 401."""
    assert (await ask("POST", "webhooks/CallStarted", json=HOOK, authorization=authorization))[0] == 401


@pytest.mark.asyncio
async def test_the_21st_webhook_of_an_account_is_refused(ask: Ask) -> None:
    """Twenty are taken, whatever their events; the next is a 403 until one is deleted, and other accounts go on."""
    first = (await ask("POST", "webhooks/CallStarted", json=HOOK))[1]["data"]
    for index in range(19):
        assert (await ask("POST", f"webhooks/{EVENTS[index % 10]}", json=HOOK))[0] == 200
    status, answer = await ask("POST", "webhooks/CallStarted", json=HOOK)
    assert (status, answer["message"]) == (403, "Webhook limit reached")
    assert (await ask("POST", "webhooks/CallStarted", json=HOOK, authorization="Bearer two"))[0] == 200
    assert (await ask("DELETE", f"webhooks/{first}"))[0] == 200
    assert (await ask("POST", "webhooks/CallStarted", json=HOOK))[0] == 200


@pytest.mark.asyncio
async def test_a_webhook_belongs_to_its_account(ask: Ask) -> None:
    """Another key cannot delete it."""
    hook = (await ask("POST", "webhooks/CallStarted", json=HOOK))[1]["data"]
    assert (await ask("DELETE", f"webhooks/{hook}", authorization="Bearer two"))[0] == 404


@pytest.mark.asyncio
async def test_a_limited_key_may_use_its_methods_alone(ask: Ask) -> None:
    """A method that the key was not given is a 403."""
    assert (await ask("POST", "webhooks/CallStarted", json=HOOK, authorization="Bearer poor"))[0] == 200
    assert (await ask("POST", "webhooks/CallRecorded", json=HOOK, authorization="Bearer poor"))[0] == 403


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"endpoint": 5}', b'{"endpoint": "ftp://a"}', b'{"endpoint": "x"}']
)
async def test_a_registration_without_a_url_is_refused(ask: Ask, body: bytes) -> None:
    """What is not an object with an HTTP endpoint is a 422."""
    assert (await ask("POST", "webhooks/CallStarted", data=body))[0] == 422


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "webhooks/CallEnded", 404),
        ("GET", "nothing", 404),
        ("DELETE", "webhooks/x", 422),
        ("DELETE", "webhooks/7", 404),
    ],
)
async def test_what_is_not_there_is_answered_in_the_envelope(ask: Ask, method: str, path: str, status: int) -> None:
    """Unknown events and paths are 404, an id that is no number is 422."""
    assert (await ask(method, path))[0] == status
