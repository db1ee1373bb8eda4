"""What leaves the bridge: one Kafka record as a value, before any client library sees it."""

from typing import NamedTuple


class Record(NamedTuple):
    """One record for one topic.

    `key` is never empty: order per subject rests on it, and a compacted topic refuses a record without one.
    `headers` keep their order, names as text and values as bytes.
    """

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
