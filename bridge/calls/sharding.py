"""Which shard a connection belongs to. Pure.

The hash is the one by which Kafka's own clients choose a record's partition (murmur2), of the connection's name. So the
shard is also the partition in which any client would look for a record with that name as its key.
"""

from bridge.kafka.partitioning import murmur2


def shard_of(connection: str, shards: int) -> int:
    """Return a connection's shard, from 0. It never changes, since its journal and its work lie there."""
    return murmur2(connection.encode()) % shards
