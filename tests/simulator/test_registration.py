"""Keys and webhook registrations over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
import pytest_asyncio

from bridge.simulator import AccountOptions, SimulatorOptions
from bridge.simulator.facts import EVENTS
from tests.simulator.asking import Asker, Simulate
from tests.simulator.contract import ANSWERS

Say = Callable[..., Awaitable[tuple[int, Any]]]

HOOK = {"endpoint": "https://hooks.example.com/hooks/acme/key"}


KEYS = {"one": AccountOptions(), "two": AccountOptions(), "poor": AccountOptions(operations=frozenset({"CallStarted"}))}


@pytest_asyncio.fixture
async def say(simulate: Simulate, ask: Asker) -> Say:
    simulator = await simulate(SimulatorOptions(keys=KEYS))

    async def say(
        method: str, path: str, *, authorization: str | None = "Bearer one", **arguments: Any
    ) -> tuple[int, Any]:
        said = await ask.api(simulator, method, path, authorization=authorization, **arguments)
        assert said.answer["statusCode"] == said.status
        return said.status, said.answer

    return say


@pytest.mark.asyncio
@pytest.mark.parametrize("event", EVENTS)
async def test_each_event_is_registered_and_deleted_by_its_id(say: Say, event: str) -> None:
    """The answer's data is the id as a string, above 32 bits; deleting takes it as an integer, once."""
    status, answer = await say("POST", f"webhooks/{event}", json=HOOK)
    assert status == 200
    ANSWERS[event].validate(answer)
    assert int(answer["data"]) > 2**31
    status, deleted = await say("DELETE", f"webhooks/{answer['data']}")
    assert status == 200
    ANSWERS["DeleteWebhookByID"].validate(deleted)
    assert (await say("DELETE", f"webhooks/{answer['data']}"))[0] == 404


@pytest.mark.asyncio
@pytest.mark.parametrize("authorization", [None, "one", "Bearer", "Bearer ", "Bearer three", "Basic one"])
async def test_a_key_that_is_not_a_bearer_key_of_ours_is_refused(say: Say, authorization: str | None) -> None:
    """Without the word Bearer, or with another key, every request is a 401."""
    assert (await say("POST", "webhooks/CallStarted", json=HOOK, authorization=authorization))[0] == 401


@pytest.mark.asyncio
async def test_the_21st_webhook_of_an_account_is_refused(say: Say) -> None:
    """Twenty are taken, whatever their events; the next is a 403 until one is deleted, and other accounts go on."""
    first = (await say("POST", "webhooks/CallStarted", json=HOOK))[1]["data"]
    for index in range(19):
        assert (await say("POST", f"webhooks/{EVENTS[index % 10]}", json=HOOK))[0] == 200
    status, answer = await say("POST", "webhooks/CallStarted", json=HOOK)
    assert (status, answer["message"]) == (403, "Webhook limit reached")
    assert (await say("POST", "webhooks/CallStarted", json=HOOK, authorization="Bearer two"))[0] == 200
    assert (await say("DELETE", f"webhooks/{first}"))[0] == 200
    assert (await say("POST", "webhooks/CallStarted", json=HOOK))[0] == 200


@pytest.mark.asyncio
async def test_a_forgotten_webhook_counts_against_the_cap(simulate: Simulate, ask: Asker) -> None:
    """The vendor goes on counting what it never sends to any more, until it is deleted."""
    simulator = await simulate(SimulatorOptions())
    hooks = [(await ask.api(simulator, "POST", "webhooks/CallStarted", json=HOOK)).data for _ in range(20)]
    for hook in hooks:
        assert (await ask.control(simulator, "POST", f"/hooks/{hook}/forget")).status == 200
    assert (await ask.api(simulator, "POST", "webhooks/CallStarted", json=HOOK)).status == 403
    assert (await ask.api(simulator, "DELETE", f"webhooks/{hooks[0]}")).status == 200
    assert (await ask.api(simulator, "POST", "webhooks/CallStarted", json=HOOK)).status == 200
    assert (await ask.api(simulator, "POST", "webhooks/CallStarted", json=HOOK)).status == 403


@pytest.mark.asyncio
async def test_a_webhook_belongs_to_its_account(say: Say) -> None:
    """Another key cannot delete it."""
    hook = (await say("POST", "webhooks/CallStarted", json=HOOK))[1]["data"]
    assert (await say("DELETE", f"webhooks/{hook}", authorization="Bearer two"))[0] == 404


@pytest.mark.asyncio
async def test_a_limited_key_may_use_its_methods_alone(say: Say) -> None:
    """A method that the key was not given is a 403."""
    assert (await say("POST", "webhooks/CallStarted", json=HOOK, authorization="Bearer poor"))[0] == 200
    assert (await say("POST", "webhooks/CallRecorded", json=HOOK, authorization="Bearer poor"))[0] == 403


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"endpoint": 5}',
        *(
            orjson.dumps({"endpoint": endpoint})
            for endpoint in (
                "x",
                "ftp://a",
                "http://",
                "http://[",
                "http:///x",
                "http://127.0.0.1:99999/x",
                "http://127.0.0.1:0/x",
                "http://a:b/",
                "http://a/b c",
                "http://a/\0",
                "http://a/" + "x" * 2048,
            )
        ),
    ],
)
async def test_a_registration_without_a_url_is_refused(say: Say, body: bytes) -> None:
    """What is not an object with an HTTP endpoint is a 422."""
    assert (await say("POST", "webhooks/CallStarted", data=body))[0] == 422


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
async def test_what_is_not_there_is_answered_in_the_envelope(say: Say, method: str, path: str, status: int) -> None:
    """Unknown events and paths are 404, an id that is no number is 422."""
    assert (await say(method, path))[0] == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"operations": frozenset({"Dail"})},
        {"limit": 0},
        {"limit": 10**19},
        {"window": 0},
        {"window": float("nan")},
        {"max_hooks": -1},
        {"calls_per_second": 0},
    ],
)
def test_an_account_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """A slip in an operation's name would otherwise look like a key without rights."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AccountOptions(**wrong)
