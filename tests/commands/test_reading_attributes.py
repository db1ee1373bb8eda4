"""What the attributes may be: lengths, repeats, characters, times, names of connections."""

import orjson
import pytest

from bridge.commands.command import Command, Reason
from bridge.commands.reading import read_command
from tests.commands.records import (
    ATTRIBUTES,
    DIAL,
    TRACEPARENT,
    binary,
    command,
    headers_of,
    reason,
    record,
    refusal,
    structured,
    without,
)


@pytest.mark.parametrize("name", ["id", "source"])
def test_id_and_source_have_at_most_256_bytes(name: str) -> None:
    """Bytes of UTF-8, not characters; what is longer can still be answered."""
    longest = "ž" * 128
    assert isinstance(read_command(binary(DIAL, **{name: longest})), Command)
    for mode in (binary, structured):
        refused = refusal(mode(DIAL, **{name: f"{longest}a"}))
        assert (refused.reason, refused.detail) == (Reason.INVALID_FIELDS, f"{name}: longer than 256 bytes")
        assert refused.address is not None


@pytest.mark.parametrize("name", ["id", "source", "type", "connection", "correlationid", "time", "expirytime"])
def test_no_attribute_is_read_beyond_1024_bytes(name: str) -> None:
    """It would be repeated in the result; an id that long cannot be answered."""
    refused = refusal(binary(DIAL, **{name: "x" * 1025}))
    assert refused.reason is Reason.INVALID_FIELDS
    assert refused.detail == f"{name}: longer than 1024 bytes"
    assert (refused.address is None) == (name == "id")
    assert refused.connection == (None if name == "connection" else "acme")


@pytest.mark.parametrize("name", ["id", "source", "type", "connection", "correlationid"])
def test_an_attribute_given_twice_and_differently_is_none(name: str) -> None:
    """Which of two ids a dial has is not to be guessed; the same value twice says nothing new."""
    headers = headers_of({"correlationid": "7", **ATTRIBUTES})
    known = dict(headers)[f"ce_{name}"]
    assert isinstance(read_command(record([*headers, (f"ce_{name}", known)], orjson.dumps(DIAL))), Command)
    for other in (b"other", b"", b"\xff"):
        refused = refusal(record([*headers, (f"ce_{name}", other)], orjson.dumps(DIAL)))
        assert refused.detail == f"{name}: given more than once, with different values"
        assert (refused.address is None) == (name == "id")


@pytest.mark.parametrize("name", [*ATTRIBUTES, "correlationid", "time", "expirytime"])
def test_an_attribute_that_is_not_utf_8_is_named(name: str) -> None:
    """It never stops the partition."""
    headers = [(header, content) for header, content in headers_of(ATTRIBUTES) if header != f"ce_{name}"]
    refused = refusal(record([*headers, (f"ce_{name}", b"c-\xff")], orjson.dumps(DIAL)))
    assert refused.detail == f"{name}: not UTF-8"
    assert refused.reason is (Reason.NOT_CLOUDEVENTS if name in without("connection") else Reason.INVALID_FIELDS)


def test_a_control_character_is_no_part_of_an_attribute() -> None:
    """CloudEvents forbids them, and ids stand in logs and terminals."""
    for text in ("c\n1", "c\x1b[2J", "c\x7f", "c\x85"):
        refused = refusal(binary(DIAL, id=text))
        assert (refused.reason, refused.detail) == (Reason.NOT_CLOUDEVENTS, "id: holds a control character")
        assert refused.address is not None
        assert refused.address.id == text


def test_headers_of_others_do_not_matter() -> None:
    """Neither their names nor that they are not UTF-8; nobody is answered where a `reply_to` says."""
    others: list[tuple[str, bytes | None]] = [
        ("reply_to", b"pbx.internal.journal"),
        ("x", b"\xff"),
        ("", None),
        ("ce_x", b"\xff"),
    ]
    assert command(record([*others, *headers_of(ATTRIBUTES)], orjson.dumps(DIAL))) == command(binary())


@pytest.mark.parametrize(
    "malformed",
    [
        "x",
        TRACEPARENT.upper(),
        TRACEPARENT[:-1],
        f"{TRACEPARENT}0",
        f"ff{TRACEPARENT[2:]}",
        f"00-{'0' * 32}-{TRACEPARENT[36:]}",
        f"{TRACEPARENT[:36]}{'0' * 16}-01",
        "x" * 2000,
    ],
)
def test_a_malformed_traceparent_is_left_behind(malformed: str) -> None:
    """Tracing never stands in the way of a command."""
    assert command(binary(DIAL, traceparent=malformed)) == command(binary())
    assert command(structured(DIAL, traceparent=[malformed])) == command(binary())


@pytest.mark.parametrize("name", ["time", "expirytime"])
@pytest.mark.parametrize(
    "unparsable",
    ["now", "2018-01-16", "2018-01-16T11:26:58", "1516102018", "2018-13-01T00:00:00Z", "9999-12-31T23:59:59-01:00"],
)
def test_an_unparsable_time_is_invalid(name: str, unparsable: str) -> None:
    """One without an offset could mean any zone."""
    for mode in (binary, structured):
        refused = refusal(mode(DIAL, **{name: unparsable}))
        assert refused.reason is Reason.INVALID_FIELDS
        assert refused.detail == f"{name}: not an RFC 3339 time with an offset"


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("1970-01-01T00:00:00.5Z", 500),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2018-01-16T11:26:58.1239999Z", 1_516_102_018_123),
        ("2018-01-16T11:26:58.05+00:00", 1_516_102_018_050),
    ],
)
def test_times_are_read_to_the_millisecond_rounded_down(text: str, ms: int) -> None:
    """Whatever their year and their fraction."""
    assert command(binary(DIAL, expirytime=text)).expiry_ms == ms


@pytest.mark.parametrize("name", ["Acme", "acme/1", "-acme", "a" * 64, "acme ", "*", "\u0430cme"])
def test_what_cannot_be_a_connection_s_name_is_unknown_at_once(name: str) -> None:
    """No roll-out could make it known, so nobody waits for one; a name that could be one is the owner's to judge."""
    refused = refusal(binary(DIAL, connection=name))
    assert refused.reason is Reason.UNKNOWN_CONNECTION
    assert refused.connection == name
    assert command(binary(DIAL, connection="a" * 63)).connection == "a" * 63


def test_an_unknown_type_is_an_unknown_command() -> None:
    """Also an event of ours, another version, and a result."""
    for type_ in ("pbx.command.fax.v1", "pbx.command.dial.v2", "pbx.call.started.v1", "pbx.command.result.v1", "dial"):
        assert reason(binary(DIAL, type=type_)) is Reason.UNKNOWN_COMMAND
