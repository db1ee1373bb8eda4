"""What came of a request to the vendor, as values: every answer, and every way to get none. Pure.

A success is usable when its body is the vendor's envelope: a JSON object whose `statusCode` is of the same hundred as
the HTTP status, with the `data` that the request expects. `version`, `status` and `message` are not required, since
nothing rests on them and their values are not published. Where the two status codes contradict each other nobody knows
what the vendor did, so the answer is not usable. A refusal needs no envelope: what stands in front of the vendor
refuses, too.
"""

import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import orjson

from bridge.pbx.requests import Expected
from bridge.pbx.values import read_id

LONGEST_MESSAGE = 200
"""Characters of the vendor's message that are kept: it goes into results, the console and the log."""

_GZIP = 16 + zlib.MAX_WBITS

_CODES = MappingProxyType(
    {
        400: "bad_request",
        401: "unauthorized",
        403: "forbidden",
        404: "not_found",
        422: "unprocessable",
        429: "rate_limited",
    }
)


class NotSentReason(StrEnum):
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    CONNECT_TIMEOUT = "connect_timeout"
    TOO_LATE = "too_late"
    """The moment by which the first byte had to leave has passed."""
    STALE_CONNECTION = "stale_connection"
    """The connection held bytes that nobody had asked for; whatever comes on it is no answer to this request."""


class LostReason(StrEnum):
    TIMEOUT = "timeout"
    DISCONNECTED = "disconnected"
    """Reset or closed before the whole answer had come."""
    MALFORMED = "malformed"
    """What came is no HTTP."""


class UnusableReason(StrEnum):
    SERVER_ERROR = "server_error"
    REDIRECT = "redirect"
    NO_ENVELOPE = "no_envelope"
    """No JSON object with a `statusCode`."""
    CONTRADICTION = "contradiction"
    """`statusCode` and the HTTP status say different things."""
    UNEXPECTED_DATA = "unexpected_data"
    """A success whose `data` is not what was asked for."""
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    """A content coding that was not asked for, or a body that does not decompress."""


@dataclass(frozen=True, slots=True)
class Done:
    """The vendor did it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item as sent; `raw` is the JSON text of the whole answer, in which the item stands at `path`."""

    fields: dict[str, object] = field(repr=False)
    raw: bytes = field(repr=False)

    @property
    def path(self) -> tuple[str | int, ...]:
        return ("data",)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a list as sent, of whatever type; `raw` is the JSON text of the whole answer, empty without rows."""

    rows: tuple[object, ...] = field(repr=False)
    raw: bytes = field(repr=False)

    def path(self, index: int) -> tuple[str | int, ...]:
        """Return where a row stands in `raw`."""
        return ("data", index)


@dataclass(frozen=True, slots=True)
class Registered:
    webhook_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The vendor says no: a 4xx. `code` is the contract's word, `message` the vendor's own, cut."""

    status: int
    code: str
    message: str | None


@dataclass(frozen=True, slots=True)
class Unusable:
    """An answer came that does not say what the vendor did."""

    status: int
    reason: UnusableReason
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The request left, or may have, and no whole answer came. `detail` names the error, without any payload."""

    reason: LostReason
    detail: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not one byte of the request left. `detail` names the error."""

    reason: NotSentReason
    detail: str


Usable = Done | Item | Rows | Registered
Outcome = Usable | Refused | Unusable | Lost | NotSent


class Sent(StrEnum):
    """Whether the vendor got the request."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one call came to. Moments are seconds of the monotonic clock.

    `answered_at` is when the head of an answer was seen, hence a bound for the request's arrival. `ended_at` is when
    the answer was whole, or the connection aborted. `status` and `retry_after_s` are known once a head was seen.
    """

    outcome: Outcome
    started_at: float
    ended_at: float
    first_byte_at: float | None = None
    answered_at: float | None = None
    status: int | None = None
    retry_after_s: float | None = None

    @property
    def sent(self) -> Sent:
        if self.answered_at is not None:
            return Sent.YES
        return Sent.NO if self.first_byte_at is None else Sent.MAYBE

    @property
    def throttled(self) -> bool:
        """Whether the vendor says that the quota is used up, be its answer usable or not."""
        return self.status == 429


def read_answer(  # noqa: PLR0911 - one for each kind of answer, in the order in which they rule each other out
    expected: Expected,
    status: int,
    coding: str | None,
    body: bytes | None,
    most_bytes: int,
) -> Outcome:
    """Return what an answer says.

    `coding` is its Content-Encoding, `body` what came, None when that was larger than `most_bytes`.
    """
    content = UnusableReason.TOO_LARGE if body is None else _decoded(body, coding, most_bytes)
    envelope = None if isinstance(content, UnusableReason) else _json_object(content)
    message = None if envelope is None else _message(envelope)
    hundred = status // 100
    if hundred not in {2, 4}:
        return Unusable(status, UnusableReason.REDIRECT if hundred == 3 else UnusableReason.SERVER_ERROR, message)
    told = None if envelope is None else _status_code(envelope)
    if told is not None and told // 100 != hundred:
        return Unusable(status, UnusableReason.CONTRADICTION, message)
    if hundred == 4:
        # An empty list is a 404; a page of HTML is none of the vendor's, and says nothing about the list.
        if expected is Expected.ROWS and status == 404 and (envelope is not None or content == b""):
            return Rows((), b"")
        return Refused(status, _CODES.get(status, f"http_{status}"), message)
    if isinstance(content, UnusableReason):
        return Unusable(status, content)
    if envelope is None or told is None:
        return Unusable(status, UnusableReason.NO_ENVELOPE, message)
    usable = _usable(expected, envelope.get("data"), content)
    return usable or Unusable(status, UnusableReason.UNEXPECTED_DATA, message)


def _usable(expected: Expected, data: object, raw: bytes) -> Usable | None:
    match expected:
        case Expected.ANYTHING:
            return Done()
        case Expected.ITEM:
            return Item(data, raw) if isinstance(data, dict) and data else None
        case Expected.ROWS:
            return Rows(tuple(data), raw) if isinstance(data, list) else None
        case Expected.WEBHOOK_ID:
            webhook_id = read_id(data)
            return None if webhook_id is None else Registered(webhook_id)


def _decoded(body: bytes, coding: str | None, most_bytes: int) -> bytes | UnusableReason:
    name = "" if coding is None else coding.strip().lower()
    if name in {"", "identity"} or not body:
        return body
    if name not in {"gzip", "x-gzip"}:
        return UnusableReason.UNREADABLE
    stream = zlib.decompressobj(_GZIP)
    try:
        content = stream.decompress(body, most_bytes + 1)
    except zlib.error:
        return UnusableReason.UNREADABLE
    if len(content) > most_bytes:
        return UnusableReason.TOO_LARGE
    return content if stream.eof and not stream.unused_data else UnusableReason.UNREADABLE


def _json_object(content: bytes) -> dict[str, object] | None:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _status_code(envelope: dict[str, object]) -> int | None:
    """Read `statusCode`; a string of digits is taken for the number, as with ids."""
    code = read_id(envelope.get("statusCode"))
    return code if code is not None and 100 <= code < 600 else None


def _message(envelope: dict[str, object]) -> str | None:
    sent = envelope.get("message")
    if not isinstance(sent, str):
        return None
    # Cut before the work, too: a message may be as long as an answer.
    printable = "".join(char if char.isprintable() else " " for char in sent[: 4 * LONGEST_MESSAGE])
    text = " ".join(printable.split())
    return (text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…") or None
