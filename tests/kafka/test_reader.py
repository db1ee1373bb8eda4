"""Where reading up to now ends; what it reads from a real Kafka is in `tests/cli/test_doubts.py`."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from bridge.kafka import reader as module
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.reader import KafkaUnreachable, TopicReader

PARTITION = TopicPartition("topic", 0)
END = 7


class ScriptedConsumer:
    """Stands at 5 of 7, and gives what it was told to give, fetch by fetch: the position after it, and its offsets."""

    def __init__(self, *fetches: tuple[int, Sequence[int]]) -> None:
        self._fetches = list(fetches)
        self._position = 5

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset({PARTITION})

    async def end_offsets(self, _: object) -> Mapping[TopicPartition, int]:
        return {PARTITION: END}

    async def position(self, _: object) -> int:
        return self._position

    async def getmany(self, *, timeout_ms: int) -> Mapping[TopicPartition, Sequence[ConsumerRecord]]:
        if not self._fetches:
            await asyncio.sleep(timeout_ms / 10_000)
            return {}
        self._position, offsets = self._fetches.pop(0)
        return {PARTITION: [_record(offset) for offset in offsets]}


def _record(offset: int) -> ConsumerRecord:
    return ConsumerRecord("topic", 0, offset, 0, 1, b"", b"", None, 0, 0, ())


async def read(monkeypatch: pytest.MonkeyPatch, *fetches: tuple[int, Sequence[int]]) -> list[int]:
    """Read up to now; give the offsets."""
    reader = TopicReader(ClientOptions("127.0.0.1:1"))
    await reader._consumer.stop()
    monkeypatch.setattr(reader, "_consumer", ScriptedConsumer(*fetches))
    async with asyncio.timeout(5):
        return [record.offset async for record in reader.until_now()]


@pytest.mark.asyncio
async def test_now_is_when_the_reading_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """All up to the end as it was then, in however many fetches, and nothing that came later."""
    assert await read(monkeypatch, (6, [5]), (7, [6])) == [5, 6]
    assert await read(monkeypatch, (9, [5, 6, 7, 8])) == [5, 6]


@pytest.mark.asyncio
async def test_marks_of_transactions_are_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A position may move on without a record."""
    assert await read(monkeypatch, (6, []), (7, [])) == []


@pytest.mark.asyncio
async def test_a_reader_that_hears_nothing_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that reads up to now must not hang when Kafka goes away in the middle."""
    monkeypatch.setattr(module, "_SILENT_FOR_S", 0.1)
    with pytest.raises(KafkaUnreachable, match=r"nothing came for 0.1 s"):
        await read(monkeypatch, (6, [5]))
