"""The record of what could not become an event: raw bytes, and why (contract, section 5)."""

from bridge.events.records import Record
from bridge.events.topics import quarantine_topic


def quarantined_webhook(
    body: bytes, *, id_: str, reason: str, detail: str, connection: str, received: str, hook: str, topic_prefix: str
) -> Record:
    """Return the quarantine record of a webhook's raw body; `id_` is a ULID, `received` an RFC 3339 text."""
    return Record(
        quarantine_topic(topic_prefix),
        connection.encode(),
        body,
        [
            ("id", id_.encode()),
            ("reason", reason.encode()),
            ("detail", detail.encode()),
            ("kind", b"webhook"),
            ("connection", connection.encode()),
            ("receivedtime", received.encode()),
            ("hook", hook.encode()),
        ],
    )
