"""What a result says to people: one sentence or two, without any value of the command. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from bridge.calls.conclusions import Conclusion, NoSlot, Status
from bridge.pbx.responses import LostReason, NotSentReason, UnusableReason

_REASONS: Mapping[str, str] = MappingProxyType(
    {
        NotSentReason.DNS: "its host name could not be resolved",
        NotSentReason.CONNECT: "no connection could be made",
        NotSentReason.TLS: "the TLS handshake failed",
        NotSentReason.CONNECT_TIMEOUT: "no connection was made in time",
        NotSentReason.TOO_LATE: "the request could not leave in time",
        NotSentReason.STALE_CONNECTION: "the connection was spoilt",
        LostReason.TIMEOUT: "no whole answer came in time",
        LostReason.DISCONNECTED: "the connection broke before a whole answer had come",
        LostReason.MALFORMED: "what came is no HTTP",
        UnusableReason.SERVER_ERROR: "it answered with an error of its own",
        UnusableReason.REDIRECT: "it answered with a redirect, which is not followed",
        UnusableReason.NO_ENVELOPE: "its answer is not in the form of its API",
        UnusableReason.CONTRADICTION: "its answer contradicts itself",
        UnusableReason.UNEXPECTED_DATA: "its answer does not hold what was asked for",
        UnusableReason.TOO_LARGE: "its answer is too large; a list can be asked for in parts, by limit and offset",
        UnusableReason.UNREADABLE: "its answer could not be unpacked",
        "owner_lost": "the worker that dialled was lost before it could note the answer",
    }
)
# By the code of a result. The same word may stand for two moments, and the sentence must fit both.

_NO_SLOT: Mapping[str, str] = MappingProxyType(
    {
        NoSlot.QUEUE_FULL: "The connection's queue is full; nothing was sent.",
        NoSlot.TOO_LATE: "The vendor's quota leaves no room before the deadline; nothing was sent.",
    }
)


def sentence(conclusion: Conclusion) -> str:  # noqa: PLR0911 - one for each status
    """Return what is to be said of a conclusion other than `ok`, of which the publisher knows what came."""
    said = "" if conclusion.message is None else f' The vendor says: "{conclusion.message}".'
    status = "" if conclusion.http_status is None else f" (HTTP {conclusion.http_status})"
    reason = _REASONS.get(conclusion.code or "", "no usable answer is known")
    match conclusion.status:
        case Status.OK:
            return "The vendor did it."
        case Status.REJECTED:
            return f"The vendor refused it{status}.{said}"
        case Status.EXPIRED:
            return "The deadline passed while it waited; nothing was sent."
        case Status.OVERLOADED:
            return _NO_SLOT.get(conclusion.code or "", "There was no room for it; nothing was sent.")
        case Status.NOT_SENT:
            return f"Not one byte was sent to the vendor: {reason}."
        case Status.IN_DOUBT:
            return f"Nobody knows whether the vendor did it: {reason}{status}. It is not sent again.{said}"
        case Status.FAILED:
            return f"The vendor gave no usable answer: {reason}{status}.{said}"
        case _:
            assert_never(conclusion.status)
