"""Exactly what leaves, and how often, counted at the vendor's socket."""

import asyncio

import pytest
from aiohttp import ClientResponse
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from bridge.pbx.client import Account, VendorClient
from bridge.pbx.client.departure import VendorRequest
from bridge.pbx.requests import (
    Collection,
    Dial,
    Filters,
    GetItem,
    ListItems,
    RegisterWebhook,
    RemoveWebhook,
    Request,
)
from bridge.pbx.responses import (
    Done,
    Item,
    Lost,
    LostReason,
    NotSent,
    NotSentReason,
    Registered,
    Sent,
    Unusable,
    UnusableReason,
)
from tests.pbx.rough_vendor import Conversation, answering, envelope, http, rough_vendor
from tests.simulator.asking import until

DIAL = Dial(224, "+37060012345")
GET = GetItem(Collection.GROUPS, 12)
REGISTER = RegisterWebhook("CallStarted", "https://hooks.example.com/hooks/acme/key")
REMOVE = RemoveWebhook(3400000007)
GROUP = http(200, envelope({"groupID": 12}))
DONE = http(200, envelope({}))


@pytest.mark.asyncio
async def test_a_dial_leaves_as_these_bytes(client: VendorClient) -> None:
    """The path of the base URL is kept, the key is a bearer's, and no header leaves that nobody asked for."""
    async with rough_vendor(answering(DONE)) as vendor:
        exchange = await client.call(vendor.account(b"secret-key"), DIAL)
    assert exchange.outcome == Done()
    assert exchange.sent is Sent.YES
    [arrival] = vendor.heard
    assert arrival.line == "POST /api/v2/dial HTTP/1.1"
    assert arrival.body == b'{"destination":"+37060012345","contactID":224}'
    assert arrival.headers == {
        "host": f"127.0.0.1:{vendor.port}",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "authorization": "Bearer secret-key",
        "connection": "close",
        "content-length": str(len(arrival.body)),
        "content-type": "application/json",
        "user-agent": "mobili-stotele-bridge",
    }


@pytest.mark.asyncio
async def test_a_query_leaves_as_these_bytes(client: VendorClient) -> None:
    """What has been escaped is not escaped again, nor put into another form."""
    asked = ListItems(Collection.CALL_HISTORY, 7, filters=Filters(source="+370/6 1"))
    async with rough_vendor(answering(http(200, envelope([])))) as vendor:
        await client.call(vendor.account(), asked)
    [arrival] = vendor.heard
    assert arrival.line == "GET /api/v2/trigger/call_history?initial_call_id=7&source=%2B370%2F6%201 HTTP/1.1"
    assert arrival.body == b""
    assert arrival.headers == {
        "host": f"127.0.0.1:{vendor.port}",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "authorization": "Bearer key",
        "user-agent": "mobili-stotele-bridge",
    }


@pytest.mark.asyncio
async def test_the_key_is_asked_for_at_each_call(client: VendorClient) -> None:
    """A rotated key counts from the next call on."""
    keys = iter([b"old", b"new"])
    async with rough_vendor(answering(GROUP)) as vendor:
        account = Account(vendor.account().base_url, lambda: next(keys))
        await client.call(account, GET)
        await client.call(account, GET)
    assert [arrival.headers["authorization"] for arrival in vendor.heard] == ["Bearer old", "Bearer new"]


@pytest.mark.asyncio
@pytest.mark.parametrize("request_", [DIAL, REGISTER], ids=["dial", "register"])
async def test_what_must_not_be_repeated_gets_a_connection_of_its_own(client: VendorClient, request_: Request) -> None:
    """A kept connection may be closed by the vendor just then, and nobody would know whether the request arrived."""
    async with rough_vendor(answering(http(200, envelope("7")))) as vendor:
        await client.call(vendor.account(), REMOVE)
        for _ in range(2):
            exchange = await client.call(vendor.account(), request_)
            assert exchange.outcome in (Done(), Registered(7))
    assert vendor.connections == 3


@pytest.mark.asyncio
async def test_queries_share_kept_connections(client: VendorClient) -> None:
    """100 handshakes a minute and key are saved."""
    async with rough_vendor(answering(GROUP)) as vendor:
        for key in (b"one", b"two", b"one"):
            await client.call(vendor.account(key), GET)
    assert len(vendor.heard) == 3
    assert vendor.connections == 1


@pytest.mark.asyncio
async def test_calls_at_the_same_time_do_not_wait_for_each_other(client: VendorClient) -> None:
    """How many are in flight is the limiter's business."""
    all_there = asyncio.Barrier(120)

    async def behave(talk: Conversation) -> None:
        await talk.hear()
        await all_there.wait()
        await talk.say(DONE)

    async with rough_vendor(behave) as vendor:
        exchanges = await asyncio.gather(*(client.call(vendor.account(), REMOVE) for _ in range(120)))
    assert {exchange.outcome for exchange in exchanges} == {Done()}


@pytest.mark.asyncio
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("kept", [False, True], ids=["fresh", "kept"])
@pytest.mark.parametrize("request_", [DIAL, GET, REGISTER, REMOVE], ids=["dial", "get", "register", "remove"])
async def test_a_request_arrives_once_when_the_connection_drops(
    client: VendorClient, request_: Request, kept: bool, reset: bool
) -> None:
    """The library would send GET and DELETE again by itself, and the quota would not have counted that."""

    async def behave(talk: Conversation) -> None:
        if kept and vendor.connections == 1:
            await talk.hear()
            await talk.say(GROUP)
        await talk.hear()
        if reset:
            talk.reset()

    async with rough_vendor(behave) as vendor:
        if kept:
            first = await client.call(vendor.account(), GET)
            assert isinstance(first.outcome, Item)
        exchange = await client.call(vendor.account(), request_)
        await asyncio.sleep(0.02)  # a second request would have been sent at once
    assert isinstance(exchange.outcome, Lost)
    assert exchange.outcome.reason is LostReason.DISCONNECTED
    assert exchange.sent is Sent.MAYBE
    assert len(vendor.heard) == 1 + kept


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("request_", [DIAL, GET, REMOVE], ids=["dial", "get", "remove"])
async def test_a_redirect_is_not_followed(client: VendorClient, request_: Request, status: int) -> None:
    """The key goes to the vendor alone, and a dial is not sent twice."""
    async with rough_vendor(answering(http(status, b"", "Location: /elsewhere"))) as vendor:
        exchange = await client.call(vendor.account(), request_)
    assert exchange.outcome == Unusable(status, UnusableReason.REDIRECT)
    assert len(vendor.heard) == 1


@pytest.mark.asyncio
async def test_cookies_are_not_returned(client: VendorClient) -> None:
    """One connection's session must not become another's."""
    async with rough_vendor(answering(http(200, envelope({"id": 1}), "Set-Cookie: session=1; Path=/"))) as vendor:
        by_name = Account(f"http://localhost:{vendor.port}", lambda: b"key")  # an address gets no cookies anyway
        for _ in range(2):
            await client.call(by_name, GET)
    assert len(vendor.heard) == 2
    assert all("cookie" not in arrival.headers for arrival in vendor.heard)


@pytest.mark.asyncio
async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy may send a request again, and would see the key."""
    async with rough_vendor(answering(http(502))) as proxy, rough_vendor(answering(DONE)) as vendor:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with VendorClient() as client:
            exchange = await client.call(vendor.account(), DIAL)
    assert exchange.outcome == Done()
    assert proxy.connections == 0


def kept_connections(client: VendorClient) -> list[ResponseHandler]:
    connector = client._kept.connector
    assert connector is not None
    return [protocol for kept in connector._conns.values() for protocol, _ in kept]


@pytest.mark.asyncio
async def test_bytes_after_an_answer_are_not_the_next_answer(client: VendorClient) -> None:
    """On a kept connection they would be taken for the answer to whatever is asked next, of whichever key."""
    kept = asyncio.Event()

    async def behave(talk: Conversation) -> None:
        await talk.hear()
        await talk.say(http(200, envelope({"groupID": vendor.connections})))
        if vendor.connections == 1:
            await kept.wait()
            await talk.say(http(200, envelope({"groupID": 666})))
        await talk.outlast()

    async with rough_vendor(behave) as vendor:
        await client.call(vendor.account(), GET)
        kept.set()
        await until(lambda: all(protocol.should_close for protocol in kept_connections(client)))
        first, second = [await client.call(vendor.account(), GET) for _ in range(2)]
    assert first.outcome == NotSent(NotSentReason.STALE_CONNECTION, "held back")
    assert second.outcome == Item({"groupID": 2}, envelope({"groupID": 2}))


@pytest.mark.asyncio
async def test_an_answer_before_the_question_is_none(client: VendorClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever speaks first on a fresh connection does not answer the dial, which stays unsent."""
    left: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def behave(talk: Conversation) -> None:
        await talk.say(DONE)
        left.set_result(await talk.outlast())

    send = VendorRequest.send

    async def send_later(request: VendorRequest, connection: Connection) -> ClientResponse:
        protocol = connection.protocol
        assert protocol is not None
        await until(lambda: protocol.should_close)
        return await send(request, connection)

    monkeypatch.setattr(VendorRequest, "send", send_later)
    async with rough_vendor(behave) as vendor:
        exchange = await client.call(vendor.account(), DIAL)
        assert await left == b""
    assert exchange.outcome == NotSent(NotSentReason.STALE_CONNECTION, "held back")


@pytest.mark.asyncio
async def test_a_kept_connection_that_the_vendor_has_closed_is_not_used(client: VendorClient) -> None:
    """Its end was seen before the next call, which takes a fresh one."""

    async def behave(talk: Conversation) -> None:
        await talk.hear()
        await talk.say(GROUP)
        talk.close()

    async with rough_vendor(behave) as vendor:
        await client.call(vendor.account(), GET)
        await until(lambda: not any(protocol.is_connected() for protocol in kept_connections(client)))
        exchange = await client.call(vendor.account(), GET)
    assert isinstance(exchange.outcome, Item)
    assert vendor.connections == 2
