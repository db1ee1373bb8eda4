"""The attributes of a command's CloudEvent, in binary and in structured mode, as far as they can be read. Pure.

An attribute that is empty or null counts as absent. Those that the bridge does not know are not looked at.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from bridge.commands.command import Reason, ReturnAddress

LONGEST_ID_BYTES: Final = 256
# The contract's limit of `id` and `source`.
_LONGEST_BYTES: Final = 1024
# Of anything that is repeated in a result: an id that is too long for a command can still be answered.
HEADER_PREFIX: Final = "ce_"
_CORE: Final = ("specversion", "id", "source", "type")
KNOWN: Final = (*_CORE, "connection", "time", "expirytime", "correlationid", "traceparent")
"""What the bridge reads, in the order in which it complains."""

_TEXTS_ALONE: Final = frozenset({*_CORE, "time", "expirytime"})
# Strings by the specification. An extension may be a number or a boolean, too, and stands for its canonical text.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Forbidden in a CloudEvent's texts; in a log or a terminal they do harm.
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
# W3C Trace Context; `ff` and identifiers of zeros are invalid there.


class Fault(NamedTuple):
    """What is wrong with an attribute."""

    reason: Reason
    detail: str


class Attributes(NamedTuple):
    """The attributes that can be read, and what is wrong with each that is not as it must be."""

    values: Mapping[str, str]
    faults: Mapping[str, Fault]

    def first_fault(self) -> Fault | None:
        """Return what is to be said first; required attributes that are missing count."""
        for name in KNOWN:
            if (fault := self.faults.get(name)) is not None:
                return fault
            if name not in self.values and name in _CORE:
                return Fault(Reason.NOT_CLOUDEVENTS, f"{name}: missing")
            if name not in self.values and name == "connection":
                return Fault(Reason.INVALID_FIELDS, f"{name}: missing")
        return None

    @property
    def address(self) -> ReturnAddress | None:
        """Whom an answer is for; None where no id can be read."""
        id_ = self.values.get("id")
        if id_ is None:
            return None
        return ReturnAddress(
            id_,
            self.values.get("source"),
            self.values.get("connection"),
            self.values.get("type"),
            self.values.get("correlationid"),
            self.values.get("traceparent"),
        )


def from_headers(headers: Iterable[tuple[str, bytes]]) -> Attributes:
    """Read the `ce_` headers of the binary mode. An attribute that is given twice, and differently, is none."""
    sent: dict[str, bytes] = {}
    problems: dict[str, str] = {}
    for header, content in headers:
        name = header.removeprefix(HEADER_PREFIX)
        if name == header or name not in KNOWN:
            continue
        if sent.setdefault(name, content) != content:
            problems[name] = "given more than once, with different values"
    texts: dict[str, str] = {}
    for name, content in sent.items():
        try:
            texts[name] = content.decode()
        except UnicodeDecodeError:
            problems.setdefault(name, "not UTF-8")
    return _checked(texts, problems)


def from_object(event: Mapping[str, object]) -> Attributes:
    """Read the members of the structured mode's JSON object."""
    texts: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name in KNOWN:
        match event.get(name):
            case None:
                pass
            case str() as text:
                texts[name] = text
            case bool() | int() | float() if name in _TEXTS_ALONE:
                problems[name] = "not a string"
            case bool() as flag:
                texts[name] = "true" if flag else "false"
            case int() as number:
                texts[name] = str(number)
            case _:
                problems[name] = "neither a string nor an integer nor a boolean"
    return _checked(texts, problems)


def _checked(texts: Mapping[str, str], problems: Mapping[str, str]) -> Attributes:
    values: dict[str, str] = {}
    faults = {
        name: Fault(Reason.NOT_CLOUDEVENTS if name in _CORE else Reason.INVALID_FIELDS, f"{name}: {problem}")
        for name, problem in problems.items()
    }
    for name, text in texts.items():
        if not text or name in faults:
            continue
        size = len(text.encode())
        if size > _LONGEST_BYTES:
            faults[name] = Fault(Reason.INVALID_FIELDS, f"{name}: longer than {_LONGEST_BYTES} bytes")
            continue
        values[name] = text
        if name in {"id", "source"} and size > LONGEST_ID_BYTES:
            faults[name] = Fault(Reason.INVALID_FIELDS, f"{name}: longer than {LONGEST_ID_BYTES} bytes")
        if _CONTROL.search(text) is not None:
            faults[name] = Fault(Reason.NOT_CLOUDEVENTS, f"{name}: holds a control character")
    if values.get("specversion", "1.0") != "1.0":
        faults["specversion"] = Fault(Reason.NOT_CLOUDEVENTS, "specversion: not 1.0")
    # Tracing never stands in the way of the work: what is no traceparent is left behind.
    faults.pop("traceparent", None)
    if _TRACEPARENT.fullmatch(values.get("traceparent", "")) is None:
        values.pop("traceparent", None)
    return Attributes(MappingProxyType(values), MappingProxyType(faults))
