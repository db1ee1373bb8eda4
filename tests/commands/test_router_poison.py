"""Records that no client should send, on a real broker: each is answered, and none stops those behind it."""

import gzip
import logging
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from structlog.testing import capture_logs

from bridge.commands.router import CommandRouter
from bridge.commands.work_records import read_work
from bridge.kafka.local import LocalKafka
from bridge.kafka.log_filter import quieten_library
from tests.commands.installation import Headers, Installation, data_of, dial_headers, until
from tests.commands.raw_produce import raw_batch, raw_record, snappy
from tests.commands.records import ATTRIBUTES, DIAL

SECRET = b"top-secret-payload"
DEEP = 10_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(kafka: LocalKafka) -> AsyncIterator[Installation]:
    """Give an installation with a router at work, which all tests of this module send their poison to."""
    async with Installation.on(kafka.bootstrap) as made:
        router = made.router()
        await until(lambda: router.problem() is None)
        yield made


@pytest.fixture
def router(installation: Installation) -> CommandRouter:
    return installation.routers[0]


def new_id() -> str:
    return uuid4().hex


async def good_one_passes(installation: Installation) -> None:
    """See a good command routed that stands behind all that was sent before."""
    id_ = new_id()
    await installation.dial(id_)
    await installation.routed(id_)
    assert installation.routers[0].problem() is None


async def refused(installation: Installation, offset: int, id_: str, reason: str) -> None:
    """See the copy of the record at `offset`, and the answer to `id_` where there is one."""
    await good_one_passes(installation)
    await until(lambda: [copy for copy in installation.quarantine if copy.named["offset"] == str(offset).encode()])
    (copy,) = (copy for copy in installation.quarantine if copy.named["offset"] == str(offset).encode())
    assert (copy.named["reason"], copy.named["kind"]) == (reason.encode(), b"command")
    if id_:
        await until(lambda: [result for result in installation.results if result.key == id_.encode()])
    answers = [data_of(result) for result in installation.results if result.key == id_.encode()]
    assert [(answer["status"], answer["code"]) for answer in answers] == ([("invalid", reason)] if id_ else [])
    assert id_ not in installation.routed_ids


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\xff\xfe" + SECRET, "not_json"),
        (b"{" + SECRET, "not_json"),
        (b"[" * DEEP + b"]" * DEEP, "not_json"),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "not_json"),
        (b'"' + b"x" * 1_000_000 + b'"', "too_large"),
        (b"[1]", "not_an_object"),
        (None, "not_json"),
        (b"", "not_json"),
    ],
    ids=["no_utf_8", "no_json", "deep_lists", "deep_objects", "1_mb", "no_object", "tombstone", "empty"],
)
async def test_a_wrong_value_is_refused_and_passed(
    installation: Installation, value: bytes | None, reason: str
) -> None:
    """There is a copy in the quarantine and an answer, and the next command is routed."""
    id_ = new_id()
    offset = await installation.send(dial_headers(id_), value)
    await refused(installation, offset, id_, reason)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("headers", "reason", "answered"),
    [
        ([("x", b"x" * 200_000)], "too_large", True),
        ([("x", None)] * 3_000, "too_large", True),
        ([("ce_type", b"pbx.command.unknown.v1")], "unknown_command", True),
        ([("ce_source", b"\xff\xfe")], "not_cloudevents", True),
        ([("ce_id", b"\xff\xfe")], "not_cloudevents", False),
        ([("ce_id", None)], "not_cloudevents", False),
        ([("ce_connection", None)], "invalid_fields", True),
        ([("ce_expirytime", b"tomorrow")], "invalid_fields", True),
    ],
    ids=["200_kb", "many", "type", "source_no_utf_8", "id_no_utf_8", "id_null", "connection_null", "expirytime"],
)
async def test_wrong_headers_are_refused_and_passed(
    installation: Installation, headers: Headers, reason: str, answered: bool
) -> None:
    """An answer needs an id that can be read."""
    id_ = new_id()
    changed = {name for name, _ in headers}
    kept = [header for header in dial_headers(id_) if header[0] not in changed]
    offset = await installation.send([*kept, *headers], orjson.dumps(DIAL))
    await refused(installation, offset, id_ if answered else "", reason)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "headers",
    [
        [("x", b"\xff\xfe")],
        [("x", None), ("content-type", None), ("correlation_id", None)],
        [("ce_time", None), ("ce_traceparent", b"\xff")],
        [("ce_expirytime", b"9999-12-31T23:59:59Z")],
        [("ce_time", b"1999-12-31T23:59:59Z")],
        [("ce_time", b"2999-12-31T23:59:59Z")],
        [("content-type", b"\xff"), ("message_id", b"\xff")],
    ],
    ids=["no_utf_8", "null", "null_time", "year_9999", "past", "future", "content_type"],
)
async def test_odd_headers_are_no_reason_to_refuse(installation: Installation, headers: Headers) -> None:
    """They are handed on as they came; the deadline is for the shard's owner."""
    id_ = new_id()
    await installation.send([*dial_headers(id_), *headers], orjson.dumps(DIAL))
    await good_one_passes(installation)
    (work,) = (work for work in installation.work if work.named["ce_id"] == id_.encode())
    assert work.headers[1:] == [(name, sent or b"") for name, sent in [*dial_headers(id_), *headers]]


@pytest.mark.asyncio
async def test_nothing_is_published_to_where_a_command_says(installation: Installation) -> None:
    """The headers that FastStream would obey are other people's words."""
    id_ = new_id()
    wanted = f"{installation.prefix}.reply"
    await installation.create(wanted)
    told: Headers = [("reply_to", wanted.encode()), ("correlation_id", b"x"), ("ce_replyto", wanted.encode())]
    await installation.send([*dial_headers(id_), *told], orjson.dumps(DIAL))
    await installation.send(told, b"no command")
    await good_one_passes(installation)
    assert id_ in installation.routed_ids
    producer = AIOKafkaProducer(bootstrap_servers=installation.bootstrap)
    await producer.start()
    try:
        assert (await producer.send_and_wait(wanted, b"the first record")).offset == 0
    finally:
        await producer.stop()


def raw_dial(id_: str, index: int = 0, *, extra: tuple[bytes, bytes] | None = None, attributes: int = 0) -> bytes:
    headers = [(name.encode(), sent) for name, sent in dial_headers(id_)]
    if extra is not None:
        headers.insert(1, extra)
    return raw_record(orjson.dumps(DIAL), headers, index=index, attributes=attributes)


@pytest.mark.asyncio
async def test_a_header_name_that_is_no_utf_8_stops_nobody(installation: Installation, router: CommandRouter) -> None:
    """The client library cannot read such a fetch; its neighbours and the record itself are commands all the same."""
    ids = [new_id() for _ in range(3)]
    records = [raw_dial(ids[0]), raw_dial(ids[1], 1, extra=(b"ce_\xff", b"x")), raw_dial(ids[2], 2)]
    await installation.send_raw(raw_batch(*records))
    await good_one_passes(installation)
    assert [id_ for id_ in installation.routed_ids if id_ in ids] == ids
    (odd,) = (work for work in installation.work if work.named["ce_id"] == ids[1].encode())
    assert odd.named["ce_\ufffd"] == b"x"
    assert read_work(odd.headers, odd.value).command.id == ids[1]


@pytest.mark.asyncio
async def test_a_record_that_the_library_misreads_stops_nobody(installation: Installation) -> None:
    """Attributes of more than seven bits: brokers take them, and the library loses its place."""
    id_ = new_id()
    await installation.send_raw(raw_batch(raw_dial(id_, attributes=0x80)))
    await good_one_passes(installation)
    assert id_ in installation.routed_ids


@pytest.mark.asyncio
async def test_a_batch_that_cannot_be_unpacked_is_kept_and_passed(installation: Installation) -> None:
    """Nobody can be answered, as no id can be read: the copy says what is missing."""
    before = len(installation.quarantine)
    batch = raw_batch(raw_dial(new_id()), codec=2, packed=snappy(raw_dial(new_id())))
    await installation.send_raw(batch)
    await good_one_passes(installation)
    await until(lambda: len(installation.quarantine) > before)
    (copy,) = installation.quarantine[before:]
    assert copy.named["reason"] == b"not_cloudevents"
    assert copy.named["detail"] == b"compressed with snappy, which is not installed here"
    assert snappy(b"")[:8] in copy.value


@pytest.mark.asyncio
async def test_a_packed_batch_is_read(installation: Installation) -> None:
    """Gzip is always there."""
    id_ = new_id()
    await installation.send_raw(raw_batch(raw_dial(id_), codec=1, packed=gzip.compress(raw_dial(id_))))
    await good_one_passes(installation)
    assert id_ in installation.routed_ids


@pytest.mark.asyncio
async def test_a_command_that_its_sender_took_back_is_none(installation: Installation) -> None:
    """Neither the library's way nor the patient one reads what is in an aborted transaction."""
    taken_back, given = new_id(), new_id()
    producer = AIOKafkaProducer(bootstrap_servers=installation.bootstrap, transactional_id=new_id())
    await producer.start()
    try:
        for id_, patient in ((taken_back, False), (f"{taken_back}-2", True)):
            await producer.begin_transaction()
            await producer.send_and_wait(
                installation.commands, orjson.dumps(DIAL), partition=0, headers=dial_headers(id_)
            )
            if patient:
                await installation.send_raw(raw_batch(raw_dial(new_id(), extra=(b"\xff", b"x"))))
            await producer.abort_transaction()
            await good_one_passes(installation)
        async with producer.transaction():
            await producer.send_and_wait(
                installation.commands, orjson.dumps(DIAL), partition=0, headers=dial_headers(given)
            )
        await installation.routed(given)
    finally:
        await producer.stop()
    assert not {taken_back, f"{taken_back}-2"} & set(installation.routed_ids)


@pytest.mark.asyncio
async def test_the_log_says_what_is_refused_and_never_what_was_sent(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    """A hundred refusals make a line at the most, and none is FastStream's."""
    caplog.set_level(logging.DEBUG)
    quieten_library(time.monotonic)
    with capture_logs() as lines:
        for _ in range(100):
            await installation.send(dial_headers(new_id()), b"{" + SECRET)
        await installation.send_raw(raw_batch(raw_record(b"{" + SECRET, [(b"\xff", SECRET)])))
        await good_one_passes(installation)
    assert len([line for line in lines if line["event"] == "a record is no command"]) <= 1
    assert len(lines) <= 3
    assert not [record for record in caplog.records if record.name.startswith("faststream")]
    for told in (str(lines), caplog.text):
        assert SECRET.decode() not in told
        assert ATTRIBUTES["source"] not in told
