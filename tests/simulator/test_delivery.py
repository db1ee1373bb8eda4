"""Webhooks on their way, to a real receiver."""

import asyncio
from collections import Counter, defaultdict
from zlib import crc32

import pytest

from bridge.simulator import RetryPolicy, SimulatorOptions
from tests.simulator.asking import Asker, Simulate
from tests.simulator.receiver import Received, Receiver

# No time-out of its own: on a busy machine an answer may take long, and a repeat for that is not what is looked at.
QUICK = RetryPolicy(repeats=8, first=0.01, longest=0.05)
# A tenth of a second of it is ten minutes of thirty calls.
BUSY = SimulatorOptions(calls_per_second=300, speed=6000, retry=QUICK)


def with_retry(retry: RetryPolicy) -> SimulatorOptions:
    return SimulatorOptions(calls_per_second=300, speed=6000, retry=retry)


@pytest.mark.asyncio
async def test_every_webhook_arrives_once_at_the_hook_of_its_event(
    simulate: Simulate, ask: Asker, receiver: Receiver
) -> None:
    """What the log says was accepted is what the receiver has, event by event and byte by byte."""
    simulator = await simulate(BUSY)
    await ask.register_all(simulator, receiver.url)
    assert await simulator.play(0.1)
    assert simulator.pending == 0
    counts = {event: counts.accepted for event, counts in simulator.log.counts.items()}
    assert counts == Counter(received.path for received in receiver.received)
    assert all(received.event == received.path for received in receiver.received)
    assert Counter(row.body for row in simulator.log.rows) == Counter(r.body for r in receiver.received)
    total = simulator.log.total
    assert total.facts == total.planned == total.attempts == total.accepted > 60
    assert all(row.attempts[0].answer == b'{"id":"noted"}' for row in simulator.log.rows)


@pytest.mark.asyncio
async def test_the_order_of_a_subject_holds_when_webhooks_are_repeated(
    simulate: Simulate, ask: Asker, receiver: Receiver
) -> None:
    """With every second webhook refused twice, each call is still told from its start to its end."""
    simulator = await simulate(BUSY)
    await ask.register_all(simulator, receiver.url)
    seen: Counter[bytes] = Counter()
    accepted: list[Received] = []

    def answer(received: Received) -> int:
        seen[received.body] += 1
        if crc32(received.body) % 2 and seen[received.body] < 3:
            return 503
        accepted.append(received)
        return 202

    receiver.answer = answer
    assert await simulator.play(0.1)
    told = defaultdict(list)
    for received in accepted:
        if received.event in {"CallStarted", "CallConnected", "CallTransfered", "CallCompleted"}:
            told[received.data["callID"]].append(received.event)
    assert len(told) > 15
    assert all(events[0] == "CallStarted" and events[-1] == "CallCompleted" for events in told.values())
    assert simulator.log.total.refused > 15
    assert simulator.log.total.accepted == simulator.log.total.planned == len(accepted)


@pytest.mark.asyncio
async def test_a_webhook_is_repeated_until_it_is_accepted(simulate: Simulate, ask: Asker, receiver: Receiver) -> None:
    """A receiver that refuses for a while loses nothing: the log has each attempt and its answer."""
    simulator = await simulate(BUSY)
    await ask.register_all(simulator, receiver.url)
    receiver.answer = lambda _: 503 if len(receiver.received) < 40 else 202
    assert await simulator.play(0.1)
    total = simulator.log.total
    assert total.given_up == 0
    assert total.accepted == total.planned
    assert total.refused == 39
    assert any([attempt.status for attempt in row.attempts][-2:] == [503, 202] for row in simulator.log.rows)


@pytest.mark.asyncio
async def test_without_repeats_each_webhook_is_sent_once(simulate: Simulate, ask: Asker, receiver: Receiver) -> None:
    """`repeats` 0 gives up after one refusal, and says so."""
    simulator = await simulate(with_retry(RetryPolicy(repeats=0)))
    await ask.register_all(simulator, receiver.url)
    receiver.answer = lambda _: 500
    assert await simulator.play(0.1)
    total = simulator.log.total
    assert total.attempts == total.planned == total.given_up == total.refused > 0
    assert simulator.log.given_up == {"attempts used up": total.planned}


@pytest.mark.asyncio
async def test_no_answer_and_no_receiver_are_failed_attempts(
    simulate: Simulate, ask: Asker, receiver: Receiver
) -> None:
    """A time-out and a refused connection count as unanswered, with what went wrong in the row."""
    simulator = await simulate(with_retry(RetryPolicy(repeats=1, first=0.01, timeout=0.1)))
    await ask.register_all(simulator, receiver.url)
    receiver.answer = lambda _: 0
    simulator.start_playing()
    await receiver.wait_for(5)
    await receiver.stop()
    assert await simulator.stop_playing()
    total = simulator.log.total
    assert total.unanswered == total.attempts > 5
    errors = {attempt.error.split(":")[0] for row in simulator.log.rows for attempt in row.attempts if attempt.error}
    assert "ClientConnectorError" in errors
    assert errors & {"ServerTimeoutError", "TimeoutError", "ConnectionTimeoutError"}


@pytest.mark.asyncio
async def test_stopping_is_bounded_and_says_what_was_not_sent(
    simulate: Simulate, ask: Asker, receiver: Receiver
) -> None:
    """With a receiver that never answers the drain ends in its time, and what waited is given up by name."""
    simulator = await simulate(with_retry(RetryPolicy(timeout=60)))
    await ask.register_all(simulator, receiver.url)
    receiver.answer = lambda _: 0
    simulator.start_playing()
    await receiver.wait_for(1)
    began = asyncio.get_running_loop().time()
    assert not await simulator.stop_playing(drain=0.1)
    await simulator.stop()
    assert asyncio.get_running_loop().time() - began < 5
    total = simulator.log.total
    assert simulator.log.given_up["stopped"] == total.given_up == total.planned > 0


@pytest.mark.asyncio
async def test_the_log_is_bounded_and_its_counters_are_not(simulate: Simulate, ask: Asker, receiver: Receiver) -> None:
    """A log that keeps ten rows keeps the last ten and counts all; a full backlog gives up what is over it."""
    simulator = await simulate(
        SimulatorOptions(calls_per_second=60, speed=60, kept_log=10, max_pending=3, concurrency=1, retry=QUICK)
    )
    await ask.register_all(simulator, receiver.url)
    assert await simulator.play(0.1)
    total = simulator.log.total
    assert len(simulator.log.rows) == 10
    assert total.planned == total.accepted + total.given_up
    assert simulator.log.given_up["too many waiting"] == total.given_up > 0
