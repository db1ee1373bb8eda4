"""What the command line asks of a connection's owner: the actions, the messages, and who answers."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from bridge.calls.journal_values import Hook
from bridge.calls.quota import Quota
from bridge.events.cloudevents import read_event
from bridge.kafka.producer_errors import NotAcknowledged
from bridge.kafka.reader import ReadRecord
from bridge.pbx.hook_keys import url_digest
from bridge.pbx.requests import GetItem, ListItems, RegisterWebhook, RemoveWebhook, Request
from bridge.pbx.responses import NotSent, NotSentReason, Outcome, Refused
from bridge.registration.admin_desk import TOO_OLD_AFTER_MS
from bridge.registration.admin_messages import (
    AdminAnswer,
    AdminKind,
    AdminRequest,
    Asked,
    answer_record,
    read_answer,
    read_request,
    request_record,
)
from bridge.registration.hook_state import StepLine
from bridge.registration.plan import Obstacle
from tests.registration.scene import EVENTS, TWO, Scene, play
from tests.registration.vendor_twin import LIMIT, LOST, UNUSABLE, VendorTwin


def request(kind: AdminKind, *hooks: str, connection: str = "acme", **asked: Any) -> AdminRequest:
    return AdminRequest(
        kind=kind, id="request 1", source="/bridge/cli", connection=connection, asked=Asked(hooks=hooks, **asked)
    )


async def ask(scene: Scene, asked: AdminRequest, age_ms: int = 0) -> AdminAnswer | None:
    """Let a request be read from its topic, and wait for what comes of it."""
    topic, key, value, headers = request_record("pbx", asked)
    before = len(scene.answers)
    scene.desk.take(ReadRecord(topic, 0, 0, scene.twin.now_ms - age_ms, key, value, tuple(headers)))
    for _ in range(600):
        await asyncio.sleep(0.1)
        if len(scene.answers) > before:
            record = scene.answers[-1]
            assert record.topic == "pbx.admin-results.v1"
            return read_answer(read_event(record.headers, record.value), asked)
    return None


def test_a_request_comes_as_it_was_sent() -> None:
    """What is written is read, whatever is asked."""
    for kind in AdminKind:
        asked = request(kind, "CallStarted.1", webhook_id=2**63 - 1, every=True)
        record = request_record("pbx", asked)
        assert record.topic == "pbx.admin.v1"
        assert read_request(record.headers, record.value) == asked


@pytest.mark.parametrize(
    ("header", "content"),
    [("ce_type", b"pbx.admin.hooks-burn.v1"), ("ce_connection", None), ("ce_id", b"x" * 257), ("ce_specversion", b"2")],
)
def test_what_nobody_knows_is_passed_over(header: str, content: bytes | None) -> None:
    """Another release's request, or somebody else's record: nobody answers, nobody stumbles."""
    _, _, value, headers = request_record("pbx", request(AdminKind.PROBE))
    changed = [(name, given) for name, given in headers if name != header]
    assert read_request([*changed, *([] if content is None else [(header, content)])], value) is None


@pytest.mark.parametrize("value", [None, b"", b"[1]", b'{"hooks": 1}', b'"x"' + b" " * 65_536])
def test_data_that_is_none_is_passed_over(value: bytes | None) -> None:
    """The same for the value."""
    assert read_request(request_record("pbx", request(AdminKind.PROBE)).headers, value) is None


def test_an_answer_is_for_who_asked() -> None:
    """Told apart by id, source and connection."""
    mine = request(AdminKind.HOOKS_LIST)
    record = answer_record("pbx", mine, AdminAnswer(status="ok", sentence="Yes."), "an id", 1_500)
    event = read_event(record.headers, record.value)
    assert read_answer(event, mine) == AdminAnswer(status="ok", sentence="Yes.")
    for other in ({"id": "2"}, {"source": "/x"}, {"connection": "other"}):
        assert read_answer(event, mine.model_copy(update=other)) is None


def test_list_and_plan_tell_what_is_known_and_what_comes() -> None:
    """Without a call to the vendor."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        vendor.before = lambda _: Refused(401, "unauthorized", None)
        await scene.remember("CallStarted.1", Hook("active", url_digest(scene.url("CallStarted.1")), 5))
        await scene.start()
        await asyncio.sleep(1)
        scene.deliver("CallStarted.1")
        answer = await ask(scene, request(AdminKind.HOOKS_PLAN))
        assert answer is not None
        assert answer.hooks is not None
        (line,) = answer.hooks.hooks
        assert (line.hook, line.standing, line.id) == ("CallStarted.1", "active", 5)
        assert line.last_delivery is not None
        assert answer.hooks.missing == ("CallConnected",)
        assert answer.hooks.steps == (StepLine(do="register", hook="CallConnected.1"),)
        assert answer.hooks.trouble is not None
        assert not answer.hooks.stopped
        assert len(vendor.requests) == 1

    play(story)


def test_apply_tries_again_after_a_refusal() -> None:
    """A person has made room: what was given up is done now."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        vendor.alive.update({number: RegisterWebhook("CallStarted", "https://else") for number in range(LIMIT)})
        await scene.start()
        await asyncio.sleep(100)
        refused = await ask(scene, request(AdminKind.HOOKS_APPLY))
        assert refused is not None
        assert refused.status == "failed"
        assert refused.sentence is not None
        assert refused.sentence.startswith(
            'The vendor does not register CallStarted.1: forbidden (HTTP 403): "Webhook limit reached". Either the '
            "account has its 20 webhooks: look at API -> WEB HOOKS in the vendor's panel"
        )
        assert refused.hooks is not None
        assert refused.hooks.stopped
        vendor.alive.clear()
        answer = await ask(scene, request(AdminKind.HOOKS_APPLY))
        assert answer is not None
        assert answer.status == "ok"
        assert answer.done == tuple(StepLine(do="register", hook=f"{event}.1") for event in TWO)
        assert scene.gauge("bridge_hooks_stopped") == 0

    play(story)


def test_apply_rotates_at_once() -> None:
    """Who asks for it knows that the new secret is everywhere."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(30)
        scene.secret = b"another webhook secret"
        listed = await ask(scene, request(AdminKind.HOOKS_LIST))
        assert listed is not None
        assert listed.hooks is not None
        assert [line.obstacle for line in listed.hooks.obstacles] == [Obstacle.SETTLING] * 2
        assert [line.standing for line in listed.hooks.hooks] == ["outdated"] * 2
        planned = await ask(scene, request(AdminKind.HOOKS_PLAN))
        assert planned is not None
        assert planned.hooks is not None
        answer = await ask(scene, request(AdminKind.HOOKS_APPLY))
        assert answer is not None
        assert [(line.do, line.hook) for line in answer.done] == [
            (do, f"{event}.{generation}") for event in TWO for do, generation in (("register", 2), ("remove", 1))
        ]
        assert [(line.do, line.hook) for line in planned.hooks.steps] == [(line.do, line.hook) for line in answer.done]
        assert len(vendor.alive) == 2

    play(story)


def test_one_made_by_hand_is_adopted() -> None:
    """Where the account is full it saves a registration; asked twice, nothing changes."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        vendor.before = lambda asked: Refused(403, "forbidden", None) if isinstance(asked, RegisterWebhook) else None
        await scene.start()
        await asyncio.sleep(10)
        for sentence in ("77 is CallStarted.0 now.", "77 was CallStarted.0 before."):
            answer = await ask(scene, request(AdminKind.HOOKS_ADOPT, "CallStarted.0", webhook_id=77))
            assert answer is not None
            assert (answer.status, answer.sentence) == ("ok", sentence)
        assert scene.hooks()["CallStarted.0"].value == Hook("active", url_digest(scene.url("CallStarted.0")), 77)
        vendor.before = lambda _: None
        await scene.restart()
        await asyncio.sleep(10)
        assert vendor.events() == ["CallConnected"]

    play(story)


def test_adopting_a_duplicate_removes_it() -> None:
    """Ours is there already: the one made by hand goes, and no event comes twice any more."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        vendor.alive[77] = RegisterWebhook("CallStarted", scene.url("CallStarted.0"))
        await scene.start()
        await asyncio.sleep(10)
        await ask(scene, request(AdminKind.HOOKS_ADOPT, "CallStarted.0", webhook_id=77))
        await asyncio.sleep(10)
        assert 77 not in vendor.alive
        assert set(scene.hooks()) == {"CallStarted.1", "CallConnected.1"}

    play(story)


def test_an_unknown_one_gets_the_id_that_the_panel_shows() -> None:
    """A person tells that it exists; it can be removed by its id from then on."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.remember("CallStarted.1", Hook("unknown", url_digest(scene.url("CallStarted.1"))))
        await scene.start()
        await asyncio.sleep(10)
        listed = await ask(scene, request(AdminKind.HOOKS_LIST))
        assert listed is not None
        assert listed.hooks is not None
        (obstacle,) = listed.hooks.obstacles
        assert "bridge hooks adopt ID CallStarted.1" in obstacle.sentence
        answer = await ask(scene, request(AdminKind.HOOKS_ADOPT, "CallStarted.1", webhook_id=9))
        assert answer is not None
        assert answer.hooks is not None
        assert (answer.hooks.hooks[0].standing, answer.hooks.hooks[0].id) == ("active", 9)

    play(story)


@pytest.mark.parametrize(
    ("hooks", "webhook_id", "sentence"),
    [
        (("CallStarted.1",), 6, "CallStarted.1 is 5: remove that first."),
        (("CallConnected.0",), 5, "5 is CallStarted.1 already."),
        (("CallConnected.7",), 6, "The bridge knows of no CallConnected.7"),
        (("Burned",), 6, "To adopt a registration takes its id and one of the ten events."),
        (("CallStarted.0",), None, "To adopt a registration takes its id and one of the ten events."),
    ],
)
def test_an_adoption_that_contradicts_is_refused(hooks: tuple[str, ...], webhook_id: int | None, sentence: str) -> None:
    """Nothing is stored, and the sentence says why."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        vendor.before = lambda _: Refused(403, "forbidden", None)
        await scene.remember("CallStarted.1", Hook("active", url_digest(scene.url("CallStarted.1")), 5))
        await scene.start()
        await asyncio.sleep(10)
        answer = await ask(scene, request(AdminKind.HOOKS_ADOPT, *hooks, webhook_id=webhook_id))
        assert answer is not None
        assert answer.status == "refused"
        assert (answer.sentence or "").startswith(sentence)
        assert set(scene.hooks()) == {"CallStarted.1"}

    play(story)


def test_an_unknown_one_that_does_not_exist_is_forgotten_and_registered() -> None:
    """A person tells that the panel does not show it; the vendor is asked for nothing but the new one."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.remember("CallStarted.1", Hook("unknown", url_digest(scene.url("CallStarted.1"))))
        await scene.start()
        await asyncio.sleep(10)
        answer = await ask(scene, request(AdminKind.HOOKS_REMOVE, "CallStarted.1"))
        assert answer is not None
        assert answer.status == "ok"
        await asyncio.sleep(10)
        assert sorted(vendor.events()) == sorted(TWO)
        assert not any(isinstance(asked, RemoveWebhook) for asked in vendor.requests)

    play(story)


def test_all_are_removed_where_they_are_not_configured() -> None:
    """The end of an installation. While they are configured it is refused: they would come back."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(30)
        refused = await ask(scene, request(AdminKind.HOOKS_REMOVE, every=True))
        assert refused is not None
        assert refused.status == "refused"
        scene.register = False
        await scene.restart()
        await asyncio.sleep(1)
        answer = await ask(scene, request(AdminKind.HOOKS_REMOVE, every=True))
        assert answer is not None
        assert len(answer.done) == 10
        assert vendor.alive == {}
        assert scene.hooks() == {}
        nothing = await ask(scene, request(AdminKind.HOOKS_APPLY))
        assert nothing is not None
        assert nothing.status == "refused"
        assert (nothing.sentence or "").startswith("There is nothing to apply: webhooks.register is false")

    play(story, EVENTS)


def test_all_are_removed_and_none_comes_back_while_the_pause_lasts() -> None:
    """The uninstaller's order, in the midst of registrations: what was on its way is removed, too."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        scene.quota = Quota(calls=20)
        await scene.start()
        await asyncio.sleep(4)
        assert 0 < len(vendor.alive) < len(EVENTS), "the order comes while a registration waits for its slot"
        answer = await ask(scene, request(AdminKind.HOOKS_REMOVE, every=True, pause_s=600))
        assert answer is not None
        assert answer.status == "ok"
        assert answer.hooks is not None
        assert (answer.hooks.idle or "").startswith("all were removed on request")
        assert vendor.alive == {}
        await asyncio.sleep(500)
        assert vendor.alive == {}
        assert scene.hooks() == {}
        await asyncio.sleep(200)
        assert sorted(vendor.events()) == sorted(EVENTS)

    play(story, EVENTS)


def test_apply_ends_a_pause() -> None:
    """A person wants the webhooks back before it is over."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(30)
        await ask(scene, request(AdminKind.HOOKS_REMOVE, every=True, pause_s=600))
        answer = await ask(scene, request(AdminKind.HOOKS_APPLY))
        assert answer is not None
        assert answer.status == "ok"
        assert sorted(vendor.events()) == sorted(EVENTS)

    play(story, EVENTS)


def test_a_removal_that_fails_is_told_with_what_was_done() -> None:
    """The vendor in trouble: one is gone, the other is not, and the person reads which."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(10)
        first = True

        def only_once(asked: Request) -> Outcome | None:
            nonlocal first
            if not isinstance(asked, RemoveWebhook):
                return None
            outcome, first = (None if first else UNUSABLE), False
            return outcome

        vendor.before = only_once
        answer = await ask(scene, request(AdminKind.HOOKS_REMOVE, *(f"{event}.1" for event in TWO)))
        assert answer is not None
        assert answer.status == "failed"
        assert [line.hook for line in answer.done] == ["CallConnected.1"]
        assert (answer.sentence or "").startswith("The vendor does not remove CallStarted.1: server_error.")

    play(story)


def test_a_probe_finds_the_methods_that_a_key_lacks_by_reading_alone() -> None:
    """Seventeen GETs; what would change something is not asked for."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        def without_groups(asked: Request) -> Outcome | None:
            about_groups = isinstance(asked, ListItems | GetItem) and asked.collection == "groups"
            return Refused(403, "forbidden", None) if about_groups else None

        vendor.before = without_groups
        await scene.start()
        await asyncio.sleep(1)
        answer = await ask(scene, request(AdminKind.PROBE))
        assert answer is not None
        assert answer.key is not None
        assert answer.key.key == "accepted"
        assert answer.key.lacking == ("GET /trigger/groups", "GET /groups/{id}")
        assert "POST /dial" in answer.key.not_probed
        assert len(vendor.requests) == 17
        assert vendor.changes == []

    play(story, register=False)


@pytest.mark.parametrize(
    ("outcome", "key", "detail"),
    [
        (Refused(401, "unauthorized", None), "refused", "HTTP 401"),
        (Refused(429, "rate_limited", None), "no_answer", "HTTP 429: the quota is used up"),
        (UNUSABLE, "no_answer", "server_error (HTTP 503)"),
        (LOST, "no_answer", "disconnected"),
        (NotSent(NotSentReason.DNS, "no such host"), "no_answer", "dns"),
    ],
)
def test_a_probe_ends_where_the_vendor_says_nothing_about_methods(outcome: Outcome, key: str, detail: str) -> None:
    """One request is enough to learn it."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        vendor.before = lambda _: outcome
        await scene.start()
        await asyncio.sleep(1)
        answer = await ask(scene, request(AdminKind.PROBE))
        assert answer is not None
        assert answer.key is not None
        assert (answer.key.key, answer.key.detail) == (key, detail)
        assert len(vendor.requests) == 1

    play(story, register=False)


@pytest.mark.parametrize(("connection", "age_ms"), [("other", 0), ("acme", TOO_OLD_AFTER_MS + 1_000)])
def test_what_is_another_s_or_too_old_is_not_answered(connection: str, age_ms: int) -> None:
    """Its owner answers, or nobody waits any more."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(100)
        assert await ask(scene, request(AdminKind.HOOKS_LIST, connection=connection), age_ms) is None
        await scene.stop()
        assert await ask(scene, request(AdminKind.HOOKS_LIST)) is None
        await scene.start()

    play(story, register=False)


def test_an_answer_that_kafka_does_not_take_costs_nothing_else() -> None:
    """The person asks again; the shard is kept."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        await scene.start()
        await asyncio.sleep(1)

        async def refuse(_: object) -> None:
            raise NotAcknowledged("deadline")

        scene.desk._publish = refuse
        assert await ask(scene, request(AdminKind.HOOKS_LIST)) is None
        assert not scene.losses

    play(story)


def test_a_topic_that_cannot_be_read_is_read_again() -> None:
    """And what comes then is answered."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        tries = 0

        async def requests() -> AsyncGenerator[ReadRecord, None]:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise OSError("away")
            topic, key, value, headers = request_record("pbx", request(AdminKind.HOOKS_LIST))
            yield ReadRecord(topic, 0, 0, scene.twin.now_ms, key, value, tuple(headers))
            await asyncio.Event().wait()

        scene.requests = requests
        await scene.start()
        await asyncio.sleep(10)
        assert len(scene.answers) == 1

    play(story)


def test_an_owner_that_was_fenced_changes_nothing() -> None:
    """It does not know yet that another has the shard: without its intent stored no request leaves, and no answer."""

    async def story(scene: Scene, vendor: VendorTwin) -> None:
        lost_by_then = list[int]()

        def refuse(_: Request) -> Outcome:
            lost_by_then.append(len(scene.losses))
            return Refused(403, "forbidden", None)

        vendor.before = refuse
        await scene.start()
        await asyncio.sleep(10)
        await scene.twin.open(0)
        topic, key, value, headers = request_record("pbx", request(AdminKind.HOOKS_APPLY))
        scene.desk.take(ReadRecord(topic, 0, 0, scene.twin.now_ms, key, value, tuple(headers)))
        await asyncio.sleep(10)
        # The first at the start, the second by the owner that took the shard over anew.
        assert lost_by_then == [0, 1]
        assert scene.losses == ["fenced"]
        assert scene.answers == []

    play(story)
