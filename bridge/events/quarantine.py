"""The record of what could not become an event or a command: raw bytes, and why (contract, section 5)."""

from collections.abc import Sequence

from bridge.events.records import Record
from bridge.events.topics import quarantine_topic

MOST_KEPT_BYTES = 65_536
# Of a refused command record: no command is larger, so what is cut was none.


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


def quarantined_item(
    value: bytes,
    *,
    id_: str,
    reason: str,
    detail: str,
    connection: str,
    received: str,
    collection: str,
    origin: str,
    topic_prefix: str,
    most_bytes: int,
) -> Record:
    """Return the quarantine record of an item of one of the vendor's lists; `value` is its JSON text as sent.

    Of a longer one the first `most_bytes` are kept: the vendor can be asked for it again.
    """
    headers = [
        ("id", id_.encode()),
        ("reason", reason.encode()),
        ("detail", detail.encode()),
        ("kind", b"item"),
        ("connection", connection.encode()),
        ("receivedtime", received.encode()),
        ("collection", collection.encode()),
        ("origin", origin.encode()),
    ]
    if len(value) > most_bytes:
        headers.append(("original_size", str(len(value)).encode()))
    return Record(quarantine_topic(topic_prefix), connection.encode(), value[:most_bytes], headers)


def quarantined_command(
    value: bytes,
    original_headers: Sequence[tuple[str, bytes]],
    *,
    id_: str,
    reason: str,
    detail: str,
    connection: str | None,
    received: str,
    topic: str,
    partition: int,
    offset: int,
    dropped_headers: int,
    topic_prefix: str,
) -> Record:
    """Return the quarantine record of a command record that stands at `offset` of a partition.

    `connection` is None where none can be read; the key is its name then, or else `id_`. Of a longer value the first
    `MOST_KEPT_BYTES` are kept. `dropped_headers` says how many there were beside the original headers given, which the
    caller bounds. Ours stand first, so that a client's header named `size` hides nothing.
    """
    headers = [
        ("id", id_.encode()),
        ("reason", reason.encode()),
        ("detail", detail.encode()),
        ("kind", b"command"),
        *(() if connection is None else (("connection", connection.encode()),)),
        ("receivedtime", received.encode()),
        ("topic", topic.encode()),
        ("partition", str(partition).encode()),
        ("offset", str(offset).encode()),
    ]
    if len(value) > MOST_KEPT_BYTES:
        headers.append(("original_size", str(len(value)).encode()))
    if dropped_headers:
        headers.append(("dropped_headers", str(dropped_headers).encode()))
    headers += ((f"original_{name}", content) for name, content in original_headers)
    return Record(
        quarantine_topic(topic_prefix),
        (connection or id_).encode(),
        value[:MOST_KEPT_BYTES],
        headers,
    )
