"""Requests to dial, as the judge counts them."""

import pytest

from bridge.simulator import AccountOptions, DialCounts, DialLog, DialRequest, SimulatorOptions
from bridge.simulator.options import DEFAULT_KEY
from tests.simulator.asking import Asker, Simulate


@pytest.mark.asyncio
async def test_dials_are_counted_by_destination(simulate: Simulate, ask: Asker) -> None:
    """Every request to dial that arrived counts, carried out or not; the rows tell them apart."""
    simulator = await simulate(SimulatorOptions())
    contact = simulator.accounts[DEFAULT_KEY].directory.staff[0].contact_id
    for destination in ("111", "222", "111"):
        await ask.api(simulator, "POST", "dial", json={"contactID": contact, "destination": destination})
    await ask.switch(simulator, "answer_503")
    await ask.api(simulator, "POST", "dial", json={"contactID": contact, "destination": "222"})
    await ask.control(simulator, "DELETE", "/faults")
    await ask.switch(simulator, "dial_without_call")
    await ask.api(simulator, "POST", "dial", json={"contactID": contact, "destination": "333"})
    dials = (await ask.control(simulator, "GET", "/dials")).answer
    assert dials["to"] == {
        "111": {"requests": 2, "processed": 2, "calls": 2},
        "222": {"requests": 2, "processed": 1, "calls": 1},
        "333": {"requests": 1, "processed": 1, "calls": 0},
    }
    assert [(row["destination"], row["processed"], row["call_id"] is None) for row in dials["rows"]] == [
        ("111", True, False),
        ("222", True, False),
        ("111", True, False),
        ("222", False, True),
        ("333", True, True),
    ]


@pytest.mark.asyncio
async def test_dials_of_whomever_are_seen_and_told_apart_by_key(simulate: Simulate, ask: Asker) -> None:
    """Of accounts, of an unknown key, of a key without the word Bearer, of none; `?key=` shows one's own alone."""
    simulator = await simulate(SimulatorOptions(keys={"one": AccountOptions(), "two": AccountOptions()}))
    for authorization in ("Bearer one", "Bearer two", "Bearer two", "Bearer nobody", "one", None):
        key = "two" if authorization == "Bearer two" else "one"
        contact = simulator.accounts[key].directory.staff[0].contact_id
        body = {"contactID": contact, "destination": "777"}
        await ask.api(simulator, "POST", "dial", json=body, authorization=authorization)
    rows = (await ask.control(simulator, "GET", "/dials")).answer["rows"]
    assert [(row["key"], row["processed"]) for row in rows] == [
        ("one", True),
        ("two", True),
        ("two", True),
        ("nobody", False),
        ("one", False),
        ("", False),
    ]
    for key, requests, processed in (("one", 2, 1), ("two", 2, 2), ("nobody", 1, 0), ("three", 0, 0)):
        dials = (await ask.control(simulator, "GET", f"/dials?key={key}")).answer
        assert {row["key"] for row in dials["rows"]} <= {key}
        assert len(dials["rows"]) == requests
        expected = {"777": {"requests": requests, "processed": processed, "calls": processed}}
        assert dials["to"] == (expected if requests else {})
    assert simulator.requests.dials.to("777") == DialCounts(requests=6, processed=3, calls=3)
    assert [row.authentic for row in simulator.requests.of(key="one")] == [True, False]
    assert simulator.requests.keys["one"].arrivals.total == 1


def test_dials_to_many_numbers_do_not_fill_the_memory() -> None:
    """Beyond so many numbers the others are counted together."""
    log = DialLog(kept=5)
    for number in range(10_005):
        log.note(DialRequest(0.0, "key", 1, str(number), processed=True, call_id=None))
    log.note(DialRequest(0.0, "key", 1, "3", processed=True, call_id=7))
    assert len(log) == 5
    assert log.others == DialCounts(requests=5, processed=5)
    assert log.to("3") == DialCounts(requests=2, processed=2, calls=1)
