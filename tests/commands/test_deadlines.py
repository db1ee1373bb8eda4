"""Until when a command may begin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.commands.deadlines import LONGEST_WAIT_MS, deadline_ms
from tests.commands.records import APPENDED_MS, DIAL, binary, command

TTL_MS = 30_000
FAR_MS = 10**15
# Beyond the year 9999, to both sides.


@pytest.mark.parametrize(
    ("attributes", "expected_ms"),
    [
        ({}, APPENDED_MS + TTL_MS),
        ({"time": "2018-01-16T11:26:49.120Z"}, APPENDED_MS - 10_000 + TTL_MS),
        ({"time": "2018-01-16T11:26:59.120Z"}, APPENDED_MS + TTL_MS),
        ({"time": "2018-01-16T12:26:59.120Z"}, APPENDED_MS + TTL_MS),
        ({"time": "1970-01-01T00:00:00Z"}, TTL_MS),
        ({"expirytime": "2018-01-16T11:27:09.120Z"}, APPENDED_MS + 10_000),
        ({"expirytime": "2018-01-16T11:28:49.120Z"}, APPENDED_MS + 110_000),
        ({"expirytime": "2018-01-16T11:29:59.120Z"}, APPENDED_MS + 120_000),
        ({"expirytime": "9999-12-31T23:59:59Z"}, APPENDED_MS + 120_000),
        ({"expirytime": "1970-01-01T00:00:00.001Z"}, 1),
        ({"time": "1970-01-01T00:00:00Z", "expirytime": "2018-01-16T11:27:09.120Z"}, APPENDED_MS + 10_000),
        ({"time": "9999-12-31T23:59:59Z", "expirytime": "9999-12-31T23:59:59Z"}, APPENDED_MS + 120_000),
    ],
)
def test_the_deadline_is_the_contract_s(attributes: dict[str, str], expected_ms: int) -> None:
    """From the append, or an earlier `time`; replaced by `expirytime`; never later than 120 s after the append."""
    assert deadline_ms(command(binary(DIAL, **attributes)), TTL_MS) == expected_ms


def test_a_longer_ttl_is_bounded_too() -> None:
    """Whatever the configuration says."""
    assert deadline_ms(command(binary()), 600_000) == APPENDED_MS + 120_000


MOMENT = st.integers(-FAR_MS, FAR_MS)


@given(MOMENT, st.none() | MOMENT, st.none() | MOMENT, st.integers(1, 10**6))
def test_no_attribute_moves_a_deadline_beyond_its_bounds(
    accepted_ms: int, sent_ms: int | None, expiry_ms: int | None, ttl_ms: int
) -> None:
    """`time` only takes away; nothing passes the longest wait."""
    plain = command(binary()._replace(appended_ms=accepted_ms))
    timed = type(plain)(plain.id, plain.source, plain.connection, plain.name, plain.data, accepted_ms, sent_ms)
    assert deadline_ms(timed, ttl_ms) <= deadline_ms(plain, ttl_ms) <= accepted_ms + LONGEST_WAIT_MS
    expiring = type(plain)(
        plain.id, plain.source, plain.connection, plain.name, plain.data, accepted_ms, sent_ms, expiry_ms
    )
    deadline = deadline_ms(expiring, ttl_ms)
    assert deadline <= accepted_ms + LONGEST_WAIT_MS
    if expiry_ms is not None:
        assert deadline == min(expiry_ms, accepted_ms + LONGEST_WAIT_MS)
