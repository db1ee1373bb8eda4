"""Registrations over HTTP, at a vendor that counts: the cap, and a rotation while calls are made."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bridge.calls.quota import Quota
from bridge.calls.vendor import ConnectionVendor
from bridge.ops.metrics import Metrics
from bridge.pbx.client import Account, VendorClient
from bridge.registration.admin_messages import AdminAnswer, AdminKind
from bridge.simulator import AccountOptions, Simulator, SimulatorOptions
from bridge.simulator.hooks import Hook as VendorHook
from bridge.simulator.lists import id_of
from bridge.simulator.operations import OPERATION_IDS
from tests.registration.scene import EVENTS, Scene
from tests.registration.test_admin import ask, request
from tests.simulator.receiver import Receiver

KEY = "a key of the simulator"
QUICK = Quota(calls=1_000)
# Of the owner alone, so that no test waits for the pace of queries; the vendor's own limit stays.
ROTATED = EVENTS[:3]


class Vendor(Simulator):
    """A simulator with one account."""

    @property
    def hooks(self) -> list[VendorHook]:
        return self.accounts[KEY].hooks.registered

    def register_by_hand(self, count: int) -> list[int]:
        hooks = self.accounts[KEY].hooks
        endpoint = "http://127.0.0.1:9"
        return [hooks.register("CallStarted", f"{endpoint}/else", endpoint).hook_id for _ in range(count)]

    def posts(self) -> int:
        return sum(row.method == "POST" for row in self.requests.rows)


@asynccontextmanager
async def installed(events: tuple[str, ...]) -> AsyncIterator[tuple[Scene, Vendor, Receiver]]:
    """Give an owner that registers at a simulator, and who takes the webhooks."""
    async with AsyncExitStack() as stack:
        receiver = Receiver()
        await receiver.start()
        stack.push_async_callback(receiver.stop)
        vendor = Vendor(SimulatorOptions(speed=60, calls_per_second=30, keys={KEY: AccountOptions()}))
        await vendor.start()
        stack.push_async_callback(vendor.stop)
        client = await stack.enter_async_context(VendorClient())
        port = ConnectionVendor(client, {"acme": Account(vendor.base_url, KEY.encode)}, Metrics())
        scene = Scene(time.monotonic, port, events, receiver.url, quota=QUICK)
        await scene.start()
        stack.push_async_callback(scene.stop)
        await until(lambda: scene.gauge("bridge_hooks", state="active") is not None)
        yield scene, vendor, receiver


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what the vendor was asked tells nobody when it changes
            await asyncio.sleep(0.02)


async def apply(scene: Scene) -> AdminAnswer:
    answer = await ask(scene, request(AdminKind.HOOKS_APPLY))
    assert answer is not None
    return answer


@pytest.mark.asyncio
async def test_a_rotation_loses_no_event() -> None:
    """Calls are made all the while; each of them is told by the old URL, by the new one, or by both."""
    async with installed(ROTATED) as (scene, vendor, receiver):
        await until(lambda: len(vendor.hooks) == len(ROTATED))
        vendor.start_playing()
        await asyncio.sleep(0.5)
        scene.secret = b"another webhook secret"
        answer = await apply(scene)
        assert [line.do for line in answer.done] == ["register", "remove"] * len(ROTATED)
        assert {hook.endpoint for hook in vendor.hooks} == {scene.url(f"{event}.2") for event in ROTATED}
        await asyncio.sleep(0.5)
        assert await vendor.stop_playing(finish=True, drain=10)
        completed = {received.data["callID"] for received in receiver.received if received.event == "CallCompleted"}
        generations = {received.path.split(".")[1] for received in receiver.received}
        happened = {id_of(call) for call in vendor.accounts[KEY].ledger.calls.newest_first()}
        assert len(happened) > 10
        assert completed == happened
        assert generations == {"1", "2"}
        assert vendor.posts() == 2 * len(ROTATED)


@pytest.mark.asyncio
async def test_a_full_account_is_told_as_the_vendor_says_it() -> None:
    """Twelve of others leave room for eight: the ninth is refused, and that is the last request."""
    async with installed(()) as (scene, vendor, _):
        others = vendor.register_by_hand(12)
        scene.events = EVENTS
        await scene.restart()
        await until(lambda: scene.gauge("bridge_hooks_stopped") == 1)
        listed = await ask(scene, request(AdminKind.HOOKS_LIST))
        assert listed is not None
        assert listed.hooks is not None
        assert listed.hooks.missing == EVENTS[8:]
        assert '"Webhook limit reached"' in (listed.hooks.trouble or "")
        assert len(vendor.hooks) == 20
        refused = await apply(scene)
        assert refused.status == "failed"
        for hook_id in others:
            vendor.accounts[KEY].hooks.remove(hook_id)
        assert (await apply(scene)).status == "ok"
        assert {hook.event for hook in vendor.hooks} == set(EVENTS)
        assert len(vendor.hooks) == 10
        before = vendor.requests.total
        await scene.restart()
        await asyncio.sleep(0.3)
        assert vendor.requests.total == before


@pytest.mark.asyncio
async def test_a_probe_over_http_finds_what_the_key_lacks() -> None:
    """The vendor answers 403 to a method that the key was not given, and 404 to an item that is not there."""
    async with installed(()) as (scene, vendor, _):
        vendor.accounts[KEY].operations = OPERATION_IDS - {"GetGroups", "GetGroupByID", "Dial"}
        answer = await ask(scene, request(AdminKind.PROBE))
        assert answer is not None
        assert answer.key is not None
        assert answer.key.key == "accepted"
        assert answer.key.lacking == ("GET /trigger/groups", "GET /groups/{id}")
        assert {row.method for row in vendor.requests.rows} == {"GET"}
