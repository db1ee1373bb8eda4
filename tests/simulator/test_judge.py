"""The judge's log, asked over HTTP."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from bridge.simulator import (
    AccountOptions,
    FailedTaskError,
    Simulator,
    SimulatorOptions,
)
from bridge.simulator.options import DEFAULT_KEY
from bridge.simulator.request_log import KEPT_BODY, KEPT_TEXT
from tests.simulator.asking import Asker, Simulate, until
from tests.simulator.receiver import Receiver

TRUTH = ("calls", "recordings", "voicemails", "lost_callers")
CONTACTS = "trigger/contacts?initial_contact_id=0"


@pytest.mark.asyncio
async def test_every_request_is_noted(simulate: Simulate, ask: Asker) -> None:
    """Refused and unknown ones, too, each with arrival, key, method, path, body and answer, in the order of arrival."""
    simulator = await simulate(SimulatorOptions(keys={DEFAULT_KEY: AccountOptions(limit=2)}))
    began = time.monotonic()
    await ask.api(simulator, "GET", CONTACTS, authorization="Bearer nobody")
    await ask.api(simulator, "POST", "webhooks/CallStarted", json={"endpoint": "http://a"})
    await ask.api(simulator, "PATCH", "../..")
    await ask.api(simulator, "GET", CONTACTS)
    rows = (await ask.control(simulator, "GET", "/requests")).answer
    assert [
        (row["key"], row["method"], row["operation"], row["status"], row["refused"], row["processed"]) for row in rows
    ] == [
        ("nobody", "GET", "GetContacts", 401, False, False),
        (DEFAULT_KEY, "POST", "CallStarted", 200, False, True),
        (DEFAULT_KEY, "PATCH", "", 404, False, False),
        (DEFAULT_KEY, "GET", "GetContacts", 429, True, False),
    ]
    assert rows[1]["body"] == '{"endpoint": "http://a"}'
    assert '"statusCode":200' in rows[1]["answer"]
    assert rows[2]["path"] == "/"
    assert rows[3]["path"] == f"/api/v2/{CONTACTS}"
    times = [time_ for row in rows for time_ in (row["arrived"], row["ended"])]
    assert began <= times[0]
    assert times == sorted(times)
    assert times[-1] <= time.monotonic()
    chosen = (
        await ask.control(simulator, "GET", f"/requests?key={DEFAULT_KEY}&operation=GetContacts&status=429&limit=5")
    ).answer
    assert chosen == [rows[3]]
    assert (await ask.control(simulator, "GET", "/requests?limit=2&offset=1")).answer == rows[1:3]
    assert (await ask.control(simulator, "GET", "/requests?offset=9")).answer == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "rest", [b"Content-Length: 100\r\n\r\n{", b"Content-Length: 3000000\r\n\r\n" + b" " * 3_000_000]
)
async def test_a_request_without_a_usable_body_is_noted(simulate: Simulate, rest: bytes) -> None:
    """Cut on its way or far too large, it has arrived, counts in the quota, and is not carried out."""
    simulator = await simulate(SimulatorOptions())
    port = int(simulator.root_url.rsplit(":", 1)[1])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST /api/v2/dial HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {DEFAULT_KEY}\r\n".encode() + rest)
    await asyncio.sleep(0.05)  # lets the head arrive before the end
    writer.close()
    await until(lambda: len(simulator.requests.rows) == 1)
    assert [(row.operation, row.processed) for row in simulator.requests.rows] == [("Dial", False)]
    assert [dial.processed for dial in simulator.requests.dials] == [False]
    assert simulator.requests.keys[DEFAULT_KEY].arrivals.total == 1


@pytest.mark.asyncio
async def test_every_webhook_is_noted_with_its_attempts(simulate: Simulate, ask: Asker, receiver: Receiver) -> None:
    """The rows say what was sent where, when, and what was answered; they are chosen by event and success."""
    simulator = await simulate(SimulatorOptions(calls_per_second=300, speed=6000))
    await ask.register_all(simulator, receiver.url)
    assert (await ask.control(simulator, "PUT", "/retry", json={"repeats": 2, "first": 0.01})).status == 200
    receiver.answer = lambda received: 400 if received.event == "CallConnected" else 202
    assert await simulator.play(0.1)
    refused = (await ask.control(simulator, "GET", "/webhooks?accepted=false&limit=1000")).answer
    assert {row["event"] for row in refused} == {"CallConnected"}
    assert {tuple(attempt["status"] for attempt in row["attempts"]) for row in refused} == {(400, 400, 400)}
    assert {row["given_up"] for row in refused} == {"attempts used up"}
    started = (await ask.control(simulator, "GET", f"/webhooks?event=CallStarted&key={DEFAULT_KEY}&limit=1000")).answer
    assert Counter(row["body"] for row in started) == Counter(
        received.body.decode() for received in receiver.received if received.event == "CallStarted"
    )
    assert all(row["accepted"] and row["attempts"][0]["answer"] == '{"id":"noted"}' for row in started)
    overview = (await ask.control(simulator, "GET")).answer
    counts = overview["webhooks"]["events"]["CallConnected"]
    assert counts["refused"] == 3 * counts["facts"] == 3 * counts["given_up"] == 3 * len(refused)
    assert overview["webhooks"]["total"]["accepted"] == len(receiver.received) - counts["refused"]
    assert (overview["playing"], overview["pending"]) == (False, 0)


@pytest.mark.asyncio
async def test_the_judge_knows_what_has_really_happened(simulate: Simulate, ask: Asker) -> None:
    """Calls, recordings, voicemails and lost callers, while distorted rows go out through the API."""
    begin = datetime(2017, 10, 16, 6, tzinfo=UTC)
    limit = {DEFAULT_KEY: AccountOptions(limit=1000)}
    simulator = await simulate(SimulatorOptions(calls_per_second=300, speed=2000, begin=begin, keys=limit))
    await ask.switch(simulator, "field_missing")
    assert await simulator.play(0.1)
    overview = (await ask.control(simulator, "GET")).answer["keys"][DEFAULT_KEY]
    for path, counted, row_id in (
        ("calls", "finished_calls", "callID"),
        ("recordings", "recordings", "recordingID"),
        ("voicemails", "voicemails", "voicemailID"),
    ):
        rows = (await ask.control(simulator, "GET", f"/{path}?limit=1000")).answer
        ids = [row[row_id] for row in rows]
        assert ids == sorted(set(ids), reverse=True)
        assert 0 < len(ids) <= overview[counted]
        assert len((await ask.control(simulator, "GET", f"/{path}?limit=2")).answer) == 2
    assert (
        overview["started_calls"]
        == overview["finished_calls"]
        == len((await ask.control(simulator, "GET", "/calls?limit=1000")).answer)
    )
    spells = (await ask.control(simulator, "GET", "/lost_callers?limit=1000")).answer
    assert len(spells) == overview["lost_callers"] > 0
    everything = (await ask.control(simulator, "GET", "/calls?limit=1000")).answer
    assert (await ask.control(simulator, "GET", "/calls?limit=3&offset=2")).answer == everything[2:5]
    assert (await ask.control(simulator, "GET", f"/calls?offset={10**19 - 1}")).answer == []


@pytest.mark.asyncio
async def test_rows_that_the_api_has_lost_are_still_known(simulate: Simulate, ask: Asker) -> None:
    """Deleted between pages, by hand, or by their owner: the API does not show them, the judge does."""
    limit = {DEFAULT_KEY: AccountOptions(limit=10_000)}
    simulator = await simulate(SimulatorOptions(calls_per_second=300, speed=6000, keys=limit))
    assert await simulator.play(0.2)
    before = {path: (await ask.control(simulator, "GET", f"/{path}?limit=1000")).answer for path in TRUTH}
    await ask.switch(simulator, "row_deleted", times=6)
    for name, id_name in (("call_history", "call"), ("call_records", "record"), ("voicemails", "voicemail")):
        for _ in range(2):
            await ask.api(simulator, "GET", f"trigger/{name}?initial_{id_name}_id=0&limit=1&offset=1")
        assert (await ask.control(simulator, "DELETE", f"/rows/{name}")).status == 200
    assert simulator.faults.struck["row_deleted"] == 6
    listed = (await ask.api(simulator, "GET", "trigger/call_history?initial_call_id=0&limit=500")).data
    assert len(listed) == min(500, len(before["calls"]) - 3)
    assert {path: (await ask.control(simulator, "GET", f"/{path}?limit=1000")).answer for path in TRUTH} == before
    deleted = [row for row in before["voicemails"] if row["deleted"]]
    assert len(deleted) == simulator.log.of("VoicemailDeleted").facts > 0


@pytest.mark.asyncio
async def test_what_the_log_keeps_of_a_request_is_bounded(simulate: Simulate, ask: Asker) -> None:
    """Of a long key, path, body and destination it keeps the beginning."""
    simulator = await simulate(SimulatorOptions())
    body = {"contactID": 1, "destination": "5" * 500_000}
    await ask.api(simulator, "POST", "dial?" + "p" * 3000, json=body, authorization="Bearer " + "k" * 3000)
    (row,) = simulator.requests.rows
    (dial,) = simulator.requests.dials
    assert (len(row.key), len(row.path), len(row.body)) == (KEPT_TEXT, KEPT_TEXT, KEPT_BODY)
    assert (dial.key, dial.destination) == (row.key, "5" * KEPT_TEXT)


@pytest.mark.asyncio
async def test_arrivals_are_counted_in_any_window(simulate: Simulate, ask: Asker) -> None:
    """Per key, with the window asked for; unknown keys and windows are refused in one sentence."""
    simulator = await simulate(SimulatorOptions(keys={"one": AccountOptions(), "two": AccountOptions()}))
    for _ in range(3):
        await ask.api(simulator, "GET", CONTACTS, authorization="Bearer two")
    for query, most in (("key=two", 3), ("key=two&window=0", 1), ("key=one", 0), ("", 0)):
        assert (await ask.control(simulator, "GET", f"/arrivals?{query}")).answer["most"] == most, query
    for path in (
        "/arrivals?key=three",
        "/arrivals?window=x",
        "/arrivals?window=-1",
        "/arrivals?window=nan",
        "/arrivals?window=inf",
        "/requests?limit=x",
        "/calls?limit=-1",
    ):
        said = await ask.control(simulator, "GET", path)
        assert said.status == 400, path
        assert said.answer["error"]


@pytest.mark.asyncio
async def test_the_same_seed_plays_the_same_day_over_http(simulate: Simulate, ask: Asker, receiver: Receiver) -> None:
    """Two simulators of one seed and beginning send the same bodies, call by call; their two accounts differ."""
    keys = {DEFAULT_KEY: AccountOptions(), "other": AccountOptions()}
    options = SimulatorOptions(calls_per_second=300, speed=60, begin=datetime(2017, 10, 16, 6, tzinfo=UTC), keys=keys)
    plays = []
    for _ in range(2):
        simulator = await simulate(options)
        receiver.received.clear()
        for authorization in (f"Bearer {DEFAULT_KEY}", "Bearer other"):
            endpoint = {"endpoint": f"{receiver.url}/{authorization[-5:]}"}
            said = await ask.api(simulator, "POST", "webhooks/CallStarted", json=endpoint, authorization=authorization)
            assert said.status == 200
        assert await simulator.play(0.1)
        plays.append(
            [sorted(r.body for r in receiver.received if r.path == path)[:10] for path in (DEFAULT_KEY[-5:], "other")]
        )
    assert plays[0] == plays[1]
    assert plays[0][0] != plays[0][1]
    one, other = (account.directory for account in simulator.accounts.values())
    assert {contact.number for contact in one.staff}.isdisjoint(contact.number for contact in other.staff)
    assert len(plays[0][0]) == len(plays[0][1]) == 10


@pytest.mark.asyncio
async def test_the_day_begins_when_the_first_call_may_come(simulate: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the simulator has stood idle, its first call is now by the wall clock, unless `begin` is given."""
    begin = datetime(2017, 10, 16, 6, tzinfo=UTC)
    idle = await simulate(SimulatorOptions())
    fixed = await simulate(SimulatorOptions(begin=begin))
    monkeypatch.setattr(time, "time_ns", lambda: 2_000_000_000_999_999_999)
    for simulator in (idle, fixed):
        simulator.start_playing()
    assert idle.accounts[DEFAULT_KEY].day.begin == 2_000_000_000
    assert fixed.accounts[DEFAULT_KEY].day.begin == int(begin.timestamp())


@pytest.mark.asyncio
async def test_a_failure_inside_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the simulator's own tasks fail with comes out when it is stopped: a silent simulator would judge wrongly."""
    simulator = Simulator(SimulatorOptions(calls_per_second=100))
    await simulator.start()

    def fail(_: float) -> None:
        raise ArithmeticError("a bug")

    monkeypatch.setattr(simulator.accounts[DEFAULT_KEY].day, "advance", fail)
    simulator.start_playing()
    await asyncio.sleep(0.05)  # the failing task runs in real time
    with pytest.raises(FailedTaskError, match="player of calls has ended: ArithmeticError: a bug"):
        await simulator.stop()
