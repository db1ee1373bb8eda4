"""When each connection of a shard was started for the first time: what happened before is nobody's business. Pure."""

from collections.abc import Iterable, Mapping

from bridge.calls.journal import JournalRecord
from bridge.calls.journal_format import Remembered, put
from bridge.calls.journal_keys import SinceKey
from bridge.calls.journal_values import Moment


def first_starts(connections: Iterable[str], remembered: Remembered, now_ms: int) -> Mapping[str, int]:
    """Give the moments by connection, epoch ms by the brokers' clock: now for one that the journal does not know."""
    known = remembered.since
    return {
        connection: known[key].value.ms if (key := SinceKey(connection)) in known else now_ms
        for connection in connections
    }


def unstored_first_starts(starts: Mapping[str, int], remembered: Remembered) -> list[JournalRecord]:
    """Give what the journal has to be told of them."""
    return [
        put(key, Moment(ms))
        for connection, ms in starts.items()
        if (key := SinceKey(connection)) not in remembered.since
    ]
