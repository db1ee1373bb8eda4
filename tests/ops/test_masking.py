"""No whole telephone number and no key in a log, whoever writes the line."""

import io
import json
import logging

import pytest
import structlog

from bridge.ops.logs import configure_logs
from bridge.ops.masking import mask_text
from bridge.pbx.hook_keys import HookName, hook_key

KEY = hook_key(b"a secret of the connection", "acme", HookName("CallStarted", 0))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call from +37060012345 to 22222222", "call from ***45 to ***22"),
        ("+370 600 12345, (8-600) 12345", "***45, (***45"),
        (f"POST /hooks/acme/{KEY} HTTP/1.1", "POST /hooks/acme/CallStarted.0*** HTTP/1.1"),
        (f"https://h.example.com/hooks/acme/{KEY}?x=1", "https://h.example.com/hooks/acme/CallStarted.0***?x=1"),
        ("Authorization: Bearer OnYSrLTH3i2qiyb873au2LNdAajXjf5I", "Authorization: Bearer ***"),
        ("port 9092, offset 12, 127.0.0.1:40285", "port 9092, offset 12, 127.0.0.1:40285"),
        ("2026-11-23T06:41:56Z", "2026-11-23T06:41:56Z"),
        ("pbx.call.started.v1/2@15318", "pbx.call.started.v1/2@15318"),
    ],
)
def test_numbers_and_keys_are_masked_and_the_rest_is_left(text: str, masked: str) -> None:
    """Two digits of a number stay, so two lines about one can be told to be so."""
    assert mask_text(text) == masked


@pytest.fixture
def lines() -> io.StringIO:
    """Give the stream that all logs go to."""
    return io.StringIO()


@pytest.fixture(autouse=True)
def _logs(lines: io.StringIO) -> object:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    configure_logs(lines)
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)


def test_our_own_lines_are_masked(lines: io.StringIO) -> None:
    """In the sentence and in the fields, but an offset stays an offset."""
    structlog.get_logger("bridge.test").info(
        "called +37060012345", number="22222222", offset="15318000", id="1234567890"
    )
    line = json.loads(lines.getvalue())
    assert (line["event"], line["number"], line["offset"], line["id"]) == (
        "called ***45",
        "***22",
        "15318000",
        "1234567890",
    )
    assert line["level"] == "info"
    assert line["logger"] == "bridge.test"


def test_a_library_s_lines_are_masked(lines: io.StringIO) -> None:
    """HTTP servers quote request lines and bodies when they are broken; the traceback is masked as well."""
    try:
        int(f"bad request line: POST /hooks/acme/{KEY} with 37060012345")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling request from %s", "127.0.0.1")
    written = lines.getvalue()
    assert KEY not in written
    assert "37060012345" not in written
    assert "bad request line" in json.loads(written)["exception"]
