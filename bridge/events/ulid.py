"""ULIDs, for what has no identity of its own: quarantined records and removals of lost callers.

Layout after github.com/ulid/spec: 48 bits of epoch milliseconds, 80 bits of randomness, in Crockford's base 32.
"""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
RANDOM_BYTES = 10
# 80 bits, as the specification says.


def ulid(epoch_ms: int, randomness: bytes) -> str:
    """Return the 26 characters for a moment in milliseconds and `RANDOM_BYTES` of randomness."""
    number = epoch_ms << 80 | int.from_bytes(randomness[:RANDOM_BYTES], "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))
