"""Which partition a key belongs to."""

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from bridge.kafka.partitioning import murmur2, partition_of


@given(key=st.binary(min_size=1, max_size=80), partitions=st.integers(1, 50))
def test_a_key_goes_where_java_clients_send_it(key: bytes, partitions: int) -> None:
    """The client library's own partitioner is the oracle; it is slow, and the same as the Java client's."""
    all_partitions = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, all_partitions, all_partitions)


def test_the_hash_is_kafkas() -> None:
    """Values of Kafka's own unit test, without the sign bit."""
    assert murmur2(b"21") == -973932308 & 0x7FFFFFFF
    assert murmur2(b"foobar") == -790332482 & 0x7FFFFFFF
    assert murmur2(b"a-little-bit-long-string") == -985981536 & 0x7FFFFFFF
