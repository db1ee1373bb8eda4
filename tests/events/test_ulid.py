"""ULIDs."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.events.ulid import RANDOM_BYTES, ulid

MOMENTS = st.integers(0, 2**48 - 1)
RANDOMNESS = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


def test_a_ulid_has_the_specification_s_example_time() -> None:
    """The time part of the specification's example, followed by no randomness at all."""
    assert ulid(1469918176385, bytes(RANDOM_BYTES)) == "01ARYZ6S410000000000000000"


@given(MOMENTS, RANDOMNESS, MOMENTS, RANDOMNESS)
def test_ulids_sort_by_time_and_then_by_randomness(first_ms: int, first: bytes, second_ms: int, second: bytes) -> None:
    """Text order is the order of what went in, and nothing of it is lost."""
    assert (ulid(first_ms, first) < ulid(second_ms, second)) == ((first_ms, first) < (second_ms, second))
    assert (ulid(first_ms, first) == ulid(second_ms, second)) == ((first_ms, first) == (second_ms, second))
