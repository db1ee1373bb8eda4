"""Which shard a connection belongs to: for ever the same, or its journal is left behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calls.sharding import shard_of
from bridge.kafka.partitioning import partition_of


@pytest.mark.parametrize(
    ("connection", "of_12", "of_240"), [("acme", 0, 228), ("beta", 8, 224), ("a", 4, 124), ("connection-0815", 8, 152)]
)
def test_a_connection_s_shard_never_changes(connection: str, of_12: int, of_240: int) -> None:
    """Fixed values: whoever changes the hash loses every installation's state."""
    assert (shard_of(connection, 12), shard_of(connection, 240)) == (of_12, of_240)


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True), st.integers(1, 300))
def test_the_shard_is_the_partition_of_the_name(connection: str, shards: int) -> None:
    """A record with the connection's name as its key goes there by itself."""
    partitions = range(shards)
    assert shard_of(connection, shards) == partition_of(connection.encode(), len(partitions))


def test_connections_spread_over_the_shards() -> None:
    """A thousand names on twelve shards: none has twice its part."""
    counts = [0] * 12
    for number in range(1000):
        counts[shard_of(f"customer-{number}", 12)] += 1
    assert min(counts) > 40
    assert max(counts) < 167
