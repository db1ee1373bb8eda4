"""When not one byte of a request leaves, and how that is known."""

import asyncio
import math
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from aiohttp import ClientResponse, ThreadedResolver
from aiohttp.abc import AbstractStreamWriter, ResolveResult
from aiohttp.connector import Connection

from bridge.pbx.client import Account, Timeouts, VendorClient
from bridge.pbx.client.departure import Body, VendorRequest
from bridge.pbx.requests import Collection, Dial, GetItem, Request
from bridge.pbx.responses import Done, Exchange, NotSent, NotSentReason, Sent
from tests.pbx.rough_vendor import Conversation, answering, envelope, http, rough_vendor
from tests.pbx.vendor_tls import vendor_side
from tests.simulator.asking import until

DIAL = Dial(224, "37060012345")
GET = GetItem(Collection.GROUPS, 12)
BOTH = pytest.mark.parametrize("request_", [DIAL, GET], ids=["dial", "get"])
HASTY = Timeouts(connect_s=0.2, total_s=5.0)
FOREVER = Timeouts(connect_s=60.0, total_s=60.0)


def reason_not_sent(exchange: Exchange) -> NotSentReason:
    """Return why it was not sent, and see that the report agrees with itself."""
    assert isinstance(exchange.outcome, NotSent)
    assert exchange.sent is Sent.NO
    assert (exchange.first_byte_at, exchange.answered_at, exchange.status) == (None, None, None)
    return exchange.outcome.reason


def at(port: int, scheme: str = "http") -> Account:
    return Account(f"{scheme}://127.0.0.1:{port}/api/v2", lambda: b"key")


@pytest.mark.asyncio
@BOTH
async def test_nobody_listens(client: VendorClient, request_: Request) -> None:
    """A refused connection."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        exchange = await client.call(at(closed.getsockname()[1]), request_)
    assert reason_not_sent(exchange) is NotSentReason.CONNECT
    assert exchange.outcome == NotSent(NotSentReason.CONNECT, "ECONNREFUSED")


@pytest.mark.asyncio
@BOTH
async def test_the_name_is_unknown(client: VendorClient, request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    """No address, no connection."""

    async def resolve(*_: object, **__: object) -> list[ResolveResult]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    exchange = await client.call(Account("https://pbx.invalid/api/v2", lambda: b"key"), request_)
    assert reason_not_sent(exchange) is NotSentReason.DNS
    assert exchange.outcome == NotSent(NotSentReason.DNS, "gaierror")


@pytest.mark.asyncio
@BOTH
async def test_the_certificate_is_not_trusted(client: VendorClient, request_: Request) -> None:
    """Whoever holds the vendor's address without its certificate gets neither the key nor the number."""
    async with rough_vendor(answering(http(200, envelope({}))), tls=vendor_side()) as vendor:
        exchange = await client.call(at(vendor.port, "https"), request_)
    assert reason_not_sent(exchange) is NotSentReason.TLS
    assert exchange.outcome == NotSent(NotSentReason.TLS, "self-signed certificate")
    assert vendor.heard == []


@pytest.mark.asyncio
@BOTH
async def test_the_vendor_speaks_no_tls(client: VendorClient, request_: Request) -> None:
    """A port that answers in clear is not the vendor's."""

    async def behave(talk: Conversation) -> None:
        await talk.reader.read(1)
        await talk.say(http(400))

    async with rough_vendor(behave) as vendor:
        exchange = await client.call(at(vendor.port, "https"), request_)
    assert reason_not_sent(exchange) is NotSentReason.TLS


@pytest.mark.asyncio
@BOTH
async def test_the_connection_ends_in_the_handshake(client: VendorClient, request_: Request) -> None:
    """A reset before TLS stands has not seen a request."""

    async def behave(talk: Conversation) -> None:
        await talk.reader.read(1)
        talk.reset()

    async with rough_vendor(behave) as vendor:
        exchange = await client.call(at(vendor.port, "https"), request_)
    assert reason_not_sent(exchange) in {NotSentReason.CONNECT, NotSentReason.TLS}


@pytest.mark.asyncio
@BOTH
async def test_the_handshake_hangs(client: VendorClient, request_: Request) -> None:
    """Connected means that TLS stands."""

    async def behave(talk: Conversation) -> None:
        await talk.outlast()

    async with rough_vendor(behave) as vendor:
        exchange = await client.call(at(vendor.port, "https"), request_, HASTY)
    assert reason_not_sent(exchange) is NotSentReason.CONNECT_TIMEOUT
    assert exchange.ended_at - exchange.started_at < 2.0


@pytest.fixture
def full_port() -> Iterator[int]:
    """Give a port whose queue is full, so that the kernel answers nobody."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.asyncio
@BOTH
async def test_nobody_accepts(client: VendorClient, request_: Request, full_port: int) -> None:
    """A host that is away answers no SYN."""
    exchange = await client.call(at(full_port), request_, HASTY)
    assert reason_not_sent(exchange) is NotSentReason.CONNECT_TIMEOUT
    assert 0.2 <= exchange.ended_at - exchange.started_at < 2.0


@pytest.mark.asyncio
@BOTH
async def test_the_moment_for_the_first_byte_passes_while_connecting(
    client: VendorClient, request_: Request, full_port: int
) -> None:
    """The deadline of a command counts before the time to connect is over."""
    exchange = await client.call(at(full_port), request_, FOREVER, first_byte_by=time.monotonic() + 0.1)
    assert reason_not_sent(exchange) is NotSentReason.TOO_LATE
    assert exchange.ended_at - exchange.started_at < 2.0


@pytest.mark.asyncio
@BOTH
@pytest.mark.parametrize("by", [-math.inf, 0.0])
async def test_the_moment_for_the_first_byte_has_passed(client: VendorClient, request_: Request, by: float) -> None:
    """Not even a connection is made for it, nor a kept one used."""
    async with rough_vendor(answering(http(200, envelope({"id": 1})))) as vendor:
        await client.call(vendor.account(), GET)
        exchange = await client.call(vendor.account(), request_, first_byte_by=by)
        await client.call(vendor.account(), GET)
    assert reason_not_sent(exchange) is NotSentReason.TOO_LATE
    assert len(vendor.heard) == 2
    assert vendor.connections == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(("request_", "stalled"), [(DIAL, "before"), (DIAL, "after"), (GET, "before")])
async def test_a_process_that_stalls_when_connected_looks_at_the_clock_again(
    client: VendorClient, request_: Request, stalled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last look is right before the write, which for a body is later than where the library says `send`."""
    stall(monkeypatch, stalled, lambda: time.sleep(0.15))
    left: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def behave(talk: Conversation) -> None:
        left.set_result(await talk.outlast())

    async with rough_vendor(behave) as vendor:
        exchange = await client.call(vendor.account(), request_, first_byte_by=time.monotonic() + 0.1)
        assert await left == b""
    assert reason_not_sent(exchange) is NotSentReason.TOO_LATE


def stall(monkeypatch: pytest.MonkeyPatch, when: str, wait: Callable[[], None]) -> None:
    send = VendorRequest.send

    async def stalling(request: VendorRequest, connection: Connection) -> ClientResponse:
        if when == "before":
            wait()
        response = await send(request, connection)
        if when == "after":
            wait()
        return response

    monkeypatch.setattr(VendorRequest, "send", stalling)


@pytest.mark.asyncio
@BOTH
async def test_the_connection_ends_before_the_write(
    client: VendorClient, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library would write to a closed connection has not left."""

    async def behave(talk: Conversation) -> None:
        talk.reset()

    send = VendorRequest.send

    async def send_late(request: VendorRequest, connection: Connection) -> ClientResponse:
        await until(lambda: connection.closed)
        return await send(request, connection)

    monkeypatch.setattr(VendorRequest, "send", send_late)
    async with rough_vendor(behave) as vendor:
        exchange = await client.call(vendor.account(), request_)
    assert reason_not_sent(exchange) is NotSentReason.CONNECT


@pytest.mark.asyncio
async def test_a_body_does_not_leave_once_the_time_to_connect_is_over(
    client: VendorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call has been given up then, even where the library's task has not yet heard of it."""
    stall(monkeypatch, "after", lambda: time.sleep(0.25))
    left: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    write = Body.write_with_length

    async def write_a_step_later(body: Body, writer: AbstractStreamWriter, length: int | None) -> None:
        await asyncio.sleep(0)
        await write(body, writer, length)

    async def behave(talk: Conversation) -> None:
        left.set_result(await talk.outlast())

    monkeypatch.setattr(Body, "write_with_length", write_a_step_later)
    async with rough_vendor(behave) as vendor:
        exchange = await client.call(vendor.account(), DIAL, HASTY)
        assert await left == b""
    assert exchange.outcome == NotSent(NotSentReason.CONNECT_TIMEOUT, "held back")


@pytest.mark.asyncio
@BOTH
async def test_the_departure_is_told_before_the_first_byte(client: VendorClient, request_: Request) -> None:
    """Once for each request that leaves, and never for one that does not."""
    told: list[float] = []
    async with rough_vendor(answering(http(200, envelope({"id": 1})))) as vendor:
        exchange = await client.call(vendor.account(), request_, on_departure=told.append)
        assert told == [exchange.first_byte_at]
        await client.call(vendor.account(), request_, first_byte_by=0.0, on_departure=told.append)
    assert len(told) == 1


@pytest.mark.asyncio
async def test_what_leaves_in_time_may_be_answered_late(client: VendorClient) -> None:
    """The moment for the first byte bounds nothing else."""

    async def behave(talk: Conversation) -> None:
        await talk.hear()
        await asyncio.sleep(0.3)
        await talk.say(http(200, envelope({})))

    async with rough_vendor(behave) as vendor:
        exchange = await client.call(vendor.account(), DIAL, Timeouts(0.2, 10.0), first_byte_by=time.monotonic() + 0.2)
    assert exchange.outcome == Done()


@pytest.mark.asyncio
async def test_a_fault_of_our_own_is_no_answer(client: VendorClient) -> None:
    """A key that cannot be had is not the vendor's doing, and must be heard of."""

    def no_key() -> bytes:
        raise LookupError("no key")

    with pytest.raises(LookupError, match="no key"):
        await client.call(Account("http://127.0.0.1:9/api/v2", no_key), DIAL)
