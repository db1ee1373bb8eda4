"""Reading a record as a CloudEvent in binary mode, as consumers do; the other direction is `envelope`."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson

_PREFIX = "ce_"
_REQUIRED = ("specversion", "id", "source", "type")


class NotACloudEvent(Exception):
    """The record is no CloudEvent in binary mode; the sentence says what is missing or wrong."""


class ReceivedEvent(NamedTuple):
    """A CloudEvent as it was read: its attributes by their names without the prefix, and the JSON of its data."""

    attributes: Mapping[str, str]
    data: bytes

    @property
    def id(self) -> str:
        """The id, the same for each repeat of one fact."""
        return self.attributes["id"]

    @property
    def type(self) -> str:
        """The versioned type."""
        return self.attributes["type"]

    def structured(self) -> bytes:
        """Return the event as one line of JSON, in the structured mode of CloudEvents."""
        return orjson.dumps({**self.attributes, "data": orjson.Fragment(self.data)})


def read_attributes(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Read the attributes of one record, by their names without the prefix; raise NotACloudEvent.

    A header without content, which Kafka allows and the bridge never writes, counts as absent.
    """
    attributes: dict[str, str] = {}
    for name, content in headers:
        if content is None:
            continue
        if name.startswith(_PREFIX):
            try:
                attributes[name.removeprefix(_PREFIX)] = content.decode()
            except UnicodeDecodeError as error:
                raise NotACloudEvent(f"the header {name} is not UTF-8") from error
        elif name.lower() == "content-type":
            attributes["datacontenttype"] = content.decode(errors="replace")
    for name in _REQUIRED:
        if name not in attributes:
            raise NotACloudEvent(f"the header {_PREFIX}{name} is missing")
    if attributes["specversion"] != "1.0":
        raise NotACloudEvent("the specversion is not 1.0")
    return attributes


def read_event(headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> ReceivedEvent:
    """Read one record's headers and value; raise NotACloudEvent."""
    attributes = read_attributes(headers)
    try:
        orjson.loads(value or b"")
    except orjson.JSONDecodeError as error:
        raise NotACloudEvent("the value is not JSON") from error
    return ReceivedEvent(attributes, value or b"")
