"""Records that no client should send: each is refused with a reason, and answered where an id can be read."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.commands.command import Command, Reason, Refusal
from bridge.commands.reading import read_command
from tests.commands.records import ATTRIBUTES, DIAL, binary, command, headers_of, record, refusal

DEEP = 10_000
GOOD = headers_of(ATTRIBUTES)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b" ", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b"\xef\xbb\xbf" + orjson.dumps(DIAL), Reason.NOT_JSON),
        (b'{"contact_id":NaN,"destination":"1"}', Reason.NOT_JSON),
        (b'{"contact_id":1e999,"destination":"1"}', Reason.NOT_JSON),
        (b'{"contact_id":224,"destination":"\\ud800"}', Reason.NOT_JSON),
        (b'{"contact_id":224,"destination":"1"} x', Reason.NOT_JSON),
        (b"[" * DEEP + b"]" * DEEP, Reason.NOT_JSON),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, Reason.NOT_JSON),
        (b'{"contact_id":' + b"[" * 1000 + b"]" * 1000 + b',"destination":"1"}', Reason.INVALID_FIELDS),
        (b"null", Reason.NOT_AN_OBJECT),
        (b"5", Reason.NOT_AN_OBJECT),
        (b'"{}"', Reason.NOT_AN_OBJECT),
        (b"[{}]", Reason.NOT_AN_OBJECT),
        (b"x" * 1_000_000, Reason.TOO_LARGE),
        (b"[" * 1_000_000, Reason.TOO_LARGE),
        (orjson.dumps({**DIAL, "note": "x" * 65_536}), Reason.TOO_LARGE),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else f"{(value or b'none')[:16]!r}",
)
def test_a_wrong_value_is_refused_and_answered(value: bytes | None, why: Reason) -> None:
    """In binary mode the id stands in the headers, whatever the value is."""
    refused = refusal(record(GOOD, value))
    assert refused.reason is why
    assert refused.address is not None
    assert refused.address.id == "c-1"
    assert refused.connection == "acme"
    nobodys = refusal(record([], value))
    assert nobodys.reason is (Reason.NOT_CLOUDEVENTS if why is Reason.INVALID_FIELDS else why)
    assert nobodys.address is None


def test_a_value_of_64_kib_is_read() -> None:
    """The limit is in bytes, white space included; one more is too large."""
    value = orjson.dumps(DIAL)
    assert isinstance(read_command(record(GOOD, value.ljust(65_536))), Command)
    assert refusal(record(GOOD, value.ljust(65_537))).reason is Reason.TOO_LARGE


def test_a_structured_command_that_is_too_large_is_answered() -> None:
    """Its id is in the value, which is read for that."""
    refused = refusal(record([], orjson.dumps({**ATTRIBUTES, "data": {**DIAL, "note": "x" * 900_000}})))
    assert refused.reason is Reason.TOO_LARGE
    assert refused.address is not None
    assert refused.address.id == "c-1"


@pytest.mark.parametrize("extra", [[("x", b"x" * 65_536)], [("x", None)] * 5_000, [("ce_id", b"c-1")] * 5_000])
def test_headers_have_a_limit_too(extra: list[tuple[str, bytes | None]]) -> None:
    """A record can be all headers, and its copies must fit a record."""
    refused = refusal(record([*GOOD, *extra], orjson.dumps(DIAL)))
    assert refused.reason is Reason.TOO_LARGE
    assert refused.address is not None


def test_a_deadline_in_the_year_9999_is_read() -> None:
    """The limit of the wait makes it harmless."""
    assert command(binary(DIAL, expirytime="9999-12-31T23:59:59Z")).expiry_ms == 253_402_300_799_000


NAMES = (
    st.sampled_from([*(f"ce_{name}" for name in (*ATTRIBUTES, "time", "expirytime", "traceparent")), "x"]) | st.text()
)
HEADERS = st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=40)), max_size=12)
VALUES = st.none() | st.binary(max_size=200) | st.sampled_from([orjson.dumps(DIAL), b'{"specversion":"1.0"}'])


@given(HEADERS, VALUES, st.booleans())
def test_any_record_is_a_command_or_a_refusal(
    headers: list[tuple[str, bytes | None]], value: bytes | None, begun_well: bool
) -> None:
    """Nothing that a client can write raises."""
    sent = record([*GOOD, *headers] if begun_well else headers, value)
    assert isinstance(read_command(sent), Command | Refusal)
    assert read_command(sent) == read_command(sent)
