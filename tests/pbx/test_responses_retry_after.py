"""How long the vendor asks to be left alone."""

import pytest

from bridge.pbx.retry_after import retry_after_s

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
NOW = 784_111_777.0  # the same moment


def test_without_the_header_nothing_is_asked_for() -> None:
    """The freeze then lasts a window."""
    assert retry_after_s((), DATE, NOW) is None


@pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("5", 5.0), (" 120 ", 120.0), ("999999999", 86_400.0)])
def test_seconds_are_taken_as_they_are(value: str, seconds: float) -> None:
    """No clock has a part in it; more than a day was not meant, and would outlast any restart."""
    assert retry_after_s((value,), None, 0.0) == seconds


@pytest.mark.parametrize("value", ["Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT"])
@pytest.mark.parametrize("our_clock", [NOW, NOW - 3600, NOW + 3600])
def test_a_date_counts_from_the_answers_own_date(value: str, our_clock: float) -> None:
    """Our clock may be off by an hour, and the vendor's too."""
    assert retry_after_s((value,), DATE, our_clock) == 60.0


def test_a_date_in_the_form_of_c_counts_as_utc() -> None:
    """The third form that HTTP allows has no zone."""
    assert retry_after_s(("Sun Nov  6 08:50:37 1994",), DATE, 0.0) == 60.0


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_a_date_counts_from_our_clock_where_the_answer_has_none(date: str | None) -> None:
    """Better than not to know at all."""
    assert retry_after_s(("Sun, 06 Nov 1994 08:50:37 GMT",), date, NOW) == 60.0


def test_a_date_in_the_past_asks_for_nothing_more() -> None:
    """Never less than no time."""
    assert retry_after_s((DATE,), "Sun, 06 Nov 1994 08:50:37 GMT", NOW) == 0.0


@pytest.mark.parametrize(
    "value", ["", "soon", "-5", "1.5", "5s", "+5", "\u0665", "1" * 10, "Sun, 06 Nov 99999 08:50:37 GMT"]
)
def test_what_cannot_be_understood_is_as_good_as_absent(value: str) -> None:
    """Nor is a number taken that would freeze the connection for ever."""
    assert retry_after_s((value,), DATE, NOW) is None


def test_of_several_the_longest_counts() -> None:
    """A proxy may add its own."""
    assert retry_after_s(("5", "nonsense", "Sun, 06 Nov 1994 08:49:47 GMT", "7"), DATE, NOW) == 10.0
