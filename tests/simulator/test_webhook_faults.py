"""Each switch for webhooks, set over HTTP and seen by a receiver."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import orjson
import pytest
import pytest_asyncio

from bridge.simulator import Fault, Faults, Simulator, SimulatorOptions
from bridge.simulator.facts import ALIASES, EVENTS
from bridge.simulator.options import DEFAULT_KEY
from tests.simulator.asking import Asker, Simulate
from tests.simulator.contract import WEBHOOKS
from tests.simulator.receiver import Receiver

# A tenth of a second of it is some thirty calls from start to end.
BUSY = SimulatorOptions(calls_per_second=300, speed=6000)


@pytest_asyncio.fixture
async def simulator(simulate: Simulate, ask: Asker, receiver: Receiver) -> AsyncIterator[Simulator]:
    simulator = await simulate(BUSY)
    await ask.register_all(simulator, receiver.url)
    yield simulator


def ids_of(receiver: Receiver, event: str) -> list[Any]:
    return [received.data["callID"] for received in receiver.received if received.event == event]


@pytest.mark.asyncio
async def test_dropped_webhooks_are_never_sent(simulator: Simulator, ask: Asker, receiver: Receiver) -> None:
    """All of one event are dropped and the others arrive; the facts are counted all the same."""
    await ask.switch(simulator, "webhook_dropped", on=["CallStarted"])
    assert await simulator.play(0.1)
    counts = simulator.log.counts["CallStarted"]
    assert (counts.planned, counts.attempts) == (0, 0)
    assert counts.facts == simulator.faults.struck["webhook_dropped"] > 10
    assert len(ids_of(receiver, "CallCompleted")) == counts.facts


@pytest.mark.asyncio
async def test_a_probability_strikes_some(simulator: Simulator, ask: Asker, receiver: Receiver) -> None:
    """With a probability of a half about half are dropped."""
    await ask.switch(simulator, "webhook_dropped", probability=0.5)
    assert await simulator.play(0.1)
    total = simulator.log.total
    assert 0.3 < total.planned / total.facts < 0.7
    assert len(receiver.received) == total.planned == total.facts - simulator.faults.struck["webhook_dropped"]


@pytest.mark.asyncio
async def test_doubled_webhooks_arrive_twice(simulator: Simulator, ask: Asker, receiver: Receiver) -> None:
    """The second is byte for byte the first."""
    await ask.switch(simulator, "webhook_doubled", times=5)
    assert await simulator.play(0.1)
    twice = [count for count in Counter(received.body for received in receiver.received).values() if count == 2]
    assert len(twice) == 5


@pytest.mark.asyncio
async def test_late_webhooks_hold_up_their_call_alone(simulator: Simulator, ask: Asker, receiver: Receiver) -> None:
    """The start of one call is late by the seconds asked for; it is told in order, and other calls are not late."""
    await ask.switch(simulator, "webhook_late", on=["CallStarted"], times=1, seconds=0.6)
    assert await simulator.play(0.1)
    (late,) = [row for row in simulator.log.rows if row.due > row.planned]
    assert late.attempts[0].sent - late.planned >= 0.6
    behind = [row for row in simulator.log.rows if row.subject != late.subject and row.planned > late.planned]
    assert sum(row.attempts[0].sent < late.attempts[0].sent for row in behind) > 10
    call_id = int(late.subject.removeprefix("call/"))
    told = [received.event for received in receiver.received if received.data.get("callID") == call_id]
    assert next(event for event in told if event != "CallRecorded") == "CallStarted"


@pytest.mark.asyncio
async def test_webhooks_out_of_order_are_overtaken(simulator: Simulator, ask: Asker, receiver: Receiver) -> None:
    """Starts that are held back arrive after the ends of their calls."""
    await ask.switch(simulator, "webhook_out_of_order", on=["CallStarted"], seconds=0.6)
    assert await simulator.play(0.1)
    order = defaultdict(list)
    for received in receiver.received:
        if received.event in {"CallStarted", "CallCompleted"}:
            order[received.data["callID"]].append(received.event)
    assert sum(events == ["CallCompleted", "CallStarted"] for events in order.values()) > 10


@pytest.mark.asyncio
async def test_one_hook_of_two_gets_the_webhook(simulator: Simulator, ask: Asker, receiver: Receiver) -> None:
    """With two registrations for an event both get it; with the switch exactly one of them, and not always the same."""
    endpoint = {"endpoint": f"{receiver.url}/second"}
    assert (await ask.api(simulator, "POST", "webhooks/CallStarted", json=endpoint)).status == 200
    assert await simulator.play(0.1)
    assert Counter(Counter(ids_of(receiver, "CallStarted")).values()).keys() == {2}
    receiver.received.clear()
    await ask.switch(simulator, "webhook_one_hook")
    assert await simulator.play(0.1)
    assert set(Counter(ids_of(receiver, "CallStarted")).values()) == {1}
    assert {received.path for received in receiver.received if received.event == "CallStarted"} == {
        "CallStarted",
        "second",
    }


@pytest.mark.asyncio
async def test_a_forgotten_hook_stays_registered_and_silent(
    simulator: Simulator, ask: Asker, receiver: Receiver
) -> None:
    """It gets nothing more, counts against the cap, can be deleted, and the judge sees it."""
    await ask.switch(simulator, "hook_forgotten", on=["CallStarted"], times=1)
    assert await simulator.play(0.1)
    assert ids_of(receiver, "CallStarted") == []
    assert ids_of(receiver, "CallCompleted")
    hooks = (await ask.control(simulator, "GET", "/registrations")).answer
    assert [hook["event"] for hook in hooks if hook["forgotten"]] == ["CallStarted"]
    assert len(hooks) == 10
    assert (await ask.control(simulator, "POST", f"/hooks/{hooks[1]['id']}/forget")).status == 200
    assert (await ask.control(simulator, "POST", "/hooks/7/forget")).status == 400
    for hook in hooks[:2]:
        assert (await ask.api(simulator, "DELETE", f"webhooks/{hook['id']}")).status == 200
    assert len((await ask.control(simulator, "GET", "/registrations")).answer) == 8


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("field_null", lambda data: "caller" in data and data["caller"] is None),
        ("field_empty", lambda data: data.get("caller") == ""),
        ("field_missing", lambda data: "caller" not in data),
        ("field_retyped", lambda data: isinstance(data.get("caller"), list)),
        ("field_unknown", lambda data: isinstance(data.get("queueID"), dict)),
    ],
)
async def test_fields_are_distorted(
    simulator: Simulator, ask: Asker, receiver: Receiver, name: str, expected: Any
) -> None:
    """The field asked for is null, empty, missing or of another type, or an unknown one is added; no other changes."""
    await ask.switch(simulator, name, on=["CallStarted"], fields=[] if name == "field_unknown" else ["caller"])
    assert await simulator.play(0.1)
    started = [received for received in receiver.received if received.event == "CallStarted"]
    assert started
    for received in started:
        assert expected(received.data)
        plain = {key: value for key, value in received.data.items() if key != "queueID"} | {"caller": "6"}
        WEBHOOKS["CallStarted"].validate({**received.json, "data": plain})
    for received in receiver.received:
        if received.event != "CallStarted":
            WEBHOOKS[received.event].validate(received.json)


@pytest.mark.asyncio
async def test_aliases_and_unknown_events_are_written(simulator: Simulator, ask: Asker, receiver: Receiver) -> None:
    """The reference's other names stand for four events; an unknown name comes to the hook of the event it replaces."""
    await ask.switch(simulator, "event_alias")
    await ask.switch(simulator, "event_unknown", on=["CallStarted"])
    assert await simulator.play(0.25)
    names = {received.path: received.event for received in receiver.received}
    assert names["CallStarted"] == "CallParked"
    for event in set(EVENTS) & names.keys() - {"CallStarted"}:
        assert names[event] == ALIASES.get(event, event)
    assert names["CallCompleted"] == "CallCompletedEvent"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("data_null", {"type", "eventType", "version", "data"}),
        ("data_missing", {"type", "eventType", "version"}),
        ("event_type_missing", {"type", "version", "data"}),
        ("body_not_json", None),
    ],
)
async def test_bodies_are_distorted(
    simulator: Simulator, ask: Asker, receiver: Receiver, name: str, expected: set[str] | None
) -> None:
    """`data` is null or missing, `eventType` is missing, or the JSON ends in the middle; other events are as always."""
    await ask.switch(simulator, name, on=["CallStarted"])
    assert await simulator.play(0.1)
    started = [received.body for received in receiver.received if received.path == "CallStarted"]
    assert len(started) > 10
    for body in started:
        if expected is None:
            with pytest.raises(orjson.JSONDecodeError):
                orjson.loads(body)
            continue
        told = orjson.loads(body)
        assert set(told) == expected
        assert ("data" in told and told["data"] is None) is (name == "data_null")
    for received in receiver.received:
        if received.path != "CallStarted":
            WEBHOOKS[received.path].validate(received.json)


def test_a_switch_strikes_what_it_is_meant_for_as_often_as_asked() -> None:
    """Events, keys, fields and the number of strikes each limit it; the same seed draws the same."""
    faults = Faults(Random(1))
    faults.set(
        "field_null", Fault(times=2, on=frozenset({"CallStarted"}), keys=frozenset({"a"}), fields=frozenset({"caller"}))
    )
    assert faults.strike("field_null", "b", "CallStarted", ["caller"]) is None
    assert faults.strike("field_null", "a", "CallCompleted", ["caller"]) is None
    assert faults.strike("field_null", "a", "CallStarted", ["status"]) is None
    assert [faults.strike("field_null", "a", "CallStarted", ["caller"]) is not None for _ in range(3)] == [
        True,
        True,
        False,
    ]
    assert faults.struck == {"field_null": 2}
    faults.set("webhook_dropped", Fault(probability=0.3))
    again = Faults(Random(1))
    again.set("webhook_dropped", Fault(probability=0.3))
    assert [faults.strike("webhook_dropped", "", "") for _ in range(50)] == [
        again.strike("webhook_dropped", "", "") for _ in range(50)
    ]


@pytest.mark.asyncio
async def test_switches_are_shown_and_switched_off(simulator: Simulator, ask: Asker) -> None:
    """What is on is shown as it was set, one or all can be switched off, and what is wrong is one sentence."""
    await ask.switch(simulator, "webhook_dropped", probability=0.25, on=["CallStarted"])
    await ask.switch(simulator, "answer_slow", seconds=1, keys=[DEFAULT_KEY])
    shown = (await ask.control(simulator, "GET", "/faults")).answer["on"]
    assert shown.keys() == {"webhook_dropped", "answer_slow"}
    assert (shown["webhook_dropped"]["probability"], shown["webhook_dropped"]["on"]) == (0.25, ["CallStarted"])
    assert (await ask.control(simulator, "DELETE", "/faults/answer_slow")).status == 200
    assert [name for name, _ in simulator.faults] == ["webhook_dropped"]
    assert (await ask.control(simulator, "DELETE", "/faults")).status == 200
    assert list(simulator.faults) == []
    for name, fault in (
        ("nothing", {}),
        ("webhook_dropped", {"probability": 2}),
        ("webhook_dropped", {"times": -1}),
        ("webhook_dropped", {"on": ["CallParked"]}),
        ("webhook_dropped", {"keys": ["x"]}),
        ("webhook_dropped", {"chance": 1}),
        ("webhook_dropped", {"on": "CallStarted"}),
        ("webhook_dropped", []),
    ):
        said = await ask.control(simulator, "PUT", f"/faults/{name}", json=fault)
        assert said.status == 400, fault
        assert said.answer["error"]


@pytest.mark.asyncio
async def test_a_retry_policy_is_set_over_http(simulator: Simulator, ask: Asker, receiver: Receiver) -> None:
    """Repeats 0 from now on: what is refused is given up at once."""
    assert (await ask.control(simulator, "PUT", "/retry", json={"repeats": 0})).status == 200
    assert (await ask.control(simulator, "PUT", "/retry", json={"repeats": "0"})).status == 400
    receiver.answer = lambda _: 503
    assert (await ask.control(simulator, "POST", "/play")).status == 200
    await asyncio.sleep(0.2)  # calls come in real time
    said = await ask.control(simulator, "POST", "/stop", json={"finish": True, "drain": 5})
    assert said.answer == {"playing": False, "drained": True}
    total = simulator.log.total
    assert total.given_up == total.attempts == total.planned > 0
