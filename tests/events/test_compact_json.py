"""JSON that is kept: the same bytes as orjson's, without the memory that those hold."""

import tracemalloc

import orjson

from bridge.events.compact_json import compact_json

KEPT = 1_000
OBJECT_BYTES = 100
# Of a bytes object and its place in a list, and what the allocator rounds up.


def test_what_is_kept_needs_no_more_memory_than_its_bytes() -> None:
    """A thousand short documents hold their own length each, and not a page."""
    value = {"status": "expired", "message": "m" * 300}
    assert compact_json(value) == orjson.dumps(value)
    tracemalloc.start()
    try:
        kept = [compact_json(value) for _ in range(KEPT)]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held <= sum(len(one) + OBJECT_BYTES for one in kept)
