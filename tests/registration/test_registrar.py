"""The registrations of a connection in virtual time: what is stored, what the vendor sees, and what a crash leaves."""

import asyncio

import pytest

from bridge.calls.journal_values import Hook
from bridge.pbx.hook_keys import url_digest
from bridge.pbx.requests import RegisterWebhook, RemoveWebhook, Request
from bridge.pbx.responses import Outcome, Refused
from tests.registration.scene import EVENTS, TWO, Scene, play
from tests.registration.vendor_twin import LIMIT, LOST, UNUSABLE, VendorTwin


def test_all_are_registered_and_a_restart_makes_no_call() -> None:
    """Ten POSTs with our URLs, ten ids in the journal; whoever owns the shard next has nothing to do (W1)."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(30)
        assert vendor.events() == list(EVENTS)
        assert [request.endpoint for request in vendor.alive.values()] == [scene.url(f"{name}.1") for name in EVENTS]
        assert {name: kept.value for name, kept in scene.hooks().items()} == {
            f"{request.event}.1": Hook("active", url_digest(request.endpoint), webhook_id)
            for webhook_id, request in vendor.alive.items()
        }
        assert scene.gauge("bridge_hooks", state="active") == 10
        for _ in range(3):
            await scene.restart()
            await asyncio.sleep(200)
        assert len(vendor.requests) == 10, "W1 is broken: a restart made a call"
        assert not scene.losses

    play(story, EVENTS)


@pytest.mark.parametrize(("register", "public_url"), [(False, "https://hooks.example.com"), (True, None)])
def test_what_is_not_configured_is_left_alone(register: bool, public_url: str | None) -> None:
    """Without `register`, or without a URL that the vendor could call, nothing is asked of it."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(200)
        assert vendor.requests == []
        assert scene.gauge("bridge_hooks", state="missing") == 0

    play(story, EVENTS, register=register, public_url=public_url)


def test_an_intent_is_stored_before_the_post() -> None:
    """Whatever arrives at the vendor was announced in the journal."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        def announced(request: Request) -> None:
            assert isinstance(request, RegisterWebhook)
            kept = scene.hooks()[f"{request.event}.1"].value
            assert kept == Hook("intent", url_digest(request.endpoint))

        vendor.before = announced
        await scene.start()
        await asyncio.sleep(30)
        assert len(vendor.alive) == 2
        assert not scene.losses

    play(story)


def test_a_new_secret_rotates_each_event_new_first() -> None:
    """After the time that others need to see it; no event is without a registration, and none is left over."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(90)
        seen = list[set[str]]()

        def watch(_: Request) -> None:
            seen.append(set(vendor.events()))

        vendor.before = vendor.after = watch
        scene.secret = b"another webhook secret"
        await asyncio.sleep(60)
        assert len(vendor.requests) == 2
        await asyncio.sleep(91)
        assert all(events == set(TWO) for events in seen)
        assert sorted(vendor.events()) == sorted(TWO)
        assert [request.endpoint for request in vendor.alive.values()] == [scene.url(f"{name}.2") for name in TWO]
        kinds = [type(request) for request in vendor.changes[2:]]
        assert kinds == [RegisterWebhook, RemoveWebhook, RegisterWebhook, RemoveWebhook]
        assert set(scene.hooks()) == {f"{name}.2" for name in TWO}

    play(story)


def test_a_full_account_stops_it_until_somebody_asks_or_a_restart() -> None:
    """403: one try, then none by itself; it is told in words, and in a metric."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        others = {number: RegisterWebhook("CallStarted", "https://else") for number in range(LIMIT - 1)}
        vendor.alive.update(others)
        await scene.start()
        await asyncio.sleep(600)
        assert len(vendor.changes) == 2
        assert set(scene.hooks()) == {f"{TWO[0]}.1"}
        assert scene.gauge("bridge_hooks_stopped") == 1
        assert scene.gauge("bridge_hooks", state="missing") == 1
        await scene.restart()
        await asyncio.sleep(600)
        assert len(vendor.changes) == 3
        del vendor.alive[0]
        await scene.restart()
        await asyncio.sleep(30)
        assert len(vendor.alive) == LIMIT
        assert scene.gauge("bridge_hooks_stopped") == 0

    play(story)


def test_a_vendor_in_trouble_leaves_one_unknown_and_not_ten() -> None:
    """Before another registration it has to answer something that does no harm."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        def in_trouble(_: Request) -> Outcome:
            return UNUSABLE

        vendor.before = in_trouble
        await scene.start()
        await asyncio.sleep(1_800)
        assert [hook.value.state for hook in scene.hooks().values()] == ["unknown"]
        assert len(vendor.changes) == 1
        vendor.before = lambda _: None
        await asyncio.sleep(61)
        assert len(vendor.alive) == 9
        assert scene.gauge("bridge_hooks", state="unknown") == 1

    play(story, EVENTS)


def test_a_vendor_that_answers_all_but_registrations_gets_few_of_them() -> None:
    """With growing pauses: seven in two hours, and then the rest."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        vendor.before = lambda asked: LOST if isinstance(asked, RegisterWebhook) else None
        await scene.start()
        await asyncio.sleep(7_200)
        assert 6 <= len(vendor.changes) <= 8
        vendor.before = lambda _: None
        await asyncio.sleep(3_661)
        assert len(vendor.alive) == 10 - scene.hooks_in("unknown")

    play(story, EVENTS)


@pytest.mark.parametrize("refusal", [Refused(401, "unauthorized", None), Refused(429, "rate_limited", None)])
def test_what_heals_by_itself_is_tried_again(refusal: Refused) -> None:
    """A key that is mended, a quota that others used up: not registered, and nothing in doubt."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        vendor.before = lambda _: refusal
        await scene.start()
        await asyncio.sleep(300)
        assert scene.hooks() == {}
        vendor.before = lambda _: None
        await asyncio.sleep(130)
        assert len(vendor.alive) == 2
        assert scene.gauge("bridge_hooks_stopped") == 0

    play(story)


def test_a_removal_that_is_lost_is_asked_again() -> None:
    """The vendor answers 404 then, which is done."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.remember("CallStarted.1", Hook("active", "old", 1))
        vendor.alive[1] = RegisterWebhook("CallStarted", "old")
        vendor.after = lambda request: LOST if isinstance(request, RemoveWebhook) else None
        await scene.start()
        await asyncio.sleep(70)
        assert "CallStarted.1" in scene.hooks()
        vendor.after = lambda _: None
        await asyncio.sleep(70)
        assert set(scene.hooks()) == {f"{name}.{2 - place}" for place, name in enumerate(TWO)}
        assert sum(isinstance(request, RemoveWebhook) for request in vendor.requests) == 2

    play(story)


def test_a_delivery_proves_an_unknown_registration() -> None:
    """It is active then, without an id, and that is remembered."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.remember("CallStarted.1", Hook("intent", url_digest(scene.url("CallStarted.1"))))
        await scene.start()
        await asyncio.sleep(30)
        assert scene.hooks()["CallStarted.1"].value.state == "unknown"
        scene.deliver("CallStarted.1")
        await asyncio.sleep(60)
        assert scene.hooks()["CallStarted.1"].value.state == "active"
        await scene.restart()
        await asyncio.sleep(120)
        assert vendor.events() == ["CallConnected"]

    play(story)


def test_a_silent_unknown_one_is_registered_anew_after_three_misses() -> None:
    """Two may be lost on the way; what happened before it was asked for says nothing."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.remember("CallStarted.1", Hook("intent", url_digest(scene.url("CallStarted.1"))))
        for _ in range(5):
            scene.miss("CallStarted", 60_000)
        await scene.start()
        await asyncio.sleep(30)
        for _ in range(2):
            scene.miss("CallStarted")
        await asyncio.sleep(120)
        assert vendor.events() == ["CallConnected"]
        scene.miss("CallStarted")
        await asyncio.sleep(61)
        assert vendor.events() == ["CallConnected", "CallStarted"]
        assert set(scene.hooks()) == {"CallStarted.1", "CallStarted.2", "CallConnected.1"}

    play(story)


def test_one_that_went_silent_is_replaced_while_others_bring_events() -> None:
    """Not for what is lost while nothing comes at all: then the way to us is broken, and an hour has to pass."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(700)
        scene.deliver("CallStarted.1")
        await asyncio.sleep(1)
        for _ in range(3):
            scene.miss("CallStarted")
        await asyncio.sleep(120)
        assert len(vendor.changes) == 2
        scene.deliver("CallConnected.1")
        await asyncio.sleep(61)
        assert sorted(scene.hooks()) == ["CallConnected.1", "CallStarted.2"]
        assert len(vendor.alive) == 2
        for event in TWO:
            for _ in range(3):
                scene.miss(event)
        await asyncio.sleep(600)
        assert "CallConnected.1" in scene.hooks()
        await asyncio.sleep(3_600)
        assert sorted(scene.hooks()) == ["CallConnected.2", "CallStarted.3"]

    play(story)


def test_a_hand_over_in_the_midst_of_a_registration_lets_it_end() -> None:
    """Its id is stored by who asked, so the next owner has no doubt; the other events are the next owner's."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(0.06)
        assert [hook.value.state for hook in scene.hooks().values()] == ["intent"]
        await scene.stop()
        assert [hook.value.state for hook in scene.hooks().values()] == ["active"]
        assert len(vendor.requests) == 1
        await scene.start()
        await asyncio.sleep(30)
        assert vendor.events() == list(TWO)
        assert len(vendor.requests) == 2

    play(story)
