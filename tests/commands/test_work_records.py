"""The record by which a command gets from the router to the owner."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calls.sharding import shard_of
from bridge.commands.command import Command
from bridge.commands.command_record import CommandRecord
from bridge.commands.reading import read_command
from bridge.commands.work_records import HEADER, NewerWork, NotWork, Work, read_work, work_record
from bridge.events.records import Record
from bridge.kafka.partitioning import partition_of
from tests.commands.records import ATTRIBUTES, DIAL, TRACEPARENT, binary, command, headers_of, structured

SENT = binary(DIAL, time="2018-01-16T11:26:58Z", expirytime="9999-12-31T23:59:59Z", traceparent=TRACEPARENT)


def written(sent: CommandRecord = SENT) -> Record:
    return work_record(Work(command(sent), sent), "pbx")


def changed(**fields: object) -> list[tuple[str, bytes | None]]:
    (name, content), *original = written().headers
    assert name == HEADER
    return [(HEADER, orjson.dumps({**orjson.loads(content), **fields})), *original]


def test_a_work_record_to_the_byte() -> None:
    """The command's own bytes behind one header of ours: another release must read it."""
    assert written() == Record(
        "pbx.internal.work",
        b"acme",
        b'{"contact_id":224,"destination":"37060000000"}',
        [
            (
                "work",
                b'{"v":1,"topic":"pbx.commands.v1","partition":2,"offset":17,"accepted_ms":1516102019120}',
            ),
            *SENT.headers,
        ],
    )


def test_a_work_record_goes_to_its_connection_s_shard() -> None:
    """By its key."""
    assert partition_of(written().key, 12) == shard_of("acme", 12)


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60)
OTHERS = st.lists(st.tuples(st.text(max_size=10).map("x{}".format), st.binary(max_size=20)), max_size=5)


@given(
    st.sampled_from([binary, structured]),
    st.fixed_dictionaries(
        {"id": TEXT, "source": TEXT},
        optional={
            "correlationid": TEXT,
            "time": st.datetimes().map("{:%Y-%m-%dT%H:%M:%SZ}".format),
            "traceparent": st.just(TRACEPARENT),
        },
    ),
    OTHERS,
    st.tuples(TEXT, st.integers(0, 999), st.integers(0, 2**63 - 1), st.integers(0, 2**53)),
)
def test_what_is_written_is_read(
    mode: type, attributes: dict[str, str], others: list[tuple[str, bytes]], place: tuple[str, int, int, int]
) -> None:
    """Command, record and place: everything."""
    sent: CommandRecord = mode(DIAL, **attributes)
    sent = CommandRecord(*place, (*others, *sent.headers), sent.value)
    read = read_command(sent)
    if not isinstance(read, Command):
        assert "time" in attributes  # years before 1000 are written without their zeros
        return
    work = Work(read, sent)
    record = work_record(work, "pbx")
    assert read_work(record.headers, record.value) == work


@pytest.mark.parametrize(
    "headers",
    [
        [],
        headers_of(ATTRIBUTES),
        [*headers_of(ATTRIBUTES), changed()[0]],
        [("job", changed()[0][1]), *headers_of(ATTRIBUTES)],
        [(HEADER, None)],
        [(HEADER, b"\xff")],
        [(HEADER, b"[]")],
        [(HEADER, b"{}")],
        [(HEADER, b'{"v":"1"}')],
        [(HEADER, b'{"v":true}')],
        [(HEADER, b'{"v":1}')],
        changed(offset="17"),
        changed(offset=None),
        changed(at=1),
        changed(v=0),
    ],
)
def test_what_nobody_has_written_is_not_work(headers: list[tuple[str, bytes | None]]) -> None:
    """It is passed, since nobody waits for it."""
    with pytest.raises(NotWork):
        read_work(headers, SENT.value)


def test_a_newer_format_is_left_alone() -> None:
    """A newer release is at work: its other fields are not even looked at."""
    with pytest.raises(NewerWork, match="format 2, 1 is known"):
        read_work(changed(v=2, at=1, offset=None), SENT.value)


def test_a_command_that_this_release_does_not_know_is_left_alone() -> None:
    """Its router has taken it for one."""
    (work, *_) = written().headers
    with pytest.raises(NewerWork, match="unknown_command"):
        read_work([work, *headers_of({**ATTRIBUTES, "type": "pbx.command.fax.v1"})], SENT.value)
    with pytest.raises(NewerWork, match="not_json"):
        read_work([work, *headers_of(ATTRIBUTES)], None)
