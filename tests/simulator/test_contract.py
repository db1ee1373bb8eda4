"""What the simulator says, field by field: none too many, none missing, in the vendor's order."""

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.simulator.facts import EVENTS, envelope_of
from bridge.simulator.targets import FIELDS
from tests.simulator.contract import ANSWERS, CONTRACT, OPERATIONS, WEBHOOKS
from tests.simulator.days import HOURS, account, play

SAMPLES = Path(__file__).parents[1] / "samples" / "webhooks"
TOLD = play(account(), 3 * HOURS)


def sample_of(event: str) -> dict[str, Any]:
    """Return the vendor's own body of the event."""
    for path in SAMPLES.glob("*.json"):
        sample: dict[str, Any] = json.loads(path.read_bytes())
        if sample["eventType"] == event:
            return sample
    raise LookupError(event)


@pytest.mark.parametrize("event", EVENTS)
def test_a_webhook_has_the_fields_of_the_sample_in_its_order(event: str) -> None:
    """Calls that were answered and passed on have all of them, others leave out what they have no value for."""
    sample = sample_of(event)
    bodies = [envelope_of(fact.event, fact.data) for fact in TOLD if fact.event == event]
    fields = {tuple(body["data"]) for body in bodies if isinstance(body["data"], dict)}
    assert {tuple(body) for body in bodies} == {tuple(sample)}
    full = tuple(sample["data"])
    assert full in fields
    missing = {frozenset(full) - frozenset(some) for some in fields}
    if event == "CallCompleted":
        assert missing == {
            frozenset(),
            frozenset({"previous_contactID"}),
            frozenset({"callConnected", "previous_contactID"}),
        }
    else:
        assert missing == {frozenset()}


@pytest.mark.parametrize("event", EVENTS)
def test_a_webhook_without_a_field_or_with_another_time_does_not_pass(event: str) -> None:
    """The schemas that judge the webhooks can fail: without any of the fields, and with a time that ends in Z."""
    sample = sample_of(event)
    WEBHOOKS[event].validate(sample)
    for field in sample["data"]:
        without = {name: value for name, value in sample["data"].items() if name != field}
        maybe = event == "CallCompleted" and field in {"callConnected", "previous_contactID"}
        assert WEBHOOKS[event].is_valid(sample | {"data": without}) is maybe, field
        if "+0000" in str(sample["data"][field]):
            shifted = sample["data"] | {field: sample["data"][field].replace("+0000", "Z")}
            assert not WEBHOOKS[event].is_valid(sample | {"data": shifted})


def test_the_fields_that_switches_know_are_those_of_the_contract() -> None:
    """A switch for a field that exists is never refused, and one for another always is."""
    known = {
        name: frozenset(schema["properties"]["data"]["properties"]) for name, schema in CONTRACT["webhooks"].items()
    }
    for name, operation in OPERATIONS.items():
        data = operation["answer"]["properties"].get("data", {})
        fields = data.get("items", data).get("properties")
        if fields:
            known[name] = frozenset(fields)
    assert known == FIELDS
    assert known.keys() - set(EVENTS) <= ANSWERS.keys()
