"""The contract's table of answers, row by row, over a real socket and with a real Kafka."""

import asyncio
import gzip
import json
import time
import zlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bridge.kafka.local import LocalKafka
from tests.ingress.conftest import OTHER_SECRET, PREVIOUS, SECRET, Ingress, hook_path, running, settings_for
from tests.ingress.raw_http import connection, head, once

pytestmark = pytest.mark.asyncio
SAMPLES = Path(__file__).parents[1] / "samples" / "webhooks"
SCHEMAS = Path(__file__).parents[2] / "schemas"
STARTED = (SAMPLES / "call-started.json").read_bytes()
STARTED_ID = "eaef3f364db3a1ed322d01625ee2173e"
Counted = Callable[[str], float]


async def test_a_webhook_is_answered_when_kafka_has_it(ingress: Ingress, metrics_of: Counted) -> None:
    """202, the id, and the record in its topic to the byte."""
    before = metrics_of("accepted")
    answer = await once(ingress.port, "POST", hook_path(), STARTED)
    assert (answer.status, answer.json) == (202, {"id": STARTED_ID})
    record = await ingress.event("call.started.v1", STARTED_ID)
    headers = dict(record.headers)
    assert record.key == b"acme/call/150818921852"
    assert headers["ce_hook"] == b"CallStarted.0"
    assert record.value == (
        b'{"call_id":150818921852,"caller":"22222222","caller_e164":null,"destination":"23333333",'
        b'"destination_e164":null,"direction":"in","status":1,"call_started":"2017-10-16T21:26:59Z",'
        b'"contact_id":224,"extra":{}}'
    )
    assert metrics_of("accepted") == before + 1


async def test_content_type_is_not_looked_at(ingress: Ingress) -> None:
    """The vendor's JSON counts, whatever it is called."""
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded", "no/such; thing"):
        answer = await once(ingress.port, "POST", hook_path(), STARTED, Content_Type=content_type)
        assert answer.json == {"id": STARTED_ID}


async def test_a_repeat_has_the_same_id(ingress: Ingress) -> None:
    """Also by another hook's key, which is counted."""
    before = ingress.count("bridge_ingress_hook_mismatch_total", connection="acme")
    answer = await once(ingress.port, "POST", hook_path("CallCompleted", generation=3), STARTED)
    assert answer.json == {"id": STARTED_ID}
    assert ingress.count("bridge_ingress_hook_mismatch_total", connection="acme") == before + 1


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        (b"", "not_json", "the body is empty"),
        (STARTED[:50], "not_json", "line 1 column 51"),
        (STARTED.decode().encode("utf-16"), "not_json", "line 1 column 1"),
        (b"[" * 100_000, "not_json", "line 1 column 1026"),
        (b"[1]", "not_an_object", "the body is an array"),
        (b'{"data": {}}', "unknown_event", "eventType: missing"),
        (b'{"eventType": "Fax", "data": {}}', "unknown_event", "eventType: none of the ten events"),
        (b'{"eventType": "CallStarted"}', "invalid_fields", "data: missing"),
        (b'{"eventType": "CallStarted", "data": {"callID": -1}}', "invalid_fields", "data.callID: not an id"),
    ],
)
async def test_what_cannot_be_understood_is_kept(ingress: Ingress, body: bytes, reason: str, detail: str) -> None:
    """202 with the reason, and the raw bytes are in the quarantine topic."""
    answer = await once(ingress.port, "POST", hook_path(), body)
    assert (answer.status, answer.json["quarantined"]) == (202, reason)
    record = await ingress.quarantined(answer.json["id"])
    headers = {name: content.decode() for name, content in record.headers}
    assert record.value == body
    received = headers.pop("receivedtime")
    assert headers == {
        "id": answer.json["id"],
        "reason": reason,
        "detail": detail,
        "kind": "webhook",
        "connection": "acme",
        "hook": "CallStarted.0",
    }
    assert received.endswith("Z")
    assert len(answer.json["id"]) == 26


async def test_keys_of_the_previous_secret_are_good(ingress: Ingress) -> None:
    """A rotation loses nothing."""
    assert (await once(ingress.port, "POST", hook_path(secret=PREVIOUS), STARTED)).status == 202


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize(
    "path",
    [
        hook_path(secret="not the secret of acme at all"),
        hook_path(secret=OTHER_SECRET),
        hook_path(connection="other", secret=OTHER_SECRET).replace("other", "acme"),
        hook_path(connection="nobody"),
        hook_path()[:-1],
        hook_path() + "/more",
        "/hooks/acme/",
        "/hooks/acme",
        "/hooks",
        "/",
        "/hooks/acme/%FF%FE",
    ],
)
async def test_a_stranger_learns_nothing(ingress: Ingress, method: str, path: str) -> None:
    """One and the same 404 for an unknown connection, a wrong key and a wrong path, whatever the method."""
    answer = await once(ingress.port, method, path)
    assert answer.status == 404
    assert answer.body == (b"" if method == "HEAD" else b'{"error":"not found"}')


@pytest.mark.parametrize(
    ("path", "status"),
    [(hook_path(connection="nobody"), 404), (hook_path(connection="guarded"), 403), (hook_path(), 413)],
)
async def test_a_refused_sender_is_not_asked_for_its_body(ingress: Ingress, path: str, status: int) -> None:
    """The answer comes before the body, no `100 Continue` before it, and the connection closes."""
    async with connection(ingress.port) as opened:
        await opened.send(head("POST", path, None, Content_Length="10000000", Expect="100-continue"))
        answer = await opened.answer()
        assert answer.status == status
        assert answer.headers["connection"] == "close"
        assert await opened.closed()


async def test_an_expected_body_is_asked_for(ingress: Ingress) -> None:
    """`100 Continue` once the sender is known, and the answer after the body."""
    async with connection(ingress.port) as opened:
        await opened.send(head("POST", hook_path(), STARTED, Expect="100-continue"))
        assert (await opened.answer()).status == 100
        await opened.send(STARTED)
        assert (await opened.answer()).json == {"id": STARTED_ID}


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [("192.0.2.9", 202), ("203.0.113.1, 192.0.2.9", 202), ("192.0.2.9, 203.0.113.1", 403), ("nonsense", 403)],
)
async def test_only_allowed_addresses_come_in(ingress: Ingress, forwarded: str, status: int) -> None:
    """Behind a trusted proxy the last address that it does not vouch for counts."""
    answer = await once(ingress.port, "POST", hook_path(connection="guarded"), STARTED, X_Forwarded_For=forwarded)
    assert answer.status == status


async def test_a_direct_stranger_is_forbidden_before_its_method_matters(ingress: Ingress) -> None:
    """403 stands before 405."""
    for method in ("POST", "GET"):
        assert (await once(ingress.port, method, hook_path(connection="guarded"))).status == 403


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_only_post_is_allowed(ingress: Ingress, method: str) -> None:
    """405, and what to use instead."""
    answer = await once(ingress.port, method, hook_path())
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


async def test_a_body_over_the_limit_is_refused(ingress: Ingress, metrics_of: Counted) -> None:
    """By its length, in chunks, and after decompression; nothing of it is kept."""
    before = metrics_of("too_large")
    big = b"x" * 10_000_000
    assert (await once(ingress.port, "POST", hook_path(), big)).status == 413
    async with connection(ingress.port) as opened:
        await opened.send(head("POST", hook_path(), Transfer_Encoding="chunked"))
        for _ in range(5):
            await opened.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        assert (await opened.answer()).status == 413
    bomb = gzip.compress(big)
    assert len(bomb) < 20_000
    assert (await once(ingress.port, "POST", hook_path(), bomb, Content_Encoding="gzip")).status == 413
    assert metrics_of("too_large") == before + 3


async def test_the_limit_itself_is_allowed(ingress: Ingress) -> None:
    """262,144 bytes are understood, one more is refused."""
    filler = b" " * (262_144 - len(STARTED))
    assert (await once(ingress.port, "POST", hook_path(), STARTED + filler)).json == {"id": STARTED_ID}
    assert (await once(ingress.port, "POST", hook_path(), STARTED + filler + b" ")).status == 413


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(STARTED), "gzip", 202),
        (zlib.compress(STARTED), "deflate", 202),
        (STARTED, "identity", 202),
        (STARTED, "br", 415),
        (STARTED, "gzip, br", 415),
        (STARTED, "gzip\r\nContent-Encoding: identity", 415),
        (STARTED, "gzip", 400),
        (gzip.compress(STARTED)[:-5], "gzip", 400),
        (gzip.compress(STARTED) + b"more", "gzip", 400),
        (b"", "gzip", 400),
    ],
)
async def test_codings_are_undone_or_refused(ingress: Ingress, body: bytes, encoding: str, status: int) -> None:
    """415 for an unknown one, 400 for a body that is not what it says."""
    assert (await once(ingress.port, "POST", hook_path(), body, Content_Encoding=encoding)).status == status


async def test_a_body_that_drips_is_cut_off(ingress: Ingress) -> None:
    """408 when its time is over, and the connection is closed within a second."""
    async with connection(ingress.port) as opened:
        await opened.send(head("POST", hook_path(), STARTED))
        began = time.monotonic()
        dripping = asyncio.create_task(_drip(opened.send))
        answer = await opened.answer()
        answered = time.monotonic()
        assert await opened.closed()
        closed = time.monotonic()
        dripping.cancel()
    assert answer.status == 408
    assert 0.9 < answered - began < 1.9
    assert closed - answered < 1.0


async def _drip(send: Callable[[bytes], object]) -> None:
    for byte in STARTED:
        send_one = send(bytes([byte]))
        assert asyncio.iscoroutine(send_one)
        await send_one
        await asyncio.sleep(0.2)


async def test_a_broken_transfer_is_refused(ingress: Ingress) -> None:
    """A chunk that is none is a 400, and the next connection is served."""
    async with connection(ingress.port) as opened:
        await opened.send(head("POST", hook_path(), Transfer_Encoding="chunked") + b"zz\r\n")
        assert (await opened.answer()).status == 400
    assert (await once(ingress.port, "POST", hook_path(), STARTED)).status == 202


async def test_idle_connections_hold_nobody_up(ingress: Ingress) -> None:
    """A thousand that say nothing, or half a head, and good ones are answered as ever."""
    async with AsyncExitStack() as stack:
        for number in range(1000):
            opened = await stack.enter_async_context(connection(ingress.port))
            if number % 2:
                await opened.send(b"POST /hooks/acme/")
        for _ in range(20):
            began = time.monotonic()
            assert (await once(ingress.port, "POST", hook_path(), STARTED)).status == 202
            assert time.monotonic() - began < 1.0


async def test_too_many_at_once_are_sent_away(kafka: LocalKafka) -> None:
    """503 with Retry-After: 1 beyond max_in_flight; authentication still comes first, and room is found again."""
    settings = settings_for(kafka.bootstrap, INGRESS__MAX_IN_FLIGHT="2", INGRESS__BODY_TIMEOUT="5s")
    async with running(settings) as ingress, AsyncExitStack() as stack:
        await ingress.ready()
        waiting = [await stack.enter_async_context(connection(ingress.port)) for _ in range(2)]
        for opened in waiting:
            await opened.send(head("POST", hook_path(), STARTED))
        await _until(lambda: ingress.count("bridge_ingress_in_flight") == 2)
        answer = await once(ingress.port, "POST", hook_path(), STARTED)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert (await once(ingress.port, "POST", hook_path(connection="nobody"), STARTED)).status == 404
        assert (await once(ingress.port, "GET", hook_path())).status == 405
        for opened in waiting:
            await opened.send(STARTED)
            assert (await opened.answer()).status == 202
        assert (await once(ingress.port, "POST", hook_path(), STARTED)).status == 202


async def test_a_client_that_leaves_is_no_error(ingress: Ingress) -> None:
    """It hangs up in the middle of its body, is counted as gone, and the room it took is free again."""
    before = ingress.count("bridge_ingress_requests_total", outcome="client_gone")
    async with connection(ingress.port) as opened:
        await opened.send(head("POST", hook_path(), STARTED) + STARTED[:20])
        await _until(lambda: ingress.count("bridge_ingress_in_flight") == 1)
    await _until(lambda: ingress.count("bridge_ingress_in_flight") == 0)
    assert ingress.count("bridge_ingress_requests_total", outcome="client_gone") == before + 1


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /hooks/acme/key HTTP/1.1\r\nbad header +37060012345\r\n\r\n",
        b"POST /hooks/acme/key HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"\x16\x03\x01 hello",
    ],
)
async def test_what_is_no_http_is_counted_and_not_logged(
    ingress: Ingress, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody can send it by the thousand: 400, a number, and not a byte of it in the log."""
    before = ingress.count("bridge_ingress_requests_total", outcome="malformed")
    async with connection(ingress.port) as opened:
        await opened.send(sent)
        assert (await opened.answer()).status == 400
    assert ingress.count("bridge_ingress_requests_total", outcome="malformed") == before + 1
    assert caplog.records == []


async def test_a_body_of_countless_fields_holds_nobody_up(ingress: Ingress) -> None:
    """Fifteen thousand fields that nobody knows cost no more per field than ten."""
    body = json.loads(STARTED)
    body["data"] |= {f"f-{number}": 0 for number in range(15_000)}
    began = time.process_time()
    assert (await once(ingress.port, "POST", hook_path(), json.dumps(body).encode())).status == 202
    assert time.process_time() - began < 0.5


async def test_unknown_fields_are_counted_by_name(ingress: Ingress) -> None:
    """What the vendor adds is seen on a graph; a name that could be a number is not."""
    body = json.loads(STARTED)
    body["data"] |= {"queue": "sales", "+37060012345": 1, "status": "one"}
    others = ingress.count("bridge_vendor_fields_unknown_total", field="(other)", event="call.started")
    assert (await once(ingress.port, "POST", hook_path(), json.dumps(body).encode())).status == 202
    labels = {"event": "call.started"}
    assert ingress.count("bridge_vendor_fields_unknown_total", field="queue", **labels) == 1
    assert ingress.count("bridge_vendor_fields_unknown_total", field="(other)", **labels) == others + 1
    assert ingress.count("bridge_vendor_fields_mistyped_total", field="status", **labels) == 1


async def test_schemas_are_served(ingress: Ingress) -> None:
    """Under the name that events give; there is no other."""
    answer = await once(ingress.port, "GET", "/schemas/pbx.call.started.v1.json")
    assert answer.status == 200
    assert json.loads(answer.body)["title"] == "pbx.call.started.v1"
    assert (await once(ingress.port, "GET", "/schemas/pbx.call.started.v2.json")).status == 404


async def test_all_that_consumers_build_on_is_served(ingress: Ingress) -> None:
    """What is checked in, to the byte: schemas of data and of headers, and the AsyncAPI document."""
    for path in (SCHEMAS / "pbx.quarantine.headers.v1.json", SCHEMAS / "asyncapi.yaml"):
        answer = await once(ingress.port, "GET", f"/schemas/{path.name}")
        assert (answer.status, answer.body) == (200, path.read_bytes())
    assert answer.headers["content-type"] == "application/vnd.aai.asyncapi+yaml"


async def test_the_secret_of_one_connection_opens_no_other(ingress: Ingress) -> None:
    """`guarded` has the secret of `acme`, and yet other keys."""
    path = hook_path(connection="guarded", secret=SECRET).replace("guarded", "acme")
    assert (await once(ingress.port, "POST", path, STARTED)).status == 404


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - a metric has no event to wait for
            await asyncio.sleep(0.01)
