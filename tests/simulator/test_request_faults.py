"""Each switch for requests and lists, set over HTTP and met by a plain HTTP client."""

import asyncio
import time

import pytest
from aiohttp import ClientConnectionError, ClientPayloadError, ClientSession, ClientTimeout, ServerDisconnectedError

from bridge.simulator import AccountOptions, Simulator, SimulatorOptions
from bridge.simulator.options import DEFAULT_KEY
from tests.simulator.asking import Asker, Simulate, until
from tests.simulator.contract import ANSWERS
from tests.simulator.receiver import Receiver

CONTACTS = "trigger/contacts?initial_contact_id=0"
HISTORY = "trigger/call_history?initial_call_id=0"
BUSY = SimulatorOptions(calls_per_second=300, speed=6000, keys={DEFAULT_KEY: AccountOptions(limit=10_000)})


def dial_body(simulator: Simulator) -> dict[str, object]:
    contact = simulator.accounts[DEFAULT_KEY].directory.staff[0]
    return {"contactID": contact.contact_id, "destination": "37060000000"}


def calls_to_come(simulator: Simulator) -> int:
    return sum(dial.call_id is not None for dial in simulator.requests.dials)


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "status"), [("answer_500", 500), ("answer_503", 503), ("answer_429", 429)])
@pytest.mark.parametrize("processed", [None, True])
async def test_an_error_is_answered_instead(
    simulate: Simulate, ask: Asker, name: str, status: int, processed: bool | None
) -> None:
    """The answer is the error in the envelope; the request is carried out only if the switch says so."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, name, on=["Dial"], times=1, processed=processed)
    said = await ask.api(simulator, "POST", "dial", json=dial_body(simulator))
    assert (said.status, said.answer["statusCode"]) == (status, status)
    assert ("Retry-After" in said.headers) is (status == 429)
    (dial,) = simulator.requests.dials
    assert dial.processed is bool(processed)
    assert calls_to_come(simulator) == int(bool(processed))
    assert (await ask.api(simulator, "POST", "dial", json=dial_body(simulator))).status == 200


@pytest.mark.asyncio
async def test_a_forced_429_may_come_without_retry_after(simulate: Simulate, ask: Asker) -> None:
    """`seconds` 0 leaves the header out, another number is its value."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "answer_429", seconds=0)
    assert "Retry-After" not in (await ask.api(simulator, "GET", CONTACTS)).headers
    await ask.switch(simulator, "answer_429", seconds=17)
    assert (await ask.api(simulator, "GET", CONTACTS)).headers["Retry-After"] == "17"


@pytest.mark.asyncio
async def test_html_comes_instead_of_json(simulate: Simulate, ask: Asker, client: ClientSession) -> None:
    """The status is the operation's, the body a page."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "answer_html")
    headers = {"Authorization": f"Bearer {DEFAULT_KEY}"}
    async with client.get(f"{simulator.base_url}/{CONTACTS}", headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        assert (await response.text()).startswith("<!DOCTYPE html>")


@pytest.mark.asyncio
async def test_the_envelope_contradicts_the_status(simulate: Simulate, ask: Asker) -> None:
    """A success says 500 inside, a failure 200."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "envelope_mismatch")
    good = await ask.api(simulator, "GET", CONTACTS)
    assert (good.status, good.answer["statusCode"], good.answer["status"]) == (200, 500, "error")
    bad = await ask.api(simulator, "GET", "contacts/1")
    assert (bad.status, bad.answer["statusCode"], bad.answer["status"]) == (404, 200, "success")


@pytest.mark.asyncio
async def test_an_answer_is_slow(simulate: Simulate, ask: Asker) -> None:
    """It leaves after the seconds asked for; the request was carried out at once."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "answer_slow", seconds=0.3)
    began = time.monotonic()
    assert (await ask.api(simulator, "POST", "dial", json=dial_body(simulator))).status == 200
    assert time.monotonic() - began >= 0.3
    (dial,) = simulator.requests.dials
    assert dial.arrived - began < 0.3


@pytest.mark.asyncio
async def test_an_answer_hangs_until_the_caller_goes(simulate: Simulate, ask: Asker) -> None:
    """Nothing is answered though the request was carried out; once the caller is gone its row ends without a status."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "answer_hanging", times=1)
    with pytest.raises(TimeoutError):
        await ask.api(simulator, "POST", "dial", json=dial_body(simulator), timeout=ClientTimeout(total=0.2))
    assert calls_to_come(simulator) == 1
    (row,) = simulator.requests.rows
    await until(lambda: row.ended is not None)
    assert (row.status, row.processed, row.faults) == (None, True, ("answer_hanging",))


@pytest.mark.asyncio
async def test_a_hanging_answer_ends_in_a_reset_after_its_time(simulate: Simulate, ask: Asker) -> None:
    """Whoever waits longer than the seconds asked for loses the connection."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "answer_hanging", times=1, seconds=0.2)
    began = time.monotonic()
    with pytest.raises(ClientConnectionError):
        await ask.api(simulator, "POST", "dial", json=dial_body(simulator))
    assert time.monotonic() - began >= 0.2


@pytest.mark.asyncio
async def test_an_answer_is_cut_in_the_middle(simulate: Simulate, ask: Asker) -> None:
    """Its head says more bytes than come."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "answer_cut", times=1)
    with pytest.raises(ClientPayloadError):
        await ask.api(simulator, "POST", "dial", json=dial_body(simulator))
    assert calls_to_come(simulator) == 1
    assert (await ask.api(simulator, "GET", CONTACTS)).status == 200


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "calls"), [("reset_before", 0), ("reset_after", 1)])
async def test_a_connection_is_reset(simulate: Simulate, ask: Asker, name: str, calls: int) -> None:
    """Before or after the request was carried out; the caller cannot tell the difference, the judge can."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, name, times=1)
    with pytest.raises(ClientConnectionError) as raised:
        await ask.api(simulator, "POST", "dial", json=dial_body(simulator))
    assert isinstance(raised.value, ConnectionResetError | ServerDisconnectedError | ClientConnectionError)
    assert calls_to_come(simulator) == calls
    assert len(simulator.requests.dials) == 1
    assert simulator.requests.keys[DEFAULT_KEY].arrivals.total == 1


@pytest.mark.asyncio
async def test_a_reset_is_a_tcp_reset(simulate: Simulate, ask: Asker) -> None:
    """The caller's socket sees ECONNRESET, not an orderly end."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "reset_after")
    port = int(simulator.root_url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /api/v2/contacts/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {DEFAULT_KEY}\r\n\r\n".encode())
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


@pytest.mark.asyncio
async def test_a_kept_alive_connection_is_closed_when_the_next_request_comes(simulate: Simulate, ask: Asker) -> None:
    """The first request of a connection is answered, the next one on it meets a closed door and is not carried out."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "keepalive_closed")
    assert (await ask.api(simulator, "POST", "dial", json=dial_body(simulator))).status == 200
    with pytest.raises(ClientConnectionError):
        await ask.api(simulator, "POST", "dial", json=dial_body(simulator))
    assert [dial.processed for dial in simulator.requests.dials] == [True, False]
    assert (await ask.api(simulator, "POST", "dial", json=dial_body(simulator))).status == 200


@pytest.mark.asyncio
async def test_a_request_arrives_after_its_caller_gave_up(simulate: Simulate, ask: Asker) -> None:
    """The call is made although nobody waits for the answer any more, and the arrival is noted when it was."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "request_late", seconds=0.4)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await ask.api(simulator, "POST", "dial", json=dial_body(simulator), timeout=ClientTimeout(total=0.1))
    assert list(simulator.requests.rows) == []
    await until(lambda: len(simulator.requests.rows) > 0)
    (row,) = simulator.requests.rows
    assert row.arrived - began >= 0.4
    assert row.processed
    assert calls_to_come(simulator) == 1


@pytest.mark.asyncio
async def test_a_dial_may_lead_to_no_call(simulate: Simulate, ask: Asker) -> None:
    """It is answered like any other and nothing happens."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "dial_without_call")
    assert (await ask.api(simulator, "POST", "dial", json=dial_body(simulator))).status == 200
    assert [(dial.processed, dial.call_id) for dial in simulator.requests.dials] == [(True, None)]
    assert simulator.accounts[DEFAULT_KEY].day.next_at is None


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "shift"), [("row_deleted", 1), ("row_added", -1)])
async def test_rows_move_between_two_pages(simulate: Simulate, ask: Asker, name: str, shift: int) -> None:
    """A row deleted makes the next page skip one, a row added makes it repeat one."""
    simulator = await simulate(BUSY)
    assert await simulator.play(0.1)
    everything = [row["callID"] for row in (await ask.api(simulator, "GET", HISTORY + "&limit=500")).data]
    await ask.switch(simulator, name, times=1)
    first = [row["callID"] for row in (await ask.api(simulator, "GET", HISTORY + "&limit=5")).data]
    second = [row["callID"] for row in (await ask.api(simulator, "GET", HISTORY + "&limit=5&offset=5")).data]
    assert first == everything[:5]
    assert second == everything[5 + shift : 10 + shift]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "name",
    [
        "audio_prompts",
        "call_history",
        "call_records",
        "contacts",
        "groups",
        "voicemail_boxes",
        "voicemails",
        "voip_endpoints",
    ],
)
async def test_rows_are_added_to_and_deleted_from_each_list(simulate: Simulate, ask: Asker, name: str) -> None:
    """Over the control interface a row appears at the top of the list, valid as the others, and leaves it."""
    simulator = await simulate(SimulatorOptions())
    initial = {
        "audio_prompts": "prompt",
        "call_history": "call",
        "call_records": "record",
        "contacts": "contact",
        "groups": "group",
    }
    id_name = (
        initial.get(name) or {"voicemail_boxes": "box", "voicemails": "voicemail", "voip_endpoints": "endpoint"}[name]
    )
    path = f"trigger/{name}?initial_{id_name}_id=0"

    async def listed() -> list[object]:
        said = await ask.api(simulator, "GET", path)
        return list(said.data) if said.status == 200 else []

    before = await listed()
    assert (await ask.control(simulator, "POST", f"/rows/{name}")).status == 200
    after = await listed()
    assert after[1:] == before
    if name == "call_history":
        ANSWERS["GetCallHistory"].validate((await ask.api(simulator, "GET", path)).answer)
    assert (await ask.control(simulator, "DELETE", f"/rows/{name}")).status == 200
    assert await listed() == before
    assert (await ask.control(simulator, "DELETE", f"/rows/{name}?id=1")).status == 400
    assert (await ask.control(simulator, "POST", "/rows/nothing")).status == 400


@pytest.mark.asyncio
@pytest.mark.parametrize("switched_on", [True, False])
async def test_a_history_row_names_another_contact(
    simulate: Simulate, ask: Asker, receiver: Receiver, switched_on: bool
) -> None:
    """With the switch no row names the contact of its webhook, without it every row does."""
    simulator = await simulate(BUSY)
    await ask.register_all(simulator, receiver.url)
    if switched_on:
        await ask.switch(simulator, "history_other_contact")
    assert await simulator.play(0.1)
    told = {
        received.data["callID"]: received.data["contactID"]
        for received in receiver.received
        if received.event == "CallCompleted"
    }
    rows = (await ask.api(simulator, "GET", HISTORY + "&limit=500")).data
    assert len(rows) == len(told) > 5
    assert {told[row["callID"]] != row["contactID"] for row in rows} == {switched_on}
    truth = (await ask.control(simulator, "GET", "/calls?limit=500")).answer
    assert {row["callID"]: row["contactID"] for row in truth} == told


@pytest.mark.asyncio
async def test_rows_are_distorted_like_webhooks(simulate: Simulate, ask: Asker) -> None:
    """The field switches strike rows of the operations named."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "field_null", on=["GetContacts"], fields=["number"])
    rows = (await ask.api(simulator, "GET", CONTACTS)).data
    assert all(row["number"] is None for row in rows)
    item = await ask.api(simulator, "GET", f"contacts/{rows[0]['contactID']}")
    assert item.data["number"]


@pytest.mark.asyncio
async def test_a_switch_has_a_probability_for_requests_too(simulate: Simulate, ask: Asker) -> None:
    """With a probability of a half some of forty requests fail and some do not."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "answer_500", probability=0.5)
    said = [(await ask.api(simulator, "GET", CONTACTS)).status for _ in range(40)]
    assert 8 < said.count(500) < 32
    assert said.count(500) == simulator.faults.struck["answer_500"]
