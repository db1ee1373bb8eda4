"""A record of the command topic as it was fetched. Pure."""

from typing import NamedTuple


class FetchedCommand(NamedTuple):
    """A record of the command topic. `by_brokers`: the timestamp (epoch milliseconds) is the time of its append.

    With a `problem` nothing of it could be read; its value is then the batch as it is stored.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    by_brokers: bool
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None
    problem: str | None = None
