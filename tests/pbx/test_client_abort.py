"""After a call has ended without its answer, no byte of it arrives any more: the limiter counts on that.

Each story runs on both event loops, since they write and close in different ways.
"""

import asyncio
import signal
import socket
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable, Coroutine

import pytest
import uvloop
from aiohttp import AddrInfoType

from bridge.pbx.client import Timeouts, VendorClient, sessions
from bridge.pbx.client.sessions import USER_TIMEOUT_MS, _socket
from bridge.pbx.requests import RegisterWebhook
from bridge.pbx.responses import Lost, LostReason, Sent
from tests.pbx.deaf_vendor import DeafVendor, deaf_vendor
from tests.pbx.rough_vendor import Conversation, rough_vendor
from tests.pbx.vendor_tls import trusting_side, vendor_side

LOOPS = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
NewLoop = Callable[[], asyncio.AbstractEventLoop]

LARGE = RegisterWebhook("CallStarted", "https://hooks.example.com/" + "x" * 1_000_000)
"""Larger than what the vendor's kernel takes: the rest would leave when the vendor reads."""

MOSTLY_HELD_BACK = 100_000
"""Some 6 KB get through before the vendor's window is full. A step of the loop too much, and it is half a megabyte."""


@pytest.fixture(params=["kernel", "process"])
def held_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the rest wait in our kernel, whose buffer grows to take it, or in the process, since it may not."""

    def narrow(address: AddrInfoType) -> socket.socket:
        made = _socket(address)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        return made

    if request.param == "process":
        monkeypatch.setattr(sessions, "_socket", narrow)


def run(new_loop: NewLoop, story: Coroutine[object, object, None]) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(story)


@LOOPS
@pytest.mark.usefixtures("held_by")
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_nothing_arrives_after_a_timeout(new_loop: NewLoop, tls: bool) -> None:
    """The connection is aborted: neither the process nor its kernel goes on sending."""

    async def story(vendor: DeafVendor) -> None:
        async with VendorClient(trusting_side()) as client:
            exchange = await client.call(vendor.account, LARGE, Timeouts(2.0, 0.3))
            assert exchange.outcome == Lost(LostReason.TIMEOUT, "TimeoutError")
            assert exchange.sent is Sent.MAYBE
            reached = await asyncio.to_thread(vendor.reached)
        assert reached.reset
        assert reached.bytes_read < MOSTLY_HELD_BACK

    with deaf_vendor(vendor_side() if tls else None) as vendor:
        run(new_loop, story(vendor))


@LOOPS
@pytest.mark.usefixtures("held_by")
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_nothing_arrives_after_a_cancellation(new_loop: NewLoop, tls: bool) -> None:
    """Whoever cancels a call, because a shard was taken away or the process stops, may count on it too."""

    async def story(vendor: DeafVendor) -> None:
        departed = asyncio.Event()
        async with VendorClient(trusting_side()) as client:
            call = asyncio.create_task(
                client.call(vendor.account, LARGE, on_departure=lambda _: departed.set()),
            )
            await departed.wait()
            await asyncio.sleep(0.1)  # until the kernels have taken what they take
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            reached = await asyncio.to_thread(vendor.reached)
        assert reached.reset
        assert reached.bytes_read < MOSTLY_HELD_BACK

    with deaf_vendor(vendor_side() if tls else None) as vendor:
        run(new_loop, story(vendor))


def test_nothing_arrives_after_the_process_was_killed() -> None:
    """A dead process aborts nothing, so its sockets were told beforehand."""
    program = textwrap.dedent("""
        import asyncio, sys
        from bridge.pbx.client import Account, VendorClient
        from tests.pbx.test_client_abort import LARGE

        async def main():
            async with VendorClient() as client:
                loop = asyncio.get_running_loop()
                tell = lambda _: loop.call_later(0.1, print, "departed")
                await client.call(Account(sys.argv[1], lambda: b"key"), LARGE, on_departure=tell)

        asyncio.run(main())
    """)
    with deaf_vendor() as vendor:
        command = [sys.executable, "-u", "-c", program, vendor.account.base_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "departed\n"
            process.send_signal(signal.SIGKILL)
        reached = vendor.reached()
    assert reached.reset
    assert reached.bytes_read < MOSTLY_HELD_BACK


@LOOPS
def test_a_body_that_waits_to_be_written_does_not_leave_after_a_cancellation(new_loop: NewLoop) -> None:
    """The library writes it in a task of its own, which the end of the call must reach."""

    async def story() -> None:
        left: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def behave(talk: Conversation) -> None:
            left.set_result(await talk.outlast())

        async with rough_vendor(behave) as vendor, VendorClient() as client:
            # As many steps of the loop as it takes until connected, and none more: each is tried.
            for steps in range(30):
                left = asyncio.get_running_loop().create_future()
                departures: list[float] = []
                call = asyncio.create_task(client.call(vendor.account(), LARGE, on_departure=departures.append))
                connections = vendor.connections
                for _ in range(steps):
                    await asyncio.sleep(0)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                await asyncio.sleep(0.01)
                if vendor.connections > connections:
                    arrived = await left
                    assert departures or arrived == b""

    run(new_loop, story())


def test_every_socket_drops_what_it_holds_and_gives_up_in_time() -> None:
    """Set where sockets are made, so that no way to end one can forget it."""
    made = _socket((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 1)))
    with made:
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == struct.pack("ii", 1, 0)
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT_MS == 15_000


@pytest.mark.asyncio
async def test_a_platform_without_the_user_timeout_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bridge goes on, with a weaker bound, and says so."""
    monkeypatch.delattr(socket, "TCP_USER_TIMEOUT")
    async with VendorClient():
        pass
    made = _socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1)))
    made.close()
    assert "vendor_user_timeout_missing" in capsys.readouterr().out
