"""A worker that owns one shard with one connection, a model vendor, and the event topics, in virtual time."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import NamedTuple

import orjson
from typing_extensions import override

from bridge.calls.connection_options import ConnectionOptions
from bridge.calls.journal_format import Remembered, read
from bridge.calls.journal_keys import ComparedKey, SinceKey
from bridge.calls.ownership import Ownership
from bridge.calls.quota import Quota
from bridge.calls.shard_owner import OwnedShard, Premises
from bridge.events.catalogue import EventName
from bridge.ingress.intake import Intake
from bridge.ops.metrics import Metrics
from bridge.ops.settings import ConnectionSettings
from bridge.pbx.item_events import ItemEvents
from bridge.pbx.numbers import e164_reader
from bridge.pbx.requests import Request
from bridge.pbx.responses import Exchange, Lost, LostReason, Rows
from bridge.reconcile.event_tail import FOLLOWED, Append, Passed, Tail, read_append
from bridge.reconcile.gap_closers import GapClosers
from bridge.reconcile.published_reader import PublishedReader
from tests.calls.journal_twin import JournalTwin, Step
from tests.calls.test_shard_owner import ONE, Membership, Nobody, Tenant
from tests.reconcile.model_vendor import ModelVendor, Webhook
from tests.virtual_time import run_virtually

BEGIN_MS = 1_700_000_000_000
EVENTS = {f"pbx.{event}.v1": event for event in EventName}
_LATENCY_S = 0.1
_FETCH_S = 5.0


class Stored(NamedTuple):
    """A record of an event topic, or of the quarantine."""

    appended_ms: int
    topic: str
    headers: tuple[tuple[str, bytes], ...]
    value: bytes

    @property
    def named(self) -> Mapping[str, str]:
        return {name: content.decode() for name, content in self.headers}

    @property
    def event(self) -> EventName | None:
        return EVENTS.get(self.topic)

    @property
    def subject(self) -> str:
        return self.named["ce_subject"]

    @property
    def origin(self) -> str:
        return self.named["ce_origin"]


class ModelTail:
    """Follows the log; what was appended less than `behind_s` ago has not come yet."""

    def __init__(self, scene: "Scene", since_ms: Mapping[EventName, int]) -> None:
        self._scene = scene
        self._since_ms = since_ms
        self._position = 0

    async def fetch(self) -> Sequence[Append]:
        await asyncio.sleep(_FETCH_S)
        self._scene.check_kafka()
        log = self._scene.log()
        visible_ms = self._scene.now_ms() - int(self._scene.behind_s * 1000)
        found: list[Append] = []
        while self._position < len(log) and log[self._position].appended_ms <= visible_ms:
            one = log[self._position]
            self._position += 1
            if one.event is not None and one.appended_ms >= self._since_ms.get(one.event, one.appended_ms + 1):
                read_ = read_append(one.event, one.headers, one.value, one.appended_ms)
                assert read_ is not None
                found.append(read_)
        return found

    async def mark(self) -> Passed:
        await asyncio.sleep(0.01)
        self._scene.check_kafka()
        end = len(self._scene.log())

        async def passed() -> bool:
            return self._position >= end

        return passed


@dataclass
class Scene(Nobody):
    """Everything of one story. `vendor_down`, `kafka_down` and `ingress_down` are periods in seconds."""

    now: Callable[[], float]
    vendor: ModelVendor
    settings: Mapping[str, object] = field(default_factory=dict)
    retention: timedelta = timedelta(days=7)
    vendor_down: Sequence[tuple[float, float]] = ()
    kafka_down: Sequence[tuple[float, float]] = ()
    ingress_down: Sequence[tuple[float, float]] = ()
    behind_s: float = 0.0
    on_step: Callable[[Step], Awaitable[None]] | None = None
    calls: list[Request] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    seen: list[Stored] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)
    hooks: Counter[str] = field(default_factory=Counter)
    misses: list[tuple[EventName, int]] = field(default_factory=list)
    _taken: int = 0

    def __post_init__(self) -> None:
        self.twin = JournalTwin(now_ms=BEGIN_MS)
        self.twin.at = self._step
        self.reader = PublishedReader(self._open, self)
        base = {"base_url": "https://pbx.example/api/v2", "reconcile": dict(self.settings)}
        randomness = (number.to_bytes(10) for number in count())
        reader = e164_reader(None)
        self.closers = GapClosers(
            {"acme": ConnectionSettings.model_validate(base)},
            self.retention,
            lambda connection: ItemEvents(
                connection,
                to_e164=reader,
                topic_prefix="pbx",
                public_url=None,
                randomness=lambda _: next(randomness),
                most_bytes=100_000,
            ),
            self.reader,
            self.metrics,
        )
        self._intake = Intake(
            "acme", to_e164=reader, topic_prefix="pbx", public_url=None, randomness=lambda _: next(randomness)
        )
        options = ConnectionOptions(Quota(), 100, 30_000, 60_000, reader)
        self.ownership = Ownership(
            Premises(
                journal=self.twin,
                vendor=self,
                publisher=self,
                settle=self._settle,
                connections_of=lambda _: {"acme": options},
                worker="w",
                monotonic=self.now,
                jitter=lambda: 0.5,
                watch=self,
            )
        )

    def take_over(self) -> None:
        """Let a worker own the shard."""
        self.ownership.assigned(ONE)

    async def hand_over(self) -> None:
        """Let it go."""
        await self.ownership.revoked(ONE)

    def now_ms(self) -> int:
        """Give the brokers' clock."""
        return BEGIN_MS + int(self.now() * 1000)

    def log(self) -> list[Stored]:
        """Give all records of the topics so far, in the order of their append times."""
        new = self.twin.ledger.published[self._taken :]
        self._taken += len(new)
        self.seen += [Stored(self.now_ms(), one.topic, one.headers, one.value) for one in new]
        return self.seen

    def published(self, event: EventName, origin: str | None = None) -> list[Stored]:
        """Give the records of an event so far."""
        return [one for one in self.log() if one.event is event and origin in {None, one.origin}]

    def check_kafka(self) -> None:
        """Raise what a client raises while Kafka is away."""
        if self._is_in(self.kafka_down):
            raise ConnectionError("no broker")

    @property
    def since_ms(self) -> int:
        """The connection's first start, as it is stored."""
        return read(self.twin.ledger.snapshot(0)).since[SinceKey("acme")].value.ms

    @property
    def compared_ms(self) -> int:
        """Up to when all is compared, as it is stored."""
        return read(self.twin.ledger.snapshot(0)).compared[ComparedKey("acme")].value.ms

    async def tell(self) -> None:
        """Let the plan's webhooks come."""
        for webhook in self.vendor.webhooks():
            await asyncio.sleep(max(0.0, webhook.at_s - self.now()))
            self.receive(webhook)

    def receive(self, webhook: Webhook) -> None:
        """Take a webhook in, unless nobody can."""
        if not self._is_in(self.ingress_down) and not self._is_in(self.kafka_down):
            body = orjson.dumps({"eventType": webhook.event, "data": webhook.data})
            record = self._intake.take(body, self.now_ms(), f"{webhook.event}.1").record
            self.log()
            self.seen.append(Stored(self.now_ms(), record.topic, tuple(record.headers), record.value))

    @override
    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        self.calls.append(request)
        began = self.now()
        await asyncio.sleep(_LATENCY_S)
        if self._is_in(self.vendor_down):
            return Exchange(Lost(LostReason.TIMEOUT, ""), began, self.now(), began)
        answer: Rows = self.vendor.answer(request, began)
        return Exchange(answer, began, self.now(), began, self.now(), 200)

    def taken_over(self, seconds: float) -> None:
        """Take no note."""

    def lost(self, cause: str) -> None:
        self.losses.append(cause)

    def appended(self, seconds: float) -> None:
        """Take no note."""

    def delivered(self, connection: str, hook: str, appended_ms: int) -> None:
        self.hooks[hook] += 1

    def missed(self, connection: str, event: EventName, happened_ms: int) -> None:
        self.misses.append((event, happened_ms))

    def _settle(self, owned: OwnedShard, remembered: Remembered, *_: object) -> Tenant:
        self.closers.begin(owned, remembered)
        return Tenant([], owned)

    def _is_in(self, periods: Sequence[tuple[float, float]]) -> bool:
        return any(begin <= self.now() < end for begin, end in periods)

    async def _step(self, step: Step) -> None:
        self.twin.now_ms = self.now_ms()
        self.log()
        if self.on_step is not None:
            await self.on_step(step)

    @asynccontextmanager
    async def _open(self, since_ms: Mapping[EventName, int]) -> AsyncGenerator[Tail, None]:
        assert since_ms.keys() == FOLLOWED
        self.check_kafka()
        yield ModelTail(self, since_ms)


class Deaf(Nobody):
    """Takes no note of anything."""

    def taken_over(self, seconds: float) -> None:
        """Take no note."""

    def lost(self, cause: str) -> None:
        """Take no note."""

    def appended(self, seconds: float) -> None:
        """Take no note."""

    def delivered(self, connection: str, hook: str, appended_ms: int) -> None:
        """Take no note."""

    def missed(self, connection: str, event: EventName, happened_ms: int) -> None:
        """Take no note."""


def play(
    make: Callable[[Callable[[], float]], Scene], story: Callable[[Scene], Coroutine[object, object, None]]
) -> Scene:
    """Let a worker own the shard from the beginning on, let the webhooks come, and play a story."""

    async def main(now: Callable[[], float]) -> Scene:
        scene = make(now)
        scene.reader.start()
        scene.ownership.start(Membership())
        await scene.ownership.stop()  # of what it does every second nothing is needed here, and days have many
        scene.take_over()
        telling = asyncio.create_task(scene.tell())
        await story(scene)
        telling.cancel()
        await scene.hand_over()
        await scene.reader.stop()
        scene.log()
        return scene

    return run_virtually(main)
