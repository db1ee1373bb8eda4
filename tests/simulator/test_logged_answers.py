"""The judge's log has what really left, whatever a switch made of it."""

import asyncio
import json

import pytest
from aiohttp import ClientTimeout

from bridge.simulator import AccountOptions, Simulator, SimulatorOptions
from bridge.simulator.options import DEFAULT_KEY
from bridge.simulator.request_log import Request
from tests.simulator.asking import Asker, Simulate, until

ITEM = "contacts/1"


async def sent(simulator: Simulator, path: str = ITEM, key: str = DEFAULT_KEY) -> tuple[int | None, bytes]:
    """Ask once over a connection of its own and return status and body as they came, cut or not; None = neither."""
    port = int(simulator.root_url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"GET /api/v2/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\r\n"
    writer.write(head.encode())
    try:
        came = await reader.read()
    except ConnectionResetError:
        came = b""
    writer.close()
    if not came:
        return None, b""
    top, _, body = came.partition(b"\r\n\r\n")
    return int(top.split()[1]), body


async def ended(simulator: Simulator, count: int = 1) -> Request:
    rows = simulator.requests.rows
    await until(lambda: len(rows) == count and rows[-1].ended is not None)
    return rows[-1]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("trigger/groups?initial_group_id=0&limit=1", DEFAULT_KEY, 200),
        (ITEM, DEFAULT_KEY, 404),
        ("nothing", DEFAULT_KEY, 404),
        ("trigger/groups", DEFAULT_KEY, 422),
        ("trigger/contacts?initial_contact_id=0", DEFAULT_KEY, 403),
        (ITEM, "nobody", 401),
        (ITEM, "poor", 429),
    ],
)
async def test_each_answer_is_logged_byte_for_byte(simulate: Simulate, path: str, key: str, status: int) -> None:
    """Status and body of the row are those that came."""
    limited = AccountOptions(operations=frozenset({"GetGroups", "GetContactsByID"}))
    simulator = await simulate(SimulatorOptions(keys={DEFAULT_KEY: limited, "poor": AccountOptions(limit=1)}))
    requests = 2 if status == 429 else 1
    for _ in range(requests):
        came = await sent(simulator, path, key)
    row = await ended(simulator, requests)
    assert came[0] == status
    assert (row.status, row.answer) == came
    assert json.loads(came[1])["statusCode"] == status


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("answer_500", b'{"version":"v2","status":"error","statusCode":500'),
        ("answer_503", b'{"version":"v2","status":"error","statusCode":503'),
        ("answer_429", b'{"version":"v2","status":"error","statusCode":429'),
        ("answer_html", b"<!DOCTYPE html>"),
        ("envelope_mismatch", b'{"version":"v2","status":"success","statusCode":200'),
        ("answer_cut", b'{"version":"v2","status":"error","stat'),
        ("answer_slow", b'{"version":"v2","status":"error","statusCode":404'),
        ("request_late", b'{"version":"v2","status":"error","statusCode":404'),
    ],
)
async def test_what_a_switch_lets_leave_is_logged(simulate: Simulate, ask: Asker, name: str, start: bytes) -> None:
    """A page, a contradicting envelope, half a body: the row has what came, not what should have."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, name, **({"seconds": 0.05} if name in {"answer_slow", "request_late"} else {}))
    came = await sent(simulator)
    row = await ended(simulator)
    assert came[1].startswith(start)
    assert (row.status, row.answer) == came
    assert row.faults == (name,)
    whole = b'{"version":"v2","status":"error","statusCode":404,"message":"No items found"}'
    assert (len(came[1]) < len(whole)) is (name == "answer_cut") or name in {"answer_html", "answer_429"}
    shown = (await ask.control(simulator, "GET", "/requests")).answer
    assert [(one["status"], one["answer"]) for one in shown] == [(came[0], came[1].decode())]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["reset_before", "reset_after", "answer_hanging"])
async def test_where_nothing_left_nothing_is_logged(simulate: Simulate, ask: Asker, name: str) -> None:
    """Neither status nor answer of a request whose connection was reset."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, name, **({"seconds": 0.05} if name == "answer_hanging" else {}))
    assert await sent(simulator) == (None, b"")
    row = await ended(simulator)
    assert (row.status, row.answer) == (None, None)
    assert (await ask.control(simulator, "GET")).answer["requests"]["answers"] == {"GetContactsByID": {"none": 1}}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "also"),
    [("request_late", None), ("answer_slow", None), ("answer_slow", "answer_cut"), ("answer_slow", "answer_html")],
)
async def test_an_answer_to_a_caller_who_has_gone_has_not_left(
    simulate: Simulate, ask: Asker, name: str, also: str | None
) -> None:
    """The request was carried out, and nobody was told."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, name, seconds=0.3)
    if also is not None:
        await ask.switch(simulator, also)
    with pytest.raises(TimeoutError):
        await ask.api(simulator, "GET", "trigger/groups?initial_group_id=0", timeout=ClientTimeout(total=0.1))
    row = await ended(simulator)
    assert row.processed
    assert (row.status, row.answer) == (None, None)


@pytest.mark.asyncio
async def test_a_request_on_a_closed_connection_is_logged_without_answer(simulate: Simulate, ask: Asker) -> None:
    """The second request of a connection is reset: its row has nothing, the first one's has what came."""
    simulator = await simulate(SimulatorOptions())
    await ask.switch(simulator, "keepalive_closed")
    port = int(simulator.root_url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked = f"GET /api/v2/{ITEM} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {DEFAULT_KEY}\r\n\r\n".encode()
    writer.write(asked)
    came = await reader.read(4096)
    writer.write(asked)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    await ended(simulator, 2)
    first, second = simulator.requests.rows
    assert first.status == 404
    assert first.answer is not None
    assert came.endswith(first.answer)
    assert (second.status, second.answer) == (None, None)
