"""The API key goes to the vendor and nowhere else: not into a log, a repr, or the text of an error."""

import asyncio
import logging
import traceback

import pytest

from bridge.pbx.client import Account, Timeouts, VendorClient
from bridge.pbx.requests import Collection, Dial, GetItem
from bridge.pbx.responses import Done, Refused
from tests.pbx.rough_vendor import Conversation, answering, envelope, http, rough_vendor

KEY = "k3y-th4t-n0b0dy-m4y-s33"
NUMBER = "37060099999"
REQUESTS = (Dial(224, NUMBER), GetItem(Collection.GROUPS, 12))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad\x00Name: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        http(401, envelope(None, 401)),
        http(500),
    ],
    ids=lambda answer: repr(answer)[:30],
)
async def test_nothing_that_goes_wrong_shows_the_key(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], answer: bytes | None
) -> None:
    """The library's errors quote the request's headers; here they become values without them."""
    caplog.set_level(logging.DEBUG)

    async def behave(talk: Conversation) -> None:
        await talk.hear()
        if answer is None:
            await talk.outlast()
        else:
            await talk.say(answer)

    shown = []
    async with rough_vendor(behave) as vendor, VendorClient() as client:
        account = vendor.account(KEY.encode())
        shown.append(repr(account))
        for request in REQUESTS:
            exchange = await client.call(account, request, Timeouts(2.0, 0.2))
            assert exchange.outcome != Done()
            shown += [repr(exchange), str(exchange.outcome)]
        assert vendor.heard[-1].headers["authorization"] == f"Bearer {KEY}"
    out, err = capfd.readouterr()
    for text in (*shown, caplog.text, out, err):
        assert KEY not in text
        assert NUMBER not in text


@pytest.mark.asyncio
async def test_a_cancelled_call_does_not_show_the_key() -> None:
    """The traceback that somebody logs has no line of it."""

    async def behave(talk: Conversation) -> None:
        await talk.outlast()

    async with rough_vendor(behave) as vendor, VendorClient() as client:
        left = asyncio.Event()
        call = asyncio.create_task(
            client.call(vendor.account(KEY.encode()), REQUESTS[0], on_departure=lambda _: left.set())
        )
        await left.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await call
    assert KEY not in "".join(traceback.format_exception(cancelled.value))


@pytest.mark.asyncio
async def test_a_key_that_is_no_header_does_not_show_either() -> None:
    """The settings let none through; if one comes all the same, the error does not quote it."""
    for key in (f"{KEY}\r\nHost: elsewhere", f"{KEY}\x00"):
        async with rough_vendor(answering(http(200))) as vendor, VendorClient() as client:
            with pytest.raises(ValueError, match="header") as refused:
                await client.call(vendor.account(key.encode()), REQUESTS[0])
        assert KEY not in "".join(traceback.format_exception(refused.value))
        assert vendor.heard == []


@pytest.mark.asyncio
async def test_a_key_that_is_no_ascii_raises_nothing_that_would_hold_it() -> None:
    """An error of decoding keeps the bytes that it could not decode."""
    async with rough_vendor(answering(http(401))) as vendor, VendorClient() as client:
        exchange = await client.call(vendor.account(KEY.encode() + b"\xff"), REQUESTS[0])
    assert exchange.outcome == Refused(401, "unauthorized", None)


def test_an_account_shows_its_address_alone() -> None:
    """Whoever logs it names the vendor."""
    shown = repr(Account("https://pbx.example.com/api/v2", KEY.encode))
    assert shown == "Account(base_url='https://pbx.example.com/api/v2')"
