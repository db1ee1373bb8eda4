"""What an answer says, by status, envelope and data: the table of the contract's section 7 before it meets a socket."""

import gzip
import json
import zlib
from itertools import product
from typing import Any

import pytest

from bridge.pbx.requests import Expected
from bridge.pbx.responses import (
    LONGEST_MESSAGE,
    Done,
    Exchange,
    Item,
    NotSent,
    NotSentReason,
    Outcome,
    Refused,
    Registered,
    Rows,
    Sent,
    Unusable,
    UnusableReason,
    read_answer,
)
from tests.pbx.rough_vendor import envelope

HTML = b"<!DOCTYPE html><html><body>We are back soon.</body></html>"
LIMIT = 100_000
# Without the time of day, which would name the tests anew in each process.
PACKED = gzip.compress(envelope(), mtime=0)
PACKED_TWICE = gzip.compress(PACKED, mtime=0)
NO_ITEMS: tuple[object, ...] = (None, [], {}, "item", 7, [{"id": 1}])
NO_ROWS: tuple[object, ...] = (None, {}, "rows", 7, {"rows": []})
NO_IDS: tuple[object, ...] = (None, [], {}, "", "seven", -1, 1.5, True, "9" * 30)


def read(status: int, body: bytes | None, expected: Expected = Expected.ANYTHING, coding: str | None = None) -> Outcome:
    return read_answer(expected, status, coding, body, LIMIT)


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_a_success_is_any_2xx_with_the_envelope(status: int) -> None:
    """Which of the successes it is makes no difference."""
    assert read(status, envelope()) == Done()


@pytest.mark.parametrize(
    "body",
    [
        b'{"statusCode":200}',
        b'{"statusCode":"200"}',
        b'{"statusCode":201,"data":null}',
        b'{"statusCode":200,"data":[],"status":7,"version":null,"message":["?"]}',
        b'{"version":"v2","status":"success","statusCode":200,"message":"OK","data":{},"new":{"field":1}}',
    ],
)
def test_of_the_envelope_only_the_status_code_is_required(body: bytes) -> None:
    """Nothing rests on the other fields, and a dial has no data."""
    assert read(200, body) == Done()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        HTML,
        b"[]",
        b"null",
        b"200",
        b'{"statusCode":200',
        b'{"statusCode":null}',
        b'{"statusCode":true}',
        b'{"statusCode":"ok"}',
        b'{"statusCode":2}',
        b'{"statusCode":20000}',
        b'{"version":"v2","status":"success","message":"OK","data":{}}',
        b'{"statusCode":200,"data":NaN}',
        b'{"statusCode":200}{}',
        b'\xff{"statusCode":200}',
        b'{"statusCode":200,"data":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    ],
    ids=lambda body: repr(body[:30]),
)
@pytest.mark.parametrize("expected", Expected)
def test_a_success_without_the_envelope_is_not_usable(body: bytes, expected: Expected) -> None:
    """Something answered, and nobody knows whether it was the vendor."""
    outcome = read(200, body, expected)
    assert isinstance(outcome, Unusable)
    assert outcome.reason is UnusableReason.NO_ENVELOPE


@pytest.mark.parametrize(("status", "told"), [(200, 500), (200, 404), (201, 300), (404, 200), (422, 500), (429, 200)])
@pytest.mark.parametrize("expected", Expected)
def test_status_codes_that_contradict_each_other_are_not_usable(status: int, told: int, expected: Expected) -> None:
    """One of them says that it was done, the other that it was not."""
    outcome = read(status, envelope({"id": 1}, told), expected)
    assert outcome == Unusable(status, UnusableReason.CONTRADICTION, "OK")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_request"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not_found"),
        (422, "unprocessable"),
        (429, "rate_limited"),
        (402, "http_402"),
        (405, "http_405"),
        (408, "http_408"),
        (409, "http_409"),
        (410, "http_410"),
        (451, "http_451"),
        (499, "http_499"),
    ],
)
@pytest.mark.parametrize("expected", [Expected.ANYTHING, Expected.ITEM, Expected.WEBHOOK_ID])
def test_a_refusal_has_the_contracts_word(status: int, code: str, expected: Expected) -> None:
    """With the envelope and its message, and without: a proxy in front of the vendor has none."""
    assert read(status, envelope(None, status, "No items found"), expected) == Refused(status, code, "No items found")
    assert read(status, envelope(None, 400, "Why"), expected) == Refused(status, code, "Why")
    for body in (b"", HTML, b'{"error":1}', None):
        assert read(status, body, expected) == Refused(status, code, None)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_not_usable(status: int) -> None:
    """It is never followed, so nobody knows what would have been there."""
    assert read(status, envelope({}, status)) == Unusable(status, UnusableReason.REDIRECT, "OK")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 999])
def test_a_fault_of_the_vendor_is_not_usable(status: int) -> None:
    """It may have happened before or after the vendor did what was asked."""
    assert read(status, HTML) == Unusable(status, UnusableReason.SERVER_ERROR)
    assert read(status, envelope({}, 200, "done")) == Unusable(status, UnusableReason.SERVER_ERROR, "done")


def test_an_item_is_an_object_with_its_place_in_the_answer() -> None:
    """Numbers that Python cannot hold are read again from the answer's own text."""
    body = envelope({"callID": 150818921852})
    outcome = read(200, body, Expected.ITEM)
    assert outcome == Item({"callID": 150818921852}, body)
    assert isinstance(outcome, Item)
    assert at(body, outcome.path) == {"callID": 150818921852}


def test_rows_keep_their_order_and_whatever_they_are() -> None:
    """A row that cannot be understood goes to the quarantine, and does not hold up the others."""
    rows = ({"callID": 2}, None, "row", {"callID": 1})
    body = envelope(list(rows))
    outcome = read(200, body, Expected.ROWS)
    assert outcome == Rows(rows, body)
    assert isinstance(outcome, Rows)
    assert at(body, outcome.path(3)) == {"callID": 1}


def test_an_empty_list_is_usable_in_both_its_forms() -> None:
    """The vendor says 404 where there are no items."""
    assert read(200, envelope([]), Expected.ROWS) == Rows((), envelope([]))
    for body in (envelope(None, 404, "No items found"), b"", b'{"message":"No items found"}'):
        assert read(404, body, Expected.ROWS) == Rows((), b"")


def test_a_404_that_is_not_the_vendors_is_no_empty_list() -> None:
    """A page of a proxy would otherwise mean that all lost callers have been called back."""
    for body in (HTML, b"[]", None):
        assert read(404, body, Expected.ROWS) == Refused(404, "not_found", None)


@pytest.mark.parametrize(
    ("expected", "data"),
    [
        *product([Expected.ITEM], NO_ITEMS),
        *product([Expected.ROWS], NO_ROWS),
        *product([Expected.WEBHOOK_ID], NO_IDS),
    ],
)
def test_data_of_another_kind_is_not_usable(expected: Expected, data: object) -> None:
    """An item is an object, rows are a list, a webhook's id is a number."""
    assert read(200, envelope(data), expected) == Unusable(200, UnusableReason.UNEXPECTED_DATA, "OK")


@pytest.mark.parametrize("data", [3400000007, "3400000007", "03400000007"])
def test_a_webhooks_id_is_a_number_or_its_digits(data: object) -> None:
    """The contract types it string where it is given and integer where it is taken."""
    assert read(200, envelope(data), Expected.WEBHOOK_ID) == Registered(3400000007)


def test_a_body_over_the_limit_is_not_usable() -> None:
    """None stands for it, since nobody read it to its end."""
    assert read(200, None) == Unusable(200, UnusableReason.TOO_LARGE)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", " x-gzip "])
def test_a_compressed_answer_is_read(coding: str) -> None:
    """It was asked for."""
    assert read(200, gzip.compress(envelope()), coding=coding) == Done()
    assert read(404, gzip.compress(envelope(None, 404)), Expected.ROWS, coding) == Rows((), b"")
    assert read(200, envelope(), coding="identity") == Done()


def test_a_compressed_answer_is_within_the_limit_when_undone() -> None:
    """A thousandth of its size arrives, and no more than the limit is ever held."""
    exact = json.dumps({"statusCode": 200, "message": ""}).encode()
    fitting = exact.replace(b'""', b'"' + b"x" * (LIMIT - len(exact)) + b'"')
    assert len(fitting) == LIMIT
    assert read(200, gzip.compress(fitting)[:], coding="gzip") == Done()
    assert read(200, gzip.compress(fitting + b" "), coding="gzip") == Unusable(200, UnusableReason.TOO_LARGE)
    assert read(200, gzip.compress(bytes(100 * LIMIT)), coding="gzip") == Unusable(200, UnusableReason.TOO_LARGE)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("br", envelope()),
        ("deflate", zlib.compress(envelope())),
        ("gzip, gzip", PACKED_TWICE),
        ("gzip", envelope()),
        ("gzip", PACKED[:-1]),
        ("gzip", PACKED + b"more"),
        ("gzip", PACKED[:-8] + bytes(8)),
    ],
)
def test_what_does_not_decompress_is_not_usable(coding: str, body: bytes) -> None:
    """Another coding than asked for, a broken stream, one that was cut, and one with something behind it."""
    assert read(200, body, coding=coding) == Unusable(200, UnusableReason.UNREADABLE)
    assert read(403, body, coding=coding) == Refused(403, "forbidden", None)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("No items found", "No items found"),
        ("  a\r\nlog: line\x00\x1b[31m ", "a log: line [31m"),
        ("č" * LONGEST_MESSAGE, "č" * LONGEST_MESSAGE),
        ("č" * (LONGEST_MESSAGE + 1), "č" * (LONGEST_MESSAGE - 1) + "…"),
        ("x" * 50_000, "x" * (LONGEST_MESSAGE - 1) + "…"),
        ("", None),
        ("\n\t", None),
        (None, None),
        (["why"], None),
    ],
)
def test_the_vendors_message_is_one_short_line(sent: object, kept: str | None) -> None:
    """It goes into results, the log and a terminal."""
    body = json.dumps({"statusCode": 422, "message": sent}).encode()
    assert read(422, body) == Refused(422, "unprocessable", kept)


def test_what_was_sent_follows_from_the_moments() -> None:
    """No first byte: no. A first byte: perhaps. A head of an answer: yes."""
    outcome = NotSent(NotSentReason.CONNECT, "ECONNREFUSED")
    assert Exchange(outcome, 1.0, 2.0).sent is Sent.NO
    assert Exchange(outcome, 1.0, 2.0, first_byte_at=1.5).sent is Sent.MAYBE
    assert Exchange(outcome, 1.0, 2.0, first_byte_at=1.5, answered_at=1.6).sent is Sent.YES


def test_a_429_throttles_whatever_its_envelope_says() -> None:
    """The freeze must not depend on whether the answer makes sense."""
    outcome = read(429, envelope({}, 200))
    assert isinstance(outcome, Unusable)
    assert Exchange(outcome, 1.0, 2.0, first_byte_at=1.5, answered_at=1.6, status=429).throttled
    assert not Exchange(outcome, 1.0, 2.0, first_byte_at=1.5, answered_at=1.6, status=503).throttled


def at(body: bytes, path: tuple[str | int, ...]) -> object:
    value: Any = json.loads(body)
    for step in path:
        value = value[step]
    return value
