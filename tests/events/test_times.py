"""The vendor's times, and ours."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.events.times import Moment, parse_moment, receipt_text


@pytest.mark.parametrize(
    ("sent", "text", "epoch_s"),
    [
        ("2017-10-16T21:26:59+0000", "2017-10-16T21:26:59Z", 1508189219),
        ("2017-10-16T21:26:59+00:00", "2017-10-16T21:26:59Z", 1508189219),
        ("2017-10-16T21:26:59Z", "2017-10-16T21:26:59Z", 1508189219),
        ("2017-10-16t21:26:59z", "2017-10-16T21:26:59Z", 1508189219),
        ("2017-10-17 00:26:59+03", "2017-10-16T21:26:59Z", 1508189219),
        ("2017-10-17T00:26:59+0300", "2017-10-16T21:26:59Z", 1508189219),
        ("2017-10-16T17:56:59-03:30", "2017-10-16T21:26:59Z", 1508189219),
        ("2017-10-16T21:26:59.250+0000", "2017-10-16T21:26:59.250Z", 1508189219),
        ("2017-10-16T21:26:59.999999999999Z", "2017-10-16T21:26:59.999999999999Z", 1508189219),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z", -1),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00Z", -30641760000),
    ],
)
def test_a_time_with_an_offset_becomes_utc(sent: str, text: str, epoch_s: int) -> None:
    """Fractions stay as sent, and ids round down."""
    assert parse_moment(sent) == Moment(text, epoch_s)


@pytest.mark.parametrize(
    "sent",
    [
        "2017-10-16T21:26:59",
        "2017-10-16",
        "2017-10-16T21:26+0000",
        "2017-13-16T21:26:59+0000",
        "2017-02-29T21:26:59+0000",
        "2017-10-16T24:00:00+0000",
        "2017-10-16T21:26:60+0000",
        "2017-10-16T21:26:59+2400",
        "2017-10-16T21:26:59+0060",
        "2017-10-16T21:26:59.+0000",
        "2017-W42-1T21:26:59+0000",
        "0000-10-16T21:26:59+0000",
        "0001-01-01T00:00:00+0100",
        "9999-12-31T23:59:59-0100",
        "٢٠١٧-10-16T21:26:59+0000",
        " 2017-10-16T21:26:59+0000",
        "2017-10-16T21:26:59+0000\n",
        "2017-10-16T21:26:59." + "1" * 64 + "Z",
        "yesterday",
        "",
    ],
)
def test_what_is_no_moment_is_not_understood(sent: str) -> None:
    """A time without an offset could mean any zone."""
    assert parse_moment(sent) is None


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)), st.integers(-23 * 60, 23 * 60))  # noqa: DTZ001 - the zone is drawn beside it
def test_any_moment_is_read_as_python_reads_it(naive: datetime, offset_minutes: int) -> None:
    """The standard library as the oracle."""
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    read = parse_moment(moment.isoformat())
    assert read is not None
    assert datetime.fromisoformat(read.text) == moment
    assert read.text.endswith("Z")
    assert datetime.fromtimestamp(read.epoch_s, UTC) <= moment < datetime.fromtimestamp(read.epoch_s + 1, UTC)


def test_a_receipt_has_milliseconds() -> None:
    """Three digits, trailing zeros included."""
    assert receipt_text(1508189220250) == "2017-10-16T21:27:00.250Z"
    assert receipt_text(1508189220000) == "2017-10-16T21:27:00.000Z"
