"""The client against the simulated vendor: every operation, every way to misbehave, and its log as the judge."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.pbx.client import Account, Timeouts, VendorClient
from bridge.pbx.requests import (
    Collection,
    Dial,
    Filters,
    GetItem,
    ListItems,
    ListLostCalls,
    RegisterWebhook,
    RemoveWebhook,
    Request,
)
from bridge.pbx.responses import (
    Done,
    Exchange,
    Item,
    Lost,
    LostReason,
    Outcome,
    Refused,
    Registered,
    Rows,
    Unusable,
    UnusableReason,
)
from bridge.simulator import AccountOptions, Fault, FaultName, Simulator, SimulatorOptions
from bridge.simulator.options import DEFAULT_KEY
from tests.simulator.asking import simulators

TO = "37060000000"
IDS = {
    Collection.AUDIO_PROMPTS: "id",
    Collection.CALL_HISTORY: "callID",
    Collection.CALL_RECORDS: "recordingID",
    Collection.CONTACTS: "contactID",
    Collection.GROUPS: "groupID",
    Collection.VOICEMAIL_BOXES: "voicemailBoxID",
    Collection.VOICEMAILS: "voicemailID",
    Collection.VOIP_ENDPOINTS: "id",
}
GENEROUS = SimulatorOptions(
    seed=3,
    calls_per_second=300,
    speed=6000,
    begin=datetime(2026, 11, 2, 8, tzinfo=UTC),
    keys={DEFAULT_KEY: AccountOptions(limit=10_000)},
)


@pytest_asyncio.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with simulators() as start:
        yield await start(GENEROUS)


def account(simulator: Simulator, key: str = DEFAULT_KEY) -> Account:
    return Account(simulator.base_url, key.encode)


def a_contact(simulator: Simulator) -> int:
    return simulator.accounts[DEFAULT_KEY].directory.staff[0].contact_id


async def rows_of(client: VendorClient, simulator: Simulator, request: Request) -> list[dict[str, Any]]:
    exchange = await client.call(account(simulator), request)
    assert isinstance(exchange.outcome, Rows), exchange
    return [row for row in exchange.outcome.rows if isinstance(row, dict)]


@pytest.mark.asyncio
async def test_every_operation_of_the_contract_is_served(client: VendorClient, simulator: Simulator) -> None:
    """29 operations, each asked for in the vendor's way, each answered with what was expected."""
    await simulator.play(1)
    for collection in Collection:
        rows = await rows_of(client, simulator, ListItems(collection))
        newest = rows[0][IDS[collection]]
        item = await client.call(account(simulator), GetItem(collection, newest))
        assert isinstance(item.outcome, Item)
        assert item.outcome.fields == rows[0]
        assert await rows_of(client, simulator, ListItems(collection, after=newest)) == []
        assert await rows_of(client, simulator, ListItems(collection, limit=1, offset=1)) == rows[1:2]
    lost = await rows_of(client, simulator, ListLostCalls())
    assert lost
    some = await rows_of(client, simulator, ListLostCalls(destination=lost[0]["destination"], limit=500, offset=0))
    assert {row["destination"] for row in some} == {lost[0]["destination"]}
    hooks = []
    for event in WEBHOOK_EVENTS:
        exchange = await client.call(account(simulator), RegisterWebhook(event, "http://127.0.0.1:9/hook"))
        assert isinstance(exchange.outcome, Registered)
        hooks.append(exchange.outcome.webhook_id)
    for hook in hooks:
        assert (await client.call(account(simulator), RemoveWebhook(hook))).outcome == Done()
    again = await client.call(account(simulator), RemoveWebhook(hooks[0]))
    assert again.outcome == Refused(404, "not_found", "No items found")
    assert (await client.call(account(simulator), Dial(a_contact(simulator), TO))).outcome == Done()
    assert [dial.destination for dial in simulator.requests.dials] == [TO]
    assert len({row.operation for row in simulator.requests.rows} - {""}) == 29


@pytest.mark.asyncio
async def test_filters_narrow_the_list(client: VendorClient, simulator: Simulator) -> None:
    """Each in the form that the vendor understands."""
    await simulator.play(0.5)
    calls = await rows_of(client, simulator, ListItems(Collection.CALL_HISTORY, limit=500))
    one = calls[len(calls) // 2]
    started = datetime.strptime(one["callStarted"], "%Y-%m-%dT%H:%M:%S%z")
    narrow = Filters(
        source=one["caller"],
        destination=one["destination"],
        direction=one["direction"],
        contact_id=one["contactID"],
        date_from=started,
        date_to=started,
    )
    assert await rows_of(client, simulator, ListItems(Collection.CALL_HISTORY, filters=narrow)) == [one]


@pytest.mark.asyncio
async def test_refusals_have_the_contracts_words(client: VendorClient) -> None:
    """A wrong key, a method that the key lacks, a contact that is not there, a number that is none, the quota."""
    options = SimulatorOptions(
        keys={
            "poor": AccountOptions(operations=frozenset({"GetContacts"})),
            "key": AccountOptions(),
            "spent": AccountOptions(limit=1),
        }
    )
    async with simulators() as start:
        simulator = await start(options)

        async def outcome(key: str, request: Request) -> Outcome:
            return (await client.call(account(simulator, key), request)).outcome

        contact = simulator.accounts["key"].directory.staff[0].contact_id
        assert await outcome("wrong", Dial(contact, TO)) == Refused(401, "unauthorized", "Unauthorized")
        forbidden = await outcome("poor", Dial(contact, TO))
        assert isinstance(forbidden, Refused)
        assert (forbidden.status, forbidden.code) == (403, "forbidden")
        assert await outcome("key", Dial(0, TO)) == Refused(404, "not_found", "No items found")
        unprocessable = await outcome("key", Dial(contact, "nobody"))
        assert isinstance(unprocessable, Refused)
        assert (unprocessable.status, unprocessable.code) == (422, "unprocessable")
        spent = account(simulator, "spent")
        await client.call(spent, ListLostCalls())
        exchange = await client.call(spent, Dial(simulator.accounts["spent"].directory.staff[0].contact_id, TO))
        assert exchange.outcome == Refused(429, "rate_limited", "Too Many Requests")
        assert exchange.throttled
        assert exchange.retry_after_s is not None
        assert 55 < exchange.retry_after_s <= 61


SLOW = Fault(seconds=0.1)
SHORT = Timeouts(connect_s=2.0, total_s=0.4)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("switch", "fault", "expected", "calls"),
    [
        ("answer_429", Fault(seconds=17), Refused(429, "rate_limited", "Too Many Requests"), 0),
        ("answer_500", Fault(), Unusable(500, UnusableReason.SERVER_ERROR, "Internal Server Error"), 0),
        ("answer_500", Fault(processed=True), Unusable(500, UnusableReason.SERVER_ERROR, "Internal Server Error"), 1),
        ("answer_503", Fault(), Unusable(503, UnusableReason.SERVER_ERROR, "Service Unavailable"), 0),
        ("answer_html", Fault(), Unusable(200, UnusableReason.NO_ENVELOPE), 1),
        ("envelope_mismatch", Fault(), Unusable(200, UnusableReason.CONTRADICTION, "Internal Server Error"), 1),
        ("answer_cut", Fault(), LostReason.DISCONNECTED, 1),
        ("reset_before", Fault(), LostReason.DISCONNECTED, 0),
        ("reset_after", Fault(), LostReason.DISCONNECTED, 1),
        ("answer_hanging", Fault(), LostReason.TIMEOUT, 1),
        ("answer_slow", SLOW, Done(), 1),
        ("request_late", SLOW, Done(), 1),
        ("dial_without_call", Fault(), Done(), 0),
        ("keepalive_closed", Fault(), Done(), 1),
    ],
)
async def test_a_dial_through_each_misfortune(
    client: VendorClient,
    simulator: Simulator,
    switch: FaultName,
    fault: Fault,
    expected: Outcome | LostReason,
    calls: int,
) -> None:
    """It arrives exactly once whatever becomes of its answer; a connection of its own meets no closed one."""
    await client.call(account(simulator), ListItems(Collection.CONTACTS))
    simulator.faults.set(switch, fault)
    exchange = await client.call(account(simulator), Dial(a_contact(simulator), TO), SHORT)
    if isinstance(expected, LostReason):
        assert isinstance(exchange.outcome, Lost)
        assert exchange.outcome.reason is expected
    else:
        assert exchange.outcome == expected
    assert exchange.retry_after_s == (17.0 if switch == "answer_429" else None)
    assert [dial.destination for dial in simulator.requests.dials] == [TO]
    assert sum(dial.call_id is not None for dial in simulator.requests.dials) == calls
    assert simulator.faults.struck[switch] == (switch != "keepalive_closed")


@pytest.mark.asyncio
@pytest.mark.parametrize("request_", [ListItems(Collection.CONTACTS), RemoveWebhook(1)], ids=["list", "remove"])
@pytest.mark.parametrize("switch", ["keepalive_closed", "reset_before", "reset_after", "answer_cut"])
async def test_each_call_is_one_request_in_the_vendors_log(
    client: VendorClient, simulator: Simulator, request_: Request, switch: FaultName
) -> None:
    """Nor is a query repeated that met a connection which was closed just then."""
    await client.call(account(simulator), request_)
    simulator.faults.set(switch, Fault(times=1))
    exchange: Exchange = await client.call(account(simulator), request_)
    assert isinstance(exchange.outcome, Lost)
    assert simulator.requests.total == 2
    assert not isinstance((await client.call(account(simulator), request_)).outcome, Lost)
    assert simulator.requests.total == 3


@pytest.mark.asyncio
async def test_many_calls_through_a_flaky_vendor_are_all_accounted_for(
    client: VendorClient, simulator: Simulator
) -> None:
    """As many requests arrive as calls say that they were sent, and each answer is the one to its own request."""
    for switch in ("reset_before", "reset_after", "answer_cut", "keepalive_closed", "answer_html"):
        simulator.faults.set(switch, Fault(probability=0.1))
    staff = simulator.accounts[DEFAULT_KEY].directory.staff
    asked = [staff[number % len(staff)].contact_id for number in range(300)]
    limit = asyncio.Semaphore(20)

    async def ask(contact: int) -> Exchange:
        async with limit:
            return await client.call(account(simulator), GetItem(Collection.CONTACTS, contact))

    exchanges = await asyncio.gather(*(ask(contact) for contact in asked))
    assert simulator.requests.total == sum(exchange.first_byte_at is not None for exchange in exchanges) == 300
    items = [(item, exchange.outcome) for item, exchange in zip(asked, exchanges, strict=True)]
    answered = [(contact, outcome) for contact, outcome in items if isinstance(outcome, Item)]
    assert 100 < len(answered) < 300
    assert all(outcome.fields["contactID"] == contact for contact, outcome in answered)
