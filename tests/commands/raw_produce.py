"""Writing batches that no client library makes, byte by byte, and having a broker store them."""

import struct

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NotLeaderForPartitionError
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c, encode_varint

RawHeader = tuple[bytes, bytes | None]


def varint(number: int) -> bytes:
    groups: list[int] = []
    encode_varint(number, groups.append)
    return bytes(groups)


def field(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


def raw_record(
    value: bytes | None, headers: list[RawHeader], *, index: int = 0, attributes: int = 0, key: bytes | None = None
) -> bytes:
    """Return the record that stands at `index` of its batch."""
    body = bytes([attributes]) + varint(0) + varint(index) + field(key) + field(value) + varint(len(headers))
    body += b"".join(field(name) + field(content) for name, content in headers)
    return varint(len(body)) + body


def raw_batch(*records: bytes, codec: int = 0, packed: bytes | None = None, first_ms: int = 1_000) -> bytes:
    """Return a batch of records made with `raw_record`; with a `codec` (a number of Kafka's) `packed` holds them."""
    after_crc = struct.pack(">hiqqqhii", codec, len(records) - 1, first_ms, first_ms, -1, -1, -1, len(records)) + (
        b"".join(records) if packed is None else packed
    )
    return struct.pack(">qiibI", 0, 9 + len(after_crc), -1, 2, calc_crc32c(after_crc)) + after_crc


def snappy(content: bytes) -> bytes:
    """Pack as Java's clients do: snappy in blocks. All of it is literal, as no library is here to do better."""
    size, length = b"", len(content)
    while length > 0x7F:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    packed = size + bytes([length])
    for start in range(0, len(content), 60):
        chunk = content[start : start + 60]
        packed += bytes([len(chunk) - 1 << 2]) + chunk
    return b"\x82SNAPPY\0" + struct.pack(">iii", 1, 1, len(packed)) + packed


async def produce(bootstrap: str, topic: str, batch: bytes, partition: int = 0) -> None:
    """Have the partition's leader store the batch as it is."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client.set_topics([topic])
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        request = ProduceRequest(
            transactional_id=None, required_acks=-1, timeout=10_000, topics=[(topic, [(partition, batch)])]
        )
        code = NotLeaderForPartitionError.errno
        while code == NotLeaderForPartitionError.errno:
            # A broker hears that it leads a new partition some moments after the topic was created.
            answer = await client.send(leader, request)
            ((_, ((_, code, *_),)),) = answer.topics
    finally:
        await client.close()
    assert code == 0, answer
