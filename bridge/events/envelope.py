"""The CloudEvents envelope, binary mode over Kafka: attributes in `ce_…` headers, the value is the JSON data alone.

Source: CloudEvents 1.0.2 and its Kafka protocol binding; the attributes and their order are the contract's section 4.
"""

from collections.abc import Sequence
from enum import StrEnum

from bridge.events.catalogue import EventName, event_type
from bridge.events.ids import KeyField, event_id
from bridge.events.records import Record
from bridge.events.topics import event_topic

_CONTENT_TYPE = ("content-type", b"application/json")


class Origin(StrEnum):
    """How a fact came to the bridge."""

    WEBHOOK = "webhook"
    POLL = "poll"
    RECONCILE = "reconcile"


def dataschema(type_: str, public_url: str | None) -> str:
    """Return where the schema of a type is: under the public URL, or a name that needs no server."""
    return f"urn:bridge:schema:{type_}" if public_url is None else f"{public_url}/schemas/{type_}.json"


class Envelope:
    """All that is the same in every event of one name on one connection, encoded once."""

    __slots__ = ("_connection", "_constant_headers", "_event", "_key_prefix", "topic")

    def __init__(self, connection: str, event: EventName, *, topic_prefix: str, public_url: str | None) -> None:
        type_ = event_type(event)
        self._connection = connection
        self._event = event
        self._key_prefix = f"{connection}/"
        self._constant_headers = (
            ("ce_specversion", b"1.0"),
            ("ce_source", f"/connections/{connection}".encode()),
            ("ce_type", type_.encode()),
            ("ce_dataschema", dataschema(type_, public_url).encode()),
            ("ce_connection", connection.encode()),
        )
        self.topic = event_topic(topic_prefix, event)

    def derived_id(self, key_fields: Sequence[KeyField]) -> str:
        """Return the event's deterministic id."""
        return event_id(self._connection, self._event, key_fields)

    def seal(
        self, id_: str, subject: str, data: bytes, *, time: str, received: str, origin: Origin, hook: str | None
    ) -> Record:
        """Return the record; times are RFC 3339 texts, `hook` is `<EventName>.<generation>` on webhook events."""
        specversion, source, type_, schema, connection = self._constant_headers
        headers = [
            specversion,
            ("ce_id", id_.encode()),
            source,
            type_,
            ("ce_subject", subject.encode()),
            ("ce_time", time.encode()),
            schema,
            connection,
            ("ce_origin", origin.encode()),
            ("ce_receivedtime", received.encode()),
        ]
        if hook is not None:
            headers.append(("ce_hook", hook.encode()))
        headers.append(_CONTENT_TYPE)
        return Record(self.topic, (self._key_prefix + subject).encode(), data, headers)
