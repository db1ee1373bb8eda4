"""Which partition a key belongs to: the same as with the Java clients, so that topics can be joined by key. Pure."""

import struct
from functools import lru_cache

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF
CACHED_KEYS = 4096
# The events of one call follow each other within seconds and share their key.


@lru_cache(maxsize=CACHED_KEYS)
def murmur2(key: bytes) -> int:
    """Hash as Kafka's default partitioner does, without the sign bit."""
    whole = len(key) & ~3
    h = _SEED ^ len(key)
    for word in struct.unpack_from(f"<{whole >> 2}I", key):
        k = (word * _M) & _MASK
        h = ((h * _M) & _MASK) ^ (((k ^ (k >> 24)) * _M) & _MASK)
    if tail := key[whole:]:
        h = ((h ^ int.from_bytes(tail, "little")) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return (h ^ (h >> 15)) & 0x7FFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """Give the key's partition: 0 to `partitions` less one.

    Whether a partition has a leader does not count: order per key must survive a leader's absence.
    """
    return murmur2(key) % partitions
