"""The control interface: what is set stays as it is, and what cannot be is refused in one sentence."""

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from bridge.simulator import AccountOptions, Fault, Faults, SimulatorOptions
from bridge.simulator.options import DEFAULT_KEY
from bridge.simulator.seeds import stream
from tests.simulator.asking import Asker, Simulate

CONTACTS = "trigger/contacts?initial_contact_id=0"


@pytest.mark.asyncio
async def test_a_setting_that_is_not_named_stays(simulate: Simulate, ask: Asker) -> None:
    """Of the quota, of the way of repeating, of the operations that a key may use."""
    simulator = await simulate(SimulatorOptions(keys={DEFAULT_KEY: AccountOptions(limit=50, window=30)}))
    settings: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
        ("/limit", {"limit": 7}, {"retry_after": False}, {"limit": 7, "window": 30.0, "retry_after": False}),
        ("/limit", {"window": 5}, {}, {"limit": 7, "window": 5.0, "retry_after": False}),
        ("/retry", {"repeats": 3}, {"first": 0.5}, {"repeats": 3, "first": 0.5, "factor": 2.0}),
        ("/operations", {"operations": ["Dial"]}, {}, {"operations": ["Dial"]}),
    ]
    for path, first, second, both in settings:
        assert (await ask.control(simulator, "PUT", path, json=first)).status == 200
        said = (await ask.control(simulator, "PUT", path, json=second)).answer
        assert {name: said[name] for name in both} == both


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/limit", {"limit": 0}),
        ("/limit", {"limit": 10**19}),
        ("/limit", {"limit": 10**30}),
        ("/limit", {"window": 0}),
        ("/limit", {"window": 1e300}),
        ("/retry", {"timeout": 0}),
        ("/retry", {"factor": 0}),
        ("/retry", {"first": 1e300}),
        ("/retry", {"delay": 1}),
        ("/faults/answer_slow", {"seconds": 1e300}),
        ("/faults/webhook_dropped", {"on": ["GetContacts"]}),
        ("/faults/answer_500", {"on": ["LostCallers"]}),
        ("/faults/history_other_contact", {"on": ["CallCompleted"]}),
        ("/faults/dial_without_call", {"on": ["GetContacts"]}),
        ("/faults/event_alias", {"on": ["CallStarted"]}),
        ("/faults/row_deleted", {"on": ["GetLostCalls"]}),
        ("/faults/field_null", {"fields": ["callr"]}),
        ("/faults/field_null", {"on": ["CallStarted"], "fields": ["recordingID"]}),
        ("/faults/field_null", {"on": ["Dial"]}),
        ("/faults/field_unknown", {"fields": ["caller"]}),
        ("/faults/webhook_dropped", {"fields": ["caller"]}),
        ("/faults/webhook_dropped", {"seconds": 1}),
        ("/faults/answer_slow", {"processed": False}),
    ],
)
async def test_what_cannot_be_is_refused(simulate: Simulate, ask: Asker, path: str, body: dict[str, Any]) -> None:
    """A quota nobody can count, a wait without end, a switch that would never strike as it is set; nothing changes."""
    simulator = await simulate(SimulatorOptions())
    said = await ask.control(simulator, "PUT", path, data=json.dumps(body))
    assert said.status == 400
    assert said.answer["error"]
    assert list(simulator.faults) == []
    assert simulator.accounts[DEFAULT_KEY].limiter.limit == 100


def test_a_switch_that_never_strikes_is_refused_in_python_too() -> None:
    """The error says what it would never strike."""
    faults = Faults(stream(1, "test"))
    with pytest.raises(ValueError, match="webhook_dropped never strikes GetContacts"):
        faults.set("webhook_dropped", Fault(on=frozenset({"GetContacts", "CallStarted"})))
    faults.set("field_null", Fault(on=frozenset({"CallStarted", "GetCallHistory"}), fields=frozenset({"recordingID"})))


@pytest.mark.asyncio
async def test_a_wait_is_told_in_whole_seconds_rounded_up(simulate: Simulate, ask: Asker) -> None:
    """Whoever came after half a second, as was asked for, would be told so in a number that is not too small."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "answer_429", seconds=0.5)
    assert (await ask.api(simulator, "GET", CONTACTS)).headers["Retry-After"] == "1"


@pytest.mark.asyncio
@pytest.mark.parametrize("quota", [True, False])
async def test_a_wait_may_be_told_as_a_date(
    simulate: Simulate, ask: Asker, monkeypatch: pytest.MonkeyPatch, quota: bool
) -> None:
    """Of the quota's 429 and of the switch's alike; the date is not before the wait is over."""
    simulator = await simulate(SimulatorOptions(keys={DEFAULT_KEY: AccountOptions(limit=1, window=30)}))
    await ask.switch(simulator, "retry_after_date")
    if quota:
        assert (await ask.api(simulator, "GET", CONTACTS)).status == 200
    else:
        await ask.switch(simulator, "answer_429", seconds=30)
    monkeypatch.setattr(time, "time_ns", lambda: 1_500_000_000_900_000_000)
    said = await ask.api(simulator, "GET", CONTACTS)
    assert said.status == 429
    told = parsedate_to_datetime(said.headers["Retry-After"]).timestamp()
    assert said.headers["Retry-After"].endswith(" GMT")
    assert told == 1_500_000_031 if not quota else 1_500_000_020 < told <= 1_500_000_032


@pytest.mark.asyncio
@pytest.mark.parametrize("query", ["&offset=abc", "&offset=5&limit=0", "&offset=0", ""])
async def test_no_row_moves_for_a_request_without_a_next_page(simulate: Simulate, ask: Asker, query: str) -> None:
    """One that is refused, or begins at the top, uses up no strike."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "row_deleted", times=1)
    before = len(simulator.accounts[DEFAULT_KEY].directory.contacts)
    await ask.api(simulator, "GET", CONTACTS + query)
    assert len(simulator.accounts[DEFAULT_KEY].directory.contacts) == before
    assert simulator.faults.struck["row_deleted"] == 0
    await ask.api(simulator, "GET", CONTACTS + "&offset=00005")
    assert len(simulator.accounts[DEFAULT_KEY].directory.contacts) == before - 1
