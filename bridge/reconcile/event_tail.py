"""The event topics that tell what was published, followed record by record, up to where they end by now."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import NamedTuple, Protocol

from bridge.events.catalogue import EventName
from bridge.events.topics import event_topic
from bridge.kafka.client_options import ClientOptions
from bridge.kafka.reader import TopicReader
from bridge.kafka.topic_ends import TopicEnds
from bridge.reconcile.published_facts import HOOK_EVENTS, KNOWN_BY, LOST_CALLER_EVENTS, Fact

FOLLOWED = frozenset(KNOWN_BY) | LOST_CALLER_EVENTS | HOOK_EVENTS
"""The events that say what was published, and what came by which webhook: all ten that webhooks bring."""

Passed = Callable[[], Awaitable[bool]]
"""Tells whether all that stood in the topics at some moment has been given."""


class Append(NamedTuple):
    """A record of an event topic: whose it is, and what it says."""

    connection: str
    fact: Fact


class Tail(Protocol):
    """The records of the topics, as they were appended."""

    async def fetch(self) -> Sequence[Append]:
        """Give what has come, or nothing after a while."""
        ...

    async def mark(self) -> Passed:
        """Remember where the topics end after the call; what is not yet committed there is waited for, too."""
        ...


OpenTail = Callable[[Mapping[EventName, int]], AbstractAsyncContextManager[Tail]]
"""Opens the topics of events, each at what was appended at its time (epoch ms) or later."""


class _KafkaTail:
    def __init__(self, reader: TopicReader, ends: TopicEnds, events: Mapping[str, EventName]) -> None:
        self._reader = reader
        self._ends = ends
        self._events = events

    async def fetch(self) -> Sequence[Append]:
        fetched = await self._reader.fetch()
        return [
            read
            for record in fetched
            if (read := read_append(self._events[record.topic], record.headers, record.value, record.timestamp_ms))
        ]

    async def mark(self) -> Passed:
        return partial(self._reader.passed, await self._ends.of(self._reader.partitions))


def read_append(
    event: EventName, headers: Sequence[tuple[str, bytes]], value: bytes | None, appended_ms: int
) -> Append | None:
    """Read a record of an event's topic; None for one that is none of ours."""
    named = {name: content.decode(errors="replace") for name, content in headers}
    connection, subject = named.get("ce_connection"), named.get("ce_subject")
    if connection is None or subject is None:
        return None
    origin, time, hook = named.get("ce_origin", ""), named.get("ce_time", ""), named.get("ce_hook")
    fact = Fact(event, subject, origin, appended_ms, value or b"", time, hook)
    return Append(connection, fact)


def kafka_tail(options: Callable[[], ClientOptions], prefix: str) -> OpenTail:
    """Give what opens the topics of an installation. KafkaUnreachable, TopicUnknown when one of them is not there."""

    @asynccontextmanager
    async def open_tail(since_ms: Mapping[EventName, int]) -> AsyncGenerator[Tail, None]:
        events = {event_topic(prefix, event): event for event in since_ms}
        async with TopicReader(options()) as reader, TopicEnds(options()) as ends:
            await reader.follow_all({topic: since_ms[event] for topic, event in events.items()})
            yield _KafkaTail(reader, ends, events)

    return open_tail
