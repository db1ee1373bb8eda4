"""Every operation of the contract, answered as its schema says."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from bridge.simulator import AccountOptions, DialCounts, Simulator, SimulatorOptions
from bridge.simulator.facts import EVENTS
from bridge.simulator.lists import ID_NAMES, LISTS
from bridge.simulator.operations import OPERATION_IDS
from bridge.simulator.options import DEFAULT_KEY
from tests.simulator.asking import Asker, Simulate, simulators
from tests.simulator.contract import ANSWERS, OPERATIONS
from tests.simulator.receiver import Receiver

BEGIN = datetime(2017, 10, 16, 6, tzinfo=UTC)
GENEROUS = {DEFAULT_KEY: AccountOptions(limit=100_000)}

# The field that holds the id of a row.
ROW_IDS = {
    "audio_prompts": "id",
    "call_history": "callID",
    "call_records": "recordingID",
    "contacts": "contactID",
    "groups": "groupID",
    "voicemail_boxes": "voicemailBoxID",
    "voicemails": "voicemailID",
    "voip_endpoints": "id",
}


@pytest_asyncio.fixture(scope="module")
async def played() -> AsyncIterator[Simulator]:
    """Give a simulator with some hours of calls behind it, in which nothing happens any more."""
    async with simulators() as start:
        simulator = await start(SimulatorOptions(calls_per_second=500, speed=4000, begin=BEGIN, keys=GENEROUS))
        assert await simulator.play(0.6)
        yield simulator


async def rows(ask: Asker, simulator: Simulator, name: str, query: str = "") -> list[dict[str, Any]]:
    said = await ask.api(simulator, "GET", f"trigger/{name}?initial_{ID_NAMES[name]}=0{query}")  # type: ignore[index]
    if said.status == 404:
        return []
    assert said.status == 200, said.answer
    data = said.data
    assert isinstance(data, list)
    return data


def test_there_are_29_operations() -> None:
    """Each operation of the contract is served, and no other."""
    assert set(OPERATIONS) == OPERATION_IDS
    assert len(OPERATION_IDS) == 29


@pytest.mark.asyncio
@pytest.mark.parametrize("name", LISTS)
async def test_a_list_and_its_items_are_as_the_contract_says(played: Simulator, ask: Asker, name: str) -> None:
    """The list validates, newest first; each row is found by its id, equal and valid, and an unknown id is a 404."""
    operation = next(key for key, value in OPERATIONS.items() if value["path"] == f"/trigger/{name}")
    said = await ask.api(played, "GET", f"trigger/{name}?initial_{ID_NAMES[name]}=0&limit=500")  # type: ignore[index]
    ANSWERS[operation].validate(said.answer)
    ids = [row[ROW_IDS[name]] for row in said.data]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) > 2
    single = next(key for key, value in OPERATIONS.items() if value["path"].startswith(f"/{name}/"))
    for row, row_id in list(zip(said.data, ids, strict=True))[:5]:
        item = await ask.api(played, "GET", f"{name}/{row_id}")
        ANSWERS[single].validate(item.answer)
        assert item.data == row
    assert (await ask.api(played, "GET", f"{name}/1")).status == 404
    assert (await ask.api(played, "GET", f"{name}/one")).status == 422


@pytest.mark.asyncio
@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_paged_and_continued_from_an_id(played: Simulator, ask: Asker, name: str) -> None:
    """`limit` and `offset` cut pages, `initial_…` gives what is newer, the own id one row, nothing is a 404."""
    everything = await rows(ask, played, name, "&limit=500")
    ids = [row[ROW_IDS[name]] for row in everything]
    assert await rows(ask, played, name, "&limit=2&offset=1") == everything[1:3]
    newer = await ask.api(played, "GET", f"trigger/{name}?initial_{ID_NAMES[name]}={ids[2]}")  # type: ignore[index]
    assert newer.data == everything[:2]
    none = await ask.api(played, "GET", f"trigger/{name}?initial_{ID_NAMES[name]}={ids[0]}")  # type: ignore[index]
    assert (none.status, none.answer["message"]) == (404, "No items found")
    assert await rows(ask, played, name, f"&{ID_NAMES[name]}={ids[1]}") == [everything[1]]  # type: ignore[index]


@pytest.mark.asyncio
async def test_a_page_has_a_hundred_rows_when_nothing_is_said(played: Simulator, ask: Asker) -> None:
    """The newest hundred of more."""
    everything = await rows(ask, played, "call_history", "&limit=500")
    assert len(everything) > 100
    assert await rows(ask, played, "call_history") == everything[:100]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", LISTS)
async def test_a_wrong_parameter_is_a_422(played: Simulator, ask: Asker, name: str) -> None:
    """A missing `initial_…`, and a value that its type does not allow, are refused."""
    initial = f"initial_{ID_NAMES[name]}"  # type: ignore[index]
    for query in (
        "",
        f"?{initial}=x",
        f"?{initial}=-1",
        f"?{initial}=0&limit=0",
        f"?{initial}=0&limit=501",
        f"?{initial}=0&offset=a",
    ):
        said = await ask.api(played, "GET", f"trigger/{name}{query}")
        assert (said.status, said.answer["statusCode"]) == (422, 422), query


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["call_history", "call_records"])
async def test_calls_are_filtered(played: Simulator, ask: Asker, name: str) -> None:
    """Each filter gives exactly the rows that have the value, and several together those that have all."""
    everything = await rows(ask, played, name, "&limit=500")
    sample = everything[len(everything) // 2]
    for parameter, field in (
        ("destination", "destination"),
        ("source", "caller"),
        ("direction", "direction"),
        ("contact_id", "contactID"),
    ):
        value = str(sample[field]).replace("+", "%2B")
        expected = [row for row in everything if row[field] == sample[field]]
        assert await rows(ask, played, name, f"&{parameter}={value}&limit=500") == expected
        assert len(expected) < len(everything)
    both = f"&direction={sample['direction']}&contact_id={sample['contactID']}"
    assert sample in await rows(ask, played, name, both + "&limit=500")
    for wrong in ("direction=up", "contact_id=x", "date_from=yesterday", "date_to="):
        assert (await ask.api(played, "GET", f"trigger/{name}?initial_{ID_NAMES[name]}=0&{wrong}")).status == 422  # type: ignore[index]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["call_history", "call_records", "voicemails"])
async def test_dates_are_a_range_of_starts(played: Simulator, ask: Asker, name: str) -> None:
    """`date_from` and `date_to` include both ends, in the vendor's way of writing a time and in others."""
    everything = await rows(ask, played, name, "&limit=500")
    starts = sorted(row["callStarted"] for row in everything)
    first, last = starts[len(starts) // 3], starts[2 * len(starts) // 3]
    expected = [row for row in everything if first <= row["callStarted"] <= last]
    assert 0 < len(expected) < len(everything)
    for zone in ("%2B0000", "%2B00:00", "Z", ""):
        begin, end = (moment.replace("+0000", zone) for moment in (first, last))
        assert await rows(ask, played, name, f"&date_from={begin}&date_to={end}&limit=500") == expected
    later = BEGIN + timedelta(days=30)
    assert await rows(ask, played, name, f"&date_from={later:%Y-%m-%dT%H:%M:%SZ}") == []


@pytest.mark.asyncio
async def test_groups_and_voicemails_are_filtered(played: Simulator, ask: Asker) -> None:
    """Groups by a member; voicemails by caller, box and employee."""
    groups = await rows(ask, played, "groups")
    member = groups[0]["members"][0]["contactID"]
    expected = [group for group in groups if {"contactID": member} in group["members"]]
    assert await rows(ask, played, "groups", f"&contact_id={member}") == expected
    voicemails = await rows(ask, played, "voicemails", "&limit=500")
    sample = voicemails[0]
    sender = sample["sender"].replace("+", "%2B")
    assert sample in await rows(ask, played, "voicemails", f"&source={sender}")
    box = [row for row in voicemails if row["voicemailBoxID"] == sample["voicemailBoxID"]]
    assert await rows(ask, played, "voicemails", f"&box_id={sample['voicemailBoxID']}&limit=500") == box
    of_one = [
        await rows(ask, played, "voicemails", f"&contact_id={c.contact_id}&limit=500")
        for c in played.accounts[DEFAULT_KEY].directory.staff
    ]
    assert sorted(row["voicemailID"] for some in of_one for row in some) == sorted(
        row["voicemailID"] for row in voicemails
    )


@pytest.mark.asyncio
async def test_lost_calls_are_listed_last_contact_first(played: Simulator, ask: Asker) -> None:
    """The list validates, is filtered by number and date, and paged."""
    said = await ask.api(played, "GET", "lost_calls?limit=500")
    ANSWERS["GetLostCalls"].validate(said.answer)
    everything = said.data
    assert len(everything) > 5
    contacts = [row["last_contact"] for row in everything]
    assert contacts == sorted(contacts, reverse=True)
    assert (await ask.api(played, "GET", "lost_calls?limit=2&offset=1")).data == everything[1:3]
    destination = everything[0]["destination"].replace("+", "%2B")
    filtered = (await ask.api(played, "GET", f"lost_calls?destination={destination}&limit=500")).data
    assert filtered == [row for row in everything if row["destination"] == everything[0]["destination"]]
    middle = contacts[len(contacts) // 2].replace("+", "%2B")
    recent = (await ask.api(played, "GET", f"lost_calls?date_from={middle}&limit=500")).data
    assert recent == [row for row in everything if row["last_contact"] >= contacts[len(contacts) // 2]]
    assert (await ask.api(played, "GET", "lost_calls?date_from=x")).status == 422
    assert (await ask.api(played, "GET", "lost_calls?destination=1")).status == 404


@pytest.mark.asyncio
async def test_a_dial_leads_to_an_outgoing_call(simulate: Simulate, ask: Asker, receiver: Receiver) -> None:
    """The answer validates; a moment later that contact calls that number, and the judge knows which call it is."""
    simulator = await simulate(SimulatorOptions(speed=600))
    await ask.register_all(simulator, receiver.url)
    contact = simulator.accounts[DEFAULT_KEY].directory.staff[3]
    body = {"contactID": contact.contact_id, "destination": "37060000000"}
    said = await ask.api(simulator, "POST", "dial", json=body)
    assert said.status == 200
    ANSWERS["Dial"].validate(said.answer)
    await receiver.wait_for(2)
    started = receiver.received[0]
    assert started.event == "CallStarted"
    assert (started.data["direction"], started.data["destination"], started.data["contactID"]) == (
        "out",
        "37060000000",
        contact.contact_id,
    )
    (dial,) = simulator.requests.dials
    assert (dial.call_id, dial.processed, dial.destination) == (started.data["callID"], True, "37060000000")
    assert simulator.requests.dials.to("37060000000") == DialCounts(requests=1, processed=1, calls=1)


@pytest.mark.asyncio
async def test_a_dial_that_cannot_be_is_refused(played: Simulator, ask: Asker) -> None:
    """Wrong types and numbers and archived contacts are 422, unknown contacts 404; none leads to a call."""
    account = played.accounts[DEFAULT_KEY]
    known = account.directory.staff[0].contact_id
    archived = next(c.contact_id for c in account.directory.contacts.newest_first() if c.archived)
    for body, status in (
        ({}, 422),
        ({"contactID": known}, 422),
        ({"contactID": str(known), "destination": "370"}, 422),
        ({"contactID": known, "destination": 370}, 422),
        ({"contactID": known, "destination": ""}, 422),
        ({"contactID": known, "destination": "call me"}, 422),
        ({"contactID": archived, "destination": "37060000000"}, 422),
        ({"contactID": 1, "destination": "37060000000"}, 404),
    ):
        assert (await ask.api(played, "POST", "dial", json=body)).status == status, body
    assert all(dial.call_id is None for dial in played.requests.dials)
    assert account.day.next_at is None


@pytest.mark.asyncio
async def test_a_limited_key_may_use_its_operations_alone(simulate: Simulate, ask: Asker) -> None:
    """A key with lists but without dial gets 403 for it, and the dial is noted as not carried out."""
    limited = AccountOptions(operations=frozenset({"GetContacts"}))
    simulator = await simulate(SimulatorOptions(keys={DEFAULT_KEY: limited}))
    assert len(await rows(ask, simulator, "contacts")) > 2
    contact = simulator.accounts[DEFAULT_KEY].directory.staff[0].contact_id
    said = await ask.api(simulator, "POST", "dial", json={"contactID": contact, "destination": "37060000000"})
    assert said.status == 403
    assert [dial.processed for dial in simulator.requests.dials] == [False]
    for event in EVENTS:
        assert (await ask.api(simulator, "POST", f"webhooks/{event}", json={"endpoint": "http://a"})).status == 403


@pytest.mark.asyncio
async def test_a_key_is_limited_over_http(simulate: Simulate, ask: Asker) -> None:
    """From now on it may use what is named, an empty list gives everything back, and unknown names are refused."""
    simulator = await simulate(SimulatorOptions())
    assert (await ask.control(simulator, "PUT", "/operations", json={"operations": ["GetGroups"]})).status == 200
    assert await rows(ask, simulator, "groups")
    assert (await ask.api(simulator, "GET", "trigger/contacts?initial_contact_id=0")).status == 403
    assert (await ask.control(simulator, "PUT", "/operations", json={"operations": ["Dail"]})).status == 400
    assert (await ask.control(simulator, "PUT", "/operations", json={"operations": []})).status == 200
    assert await rows(ask, simulator, "contacts")
