"""In which order webhooks are sent, while hooks come and go, and who holds up whom."""

import asyncio
import time

import pytest

from bridge.simulator import AccountOptions, FailedTaskError, RetryPolicy, Simulator, SimulatorOptions
from bridge.simulator.facts import Fact
from bridge.simulator.log import KEPT_FIRST, KEPT_LAST
from bridge.simulator.options import DEFAULT_KEY
from tests.simulator.asking import Asker, Simulate, until
from tests.simulator.receiver import Received, Receiver

QUICK = RetryPolicy(repeats=50, first=0.02, longest=0.02, timeout=1)


def happen(simulator: Simulator, *events: str, call: int = 1, key: str = DEFAULT_KEY) -> None:
    """Have the simulator tell of a call's events at once."""
    facts = [Fact(event, f"call/{call}", 0.0, {"callID": call}) for event in events]  # type: ignore[arg-type] # names of events
    simulator._tell(simulator.accounts[key], facts)


async def register(ask: Asker, simulator: Simulator, event: str, url: str, key: str = DEFAULT_KEY) -> str:
    said = await ask.api(simulator, "POST", f"webhooks/{event}", json={"endpoint": url}, authorization=f"Bearer {key}")
    return str(said.data)


def accepted(receiver: Receiver, refused: set[str]) -> list[str]:
    """Refuse what comes to the paths until they leave the set; note what was accepted."""
    told: list[str] = []

    def answer(received: Received) -> int:
        if received.path in refused:
            return 503
        told.append(received.path)
        return 202

    receiver.answer = answer
    return told


@pytest.mark.asyncio
async def test_a_receiver_is_told_in_order_while_its_hooks_are_replaced(
    simulate: Simulate, ask: Asker, receiver: Receiver
) -> None:
    """With an old and a new hook for one event and new ones for the others, no end overtakes its start."""
    simulator = await simulate(SimulatorOptions(retry=QUICK))
    for event, name in (("CallStarted", "old"), ("CallStarted", "new"), ("CallCompleted", "new")):
        await register(ask, simulator, event, f"{receiver.url}/{name}/{event}")
    refused = {"new/CallStarted"}
    told = accepted(receiver, refused)
    happen(simulator, "CallStarted", "CallCompleted")
    await receiver.wait_for(4)
    assert told == ["old/CallStarted"]
    refused.clear()
    assert await simulator.stop_playing()
    assert told == ["old/CallStarted", "new/CallStarted", "new/CallCompleted"]


@pytest.mark.asyncio
async def test_a_receiver_is_told_in_order_when_a_hook_goes_in_the_middle_of_a_call(
    simulate: Simulate, ask: Asker, receiver: Receiver
) -> None:
    """The new hook's place among those of its event changes when the old one is deleted, its order does not."""
    simulator = await simulate(SimulatorOptions(retry=QUICK))
    elsewhere = Receiver()
    await elsewhere.start()
    hooks = [
        await register(ask, simulator, event, f"{url}/{event}")
        for url in (elsewhere.url, receiver.url)
        for event in ("CallStarted", "CallCompleted")
    ]
    refused = {"CallStarted"}
    told = accepted(receiver, refused)
    happen(simulator, "CallStarted")
    await receiver.wait_for(1)
    for hook in hooks[:2]:
        assert (await ask.api(simulator, "DELETE", f"webhooks/{hook}")).status == 200
    happen(simulator, "CallCompleted")
    await receiver.wait_for(4)
    assert told == []
    refused.clear()
    assert await simulator.stop_playing()
    assert told == ["CallStarted", "CallCompleted"]
    assert [received.path for received in elsewhere.received] == ["CallStarted"]
    await elsewhere.stop()


@pytest.mark.asyncio
async def test_another_receiver_waits_for_nobody(simulate: Simulate, ask: Asker, receiver: Receiver) -> None:
    """Whoever refuses a call's start holds up his own telling of it alone, and other calls not at all."""
    simulator = await simulate(SimulatorOptions(retry=QUICK))
    stubborn = Receiver()
    await stubborn.start()
    stubborn.answer = lambda received: 503 if received.data["callID"] == 1 else 202
    for url in (stubborn.url, receiver.url):
        for event in ("CallStarted", "CallCompleted"):
            await register(ask, simulator, event, f"{url}/{event}")
    for call in (1, 2):
        happen(simulator, "CallStarted", "CallCompleted", call=call)
    await receiver.wait_for(4)
    await until(lambda: sum(one.data["callID"] == 2 for one in stubborn.received) == 2)
    assert {received.path for received in stubborn.received if received.data["callID"] == 1} == {"CallStarted"}
    await simulator.stop()
    await stubborn.stop()


@pytest.mark.asyncio
async def test_a_doubled_webhook_keeps_its_place(simulate: Simulate, ask: Asker, receiver: Receiver) -> None:
    """The second waits until the first was accepted, and what follows of the call until the second was."""
    simulator = await simulate(SimulatorOptions(retry=QUICK))
    await ask.switch(simulator, "webhook_doubled", on=["CallStarted"])
    for event in ("CallStarted", "CallCompleted"):
        await register(ask, simulator, event, f"{receiver.url}/{event}")
    receiver.answer = lambda _: 503 if len(receiver.received) in {1, 3} else 202
    happen(simulator, "CallStarted", "CallCompleted")
    assert await simulator.stop_playing()
    assert [received.path for received in receiver.received] == ["CallStarted"] * 4 + ["CallCompleted"]
    assert [[attempt.status for attempt in row.attempts] for row in simulator.log.rows] == [
        [503, 202],
        [503, 202],
        [202],
    ]


@pytest.mark.asyncio
async def test_a_hanging_receiver_holds_up_its_own_account_alone(
    simulate: Simulate, ask: Asker, receiver: Receiver
) -> None:
    """With as many of one account's webhooks hanging as are sent at once, another account's leave at once."""
    keys = {DEFAULT_KEY: AccountOptions(), "other": AccountOptions()}
    simulator = await simulate(SimulatorOptions(keys=keys, concurrency=2, max_pending=20))
    receiver.answer = lambda received: 0 if received.path == "hanging" else 202
    await register(ask, simulator, "CallStarted", f"{receiver.url}/hanging")
    await register(ask, simulator, "CallStarted", f"{receiver.url}/well", "other")
    for call in range(15):
        happen(simulator, "CallStarted", call=call)
    await receiver.wait_for(2)
    for call in range(10):
        happen(simulator, "CallStarted", call=call, key="other")
    await receiver.wait_for(12)
    paths = [received.path for received in receiver.received]
    assert paths == ["hanging"] * 2 + ["well"] * 10
    assert simulator.log.given_up == {"too many waiting": 5}


@pytest.mark.asyncio
async def test_a_webhook_repeated_for_ever_keeps_its_first_and_last_attempts(
    simulate: Simulate, ask: Asker, receiver: Receiver
) -> None:
    """However often it is sent, its row stays small and counts all; the one that was accepted is among the kept."""
    simulator = await simulate(SimulatorOptions(retry=RetryPolicy(repeats=10_000, first=0, longest=0)))
    await register(ask, simulator, "CallStarted", receiver.url)
    receiver.answer = lambda _: 202 if len(receiver.received) == 100 else 503
    happen(simulator, "CallStarted")
    assert await simulator.stop_playing()
    (row,) = simulator.log.rows
    assert row.tries == simulator.log.total.attempts == 100
    assert len(row.attempts) == KEPT_FIRST + KEPT_LAST
    assert row.accepted
    times = [attempt.sent for attempt in row.attempts]
    assert times == sorted(times)
    assert times[0] < receiver.received[0].at
    assert receiver.received[KEPT_FIRST].at < times[KEPT_FIRST]


@pytest.mark.asyncio
async def test_a_sender_that_fails_is_told_at_once(
    simulate: Simulate, ask: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever watches the simulator learns that it does not send any more, and so does who stops it."""
    simulator = Simulator(SimulatorOptions())
    await simulator.start()
    watching = asyncio.create_task(simulator.watch())
    await register(ask, simulator, "CallStarted", "http://127.0.0.1:9/")

    async def fail(*_: object) -> None:
        raise ArithmeticError("a bug")

    monkeypatch.setattr(simulator._deliveries[DEFAULT_KEY], "_send", fail)
    happen(simulator, "CallStarted")
    with pytest.raises(FailedTaskError, match="sender of webhooks has ended: ArithmeticError: a bug"):
        async with asyncio.timeout(5):
            await watching
    with pytest.raises(FailedTaskError):
        await simulator.stop()


@pytest.mark.asyncio
@pytest.mark.parametrize("stalled", [0.0, 0.1])
async def test_what_is_due_when_playing_stops_has_happened(simulate: Simulate, stalled: float) -> None:
    """A loop that is too busy to play in time plays what is due before it stops."""
    simulator = await simulate(SimulatorOptions(calls_per_second=300, speed=6000))
    simulator.start_playing()
    began = time.monotonic()
    while time.monotonic() - began < stalled:
        pass
    assert await simulator.stop_playing()
    account = simulator.accounts[DEFAULT_KEY]
    assert (account.day.started_calls > 10) is (stalled > 0)
    assert account.ledger.finished_calls == account.day.started_calls


@pytest.mark.asyncio
async def test_stopping_does_not_move_the_simulated_clock(simulate: Simulate) -> None:
    """Before the first play it goes on standing; later no row's time is ahead of the simulated second."""
    simulator = await simulate(SimulatorOptions(calls_per_second=300, speed=60))
    assert await simulator.stop_playing()
    assert simulator.simulated_now == 0.0
    assert await simulator.play(0.1)
    account = simulator.accounts[DEFAULT_KEY]
    ends = [row.ended for row in account.ledger.calls.newest_first()]
    assert len(ends) > 10
    assert max(ends) <= account.day.begin + simulator.simulated_now
