"""What comes of a request that reached the vendor: each row of the contract's table, over real sockets."""

import asyncio
import gzip
import time

import pytest

from bridge.pbx.client import DIAL_TIMEOUTS, QUERY_TIMEOUTS, Timeouts, VendorClient
from bridge.pbx.requests import Collection, Dial, GetItem, ListItems, Request
from bridge.pbx.responses import (
    Done,
    Item,
    Lost,
    LostReason,
    Outcome,
    Refused,
    Rows,
    Sent,
    Unusable,
    UnusableReason,
)
from tests.pbx.rough_vendor import Conversation, answering, envelope, http, rough_vendor
from tests.pbx.vendor_tls import trusting_side, vendor_side

DIAL = Dial(224, "37060012345")
GET = GetItem(Collection.GROUPS, 12)
LIST = ListItems(Collection.GROUPS)
DONE = http(200, envelope({}))
CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"status\r\n9\r\nCode":200\r\n1\r\n}\r\n0\r\n\r\n'
HTML = b"<!DOCTYPE html><html><body>We are back soon.</body></html>"
HASTY = Timeouts(connect_s=2.0, total_s=0.3)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (DONE, Done()),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" + DONE, Done()),
        (b"HTTP/1.0 200 OK\r\n\r\n" + envelope({}), Done()),
        (CHUNKED, Done()),
        (http(200, gzip.compress(envelope({})), "Content-Encoding: gzip"), Done()),
        (http(400, envelope(None, 400, "Why")), Refused(400, "bad_request", "Why")),
        (http(401, envelope(None, 401, "Who")), Refused(401, "unauthorized", "Who")),
        (http(403, HTML), Refused(403, "forbidden", None)),
        (http(404, envelope(None, 404)), Refused(404, "not_found", "OK")),
        (http(418), Refused(418, "http_418", None)),
        (http(422, envelope(None, 422)), Refused(422, "unprocessable", "OK")),
        (http(429, envelope(None, 429)), Refused(429, "rate_limited", "OK")),
        (http(302, b"", "Location: https://example.invalid/"), Unusable(302, UnusableReason.REDIRECT)),
        (http(500, envelope(None, 500)), Unusable(500, UnusableReason.SERVER_ERROR, "OK")),
        (http(502, HTML), Unusable(502, UnusableReason.SERVER_ERROR)),
        (http(200, HTML), Unusable(200, UnusableReason.NO_ENVELOPE)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Unusable(204, UnusableReason.NO_ENVELOPE)),
        (http(200, envelope({}, 500)), Unusable(200, UnusableReason.CONTRADICTION, "OK")),
        (http(404, envelope({}, 200)), Unusable(404, UnusableReason.CONTRADICTION, "OK")),
        (http(200, envelope({}), "Content-Encoding: br"), Unusable(200, UnusableReason.UNREADABLE)),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_an_answer_to_a_dial_becomes_its_outcome(client: VendorClient, answer: bytes, outcome: Outcome) -> None:
    """Whatever answered, it was sent once, and it is known when it left and when the answer was there."""

    async def behave(talk: Conversation) -> None:
        await talk.hear()
        await talk.say(answer)

    began = time.monotonic()
    async with rough_vendor(behave) as vendor:
        exchange = await client.call(vendor.account(), DIAL)
    assert exchange.outcome == outcome
    assert exchange.sent is Sent.YES
    assert exchange.first_byte_at is not None
    assert exchange.answered_at is not None
    moments = [began, exchange.started_at, exchange.first_byte_at, exchange.answered_at, exchange.ended_at]
    assert moments == sorted(moments)
    assert len(vendor.heard) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [429, 503, 200])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (("Retry-After: 7",), 7.0),
        (("Date: Sun, 06 Nov 1994 08:49:37 GMT", "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT"), 60.0),
        (("Retry-After: 7", "Retry-After: 9"), 9.0),
        (("Retry-After: soon",), None),
        ((), None),
    ],
)
async def test_retry_after_is_read_from_every_answer(
    client: VendorClient, status: int, headers: tuple[str, ...], seconds: float | None
) -> None:
    """A 503 may ask for a pause as well as a 429; only a 429 says that the quota is used up."""
    async with rough_vendor(answering(http(status, envelope({}, status), *headers))) as vendor:
        exchange = await client.call(vendor.account(), DIAL)
    assert exchange.retry_after_s == seconds
    assert exchange.status == status
    assert exchange.throttled == (status == 429)


@pytest.mark.asyncio
@pytest.mark.parametrize("request_", [DIAL, GET], ids=["dial", "get"])
@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (b"", None, LostReason.DISCONNECTED),
        (b"HTTP/1.1 200 O", None, LostReason.DISCONNECTED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", 200, LostReason.DISCONNECTED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + envelope({}), 200, LostReason.DISCONNECTED),
        (b"HTTP/1.1 403 No\r\nContent-Length: 500\r\n\r\n" + envelope({}, 403), 403, LostReason.DISCONNECTED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}   \r\n", 200, LostReason.DISCONNECTED),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", None, LostReason.MALFORMED),
        (b"HTTP/1.1 twohundred OK\r\n\r\n", None, LostReason.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", None, LostReason.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nBad\x00Name: 1\r\n\r\n", None, LostReason.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", None, LostReason.MALFORMED),
    ],
    ids=lambda value: repr(value)[:50],
)
async def test_an_answer_that_is_not_whole_is_lost(
    client: VendorClient, request_: Request, answer: bytes, status: int | None, reason: LostReason
) -> None:
    """Not even a refusal is believed whose body did not come."""

    async def behave(talk: Conversation) -> None:
        await talk.hear()
        await talk.say(answer)

    async with rough_vendor(behave) as vendor:
        exchange = await client.call(vendor.account(), request_)
    assert isinstance(exchange.outcome, Lost)
    assert exchange.outcome.reason is reason
    assert exchange.status == status
    assert exchange.sent is (Sent.MAYBE if status is None else Sent.YES)


@pytest.mark.asyncio
@pytest.mark.parametrize("request_", [DIAL, LIST], ids=["dial", "list"])
@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"], ids=["head", "body"])
async def test_an_answer_that_takes_too_long_is_lost(client: VendorClient, request_: Request, beginning: bytes) -> None:
    """The time holds for the whole answer: one that goes on byte by byte does not outlive it."""

    async def behave(talk: Conversation) -> None:
        await talk.hear()
        await talk.say(beginning)
        while beginning:
            await talk.say(b" ")
            await asyncio.sleep(0.05)
        await talk.outlast()

    async with rough_vendor(behave) as vendor:
        exchange = await client.call(vendor.account(), request_, HASTY)
    assert exchange.outcome == Lost(LostReason.TIMEOUT, "TimeoutError")
    assert exchange.sent is (Sent.YES if beginning else Sent.MAYBE)
    assert 0.3 <= exchange.ended_at - exchange.started_at < 2.0


@pytest.mark.asyncio
@pytest.mark.parametrize("framing", ["length", "chunks", "gzip"])
@pytest.mark.parametrize("request_", [GET, LIST], ids=["get", "list"])
async def test_an_answer_is_not_read_beyond_its_limit(client: VendorClient, request_: Request, framing: str) -> None:
    """One item has 1 MiB, a list 8; what comes after is not even received, and its connection is not used again."""
    limit = (8 if request_ is LIST else 1) * 1024 * 1024
    sent = 0

    async def behave(talk: Conversation) -> None:
        nonlocal sent
        await talk.hear()
        if framing == "gzip":
            await talk.say(http(200, gzip.compress(bytes(limit + 1)), "Content-Encoding: gzip"))
            return
        frame = b"Content-Length: 99999999" if framing == "length" else b"Transfer-Encoding: chunked"
        await talk.say(b"HTTP/1.1 200 OK\r\n", frame, b"\r\n\r\n")
        while True:
            await talk.say(b"10000\r\n" if framing == "chunks" else b"", bytes(0x10000), b"\r\n")
            sent += 0x10000

    async with rough_vendor(behave) as vendor:
        exchange = await client.call(vendor.account(), request_)
        await client.call(vendor.account(), request_)
    assert exchange.outcome == Unusable(200, UnusableReason.TOO_LARGE)
    # What the kernels on both sides hold comes on top.
    assert sent < 2 * (limit + 8 * 1024 * 1024)
    assert vendor.connections == 2 or framing == "gzip"


@pytest.mark.asyncio
async def test_a_list_within_the_limit_is_read_whole(client: VendorClient) -> None:
    """Some megabytes of rows, compressed and in many chunks."""
    rows = [{"groupID": number, "name": "x" * 1000} for number in range(5000)]
    body = envelope(rows)
    async with rough_vendor(answering(http(200, gzip.compress(body), "Content-Encoding: gzip"))) as vendor:
        exchange = await client.call(vendor.account(), LIST)
    assert exchange.outcome == Rows(tuple(rows), body)


@pytest.mark.asyncio
async def test_tls_carries_calls_fresh_and_kept() -> None:
    """The vendor is reached by https alone."""
    behave = answering(http(200, envelope({"groupID": 12})))
    async with rough_vendor(behave, tls=vendor_side()) as vendor, VendorClient(trusting_side()) as client:
        account = vendor.account(scheme="https")
        outcomes = [(await client.call(account, request)).outcome for request in (DIAL, GET, GET, DIAL)]
        assert vendor.connections == 3
    assert [type(outcome) for outcome in outcomes] == [Done, Item, Item, Done]


def test_the_time_limits_are_those_of_the_architecture() -> None:
    """The limiter's bound for a call without an answer rests on them."""
    assert Timeouts(connect_s=2.0, total_s=15.0) == DIAL_TIMEOUTS
    assert Timeouts(connect_s=2.0, total_s=10.0) == QUERY_TIMEOUTS
