"""Workers that poll a model vendor for one shard, over the journal's twin, in virtual time."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import orjson

from bridge.calls.conclusions import Conclusion
from bridge.calls.connection_options import ConnectionOptions
from bridge.calls.dial_states import Resolution
from bridge.calls.journal_format import Remembered, read
from bridge.calls.journal_keys import CursorKey
from bridge.calls.journal_values import Verdict
from bridge.calls.lanes import Lane
from bridge.calls.means import Vendor
from bridge.calls.orders import Reference
from bridge.calls.ownership import Ownership
from bridge.calls.quota import Quota
from bridge.calls.shard_owner import OwnedShard, Premises
from bridge.events.records import Record
from bridge.kafka.group_member import Confirmed, Deliver, NotOurs
from bridge.ops.metrics import Metrics
from bridge.ops.settings.connections import ConnectionSettings
from bridge.ops.settings.pollers import COLLECTIONS
from bridge.pbx.item_events import ItemEvents
from bridge.pbx.numbers import e164_reader
from bridge.pbx.requests import Collection
from bridge.polling.pollers import Pollers
from bridge.polling.rows import LISTED
from tests.calls.idle_tenant import IdleTenant
from tests.calls.journal_model import Published
from tests.calls.journal_twin import JournalTwin, Step, go_on
from tests.polling.model_vendor import BASE_S, ModelVendor
from tests.virtual_time import run_virtually

ONE = frozenset({0})


def settings_of(
    *collections: Collection, reconcile: Mapping[str, object] | None = None, **poller: object
) -> ConnectionSettings:
    """Give a connection that polls these collections alone, all with the same keys."""
    pollers: dict[str, object] = {
        name: poller if name in set(collections) else {"enabled": False} for name in COLLECTIONS
    }
    given = {"base_url": "https://pbx.example/api/v2", "pollers": pollers, "reconcile": reconcile or {}}
    return ConnectionSettings.model_validate(given)


@dataclass
class Group:
    """Gives the shard to one worker at a time; who has lost it need not hear of that."""

    owner: str = "a"

    def of(self, worker: str) -> "Member":
        return Member(self, worker)


@dataclass
class Member:
    """A worker's place in the group."""

    group: Group
    worker: str

    async def confirm(self, partition: int) -> Confirmed:
        await asyncio.sleep(0.01)
        if self.group.owner != self.worker:
            raise NotOurs(self.worker)
        return Confirmed(0, 0)

    def resume(self, partition: int, offset: int, deliver: Deliver) -> None:
        """Deliver nothing."""

    def pause(self, partition: int) -> None:
        """As before."""

    def proceed(self, partition: int) -> None:
        """As before."""

    async def commit(self, offsets: Mapping[int, int]) -> bool:
        return True


@dataclass
class Scene:
    """One shard, its journal, its vendor, and workers `a` and `b`.

    `random` draws what the pollers scatter by. Where there is an `other_vendor`, the model is not asked.
    """

    now: Callable[[], float]
    settings: Mapping[str, ConnectionSettings]
    random: Random = field(default_factory=lambda: Random(1))
    quota: Quota = field(default_factory=Quota)
    max_queued: int = 100
    losses: list[str] = field(default_factory=list)
    other_vendor: Vendor | None = None

    def __post_init__(self) -> None:
        self.vendor = ModelVendor(self.now)
        self.twin = JournalTwin()
        self.at: Callable[[Step], Coroutine[object, object, None]] = go_on
        self.twin.at = self._step
        self.group = Group()
        self.metrics = Metrics()
        self.owned: OwnedShard | None = None
        self.owners = {worker: Ownership(self._premises(worker)) for worker in ("a", "b")}
        for worker, owner in self.owners.items():
            # Without its commits: there is no work to commit, and one a second is most of a virtual week.
            owner._membership = self.group.of(worker)

    def give_to(self, worker: str) -> None:
        """Let the group give the shard to a worker."""
        self.group.owner = worker
        if not self.owners[worker].owners:
            self.owners[worker].assigned(ONE)

    async def end(self) -> None:
        for owner in self.owners.values():
            await owner.revoked(ONE)
            await owner.stop()

    def published(self, collection: Collection) -> list[Published]:
        return self.twin.published(f"pbx.{LISTED[collection]}.v1")

    def ids(self, collection: Collection) -> list[int]:
        """Give the ids of the items published, in order."""
        return [int(record.key.rpartition(b"/")[2]) for record in self.published(collection)]

    @property
    def quarantined(self) -> list[Published]:
        return self.twin.published("pbx.quarantine.v1")

    @property
    def journal(self) -> Remembered:
        return read(self.twin.ledger.snapshot(0))

    def cursor(self, collection: Collection, connection: str = "acme") -> int | None:
        kept = self.journal.cursors.get(CursorKey(connection, collection.value))
        return None if kept is None else kept.value.id

    def count(self, name: str, **labels: str) -> float:
        """Give a metric's value."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def result(self, reference: Reference, conclusion: Conclusion, sent_ms: int | None, finished_ms: int) -> Record:
        raise NotImplementedError

    def resolved(self, reference: Reference, resolution: Resolution, resolved_ms: int) -> Record:
        raise NotImplementedError

    def waited(self, lane: Lane, seconds: float) -> None:
        """Take no note."""

    def refused(self, connection: str, freeze_s: float, limit: int) -> None:
        """Take no note."""

    def taken_over(self, seconds: float) -> None:
        """Take no note."""

    def lost(self, cause: str) -> None:
        self.losses.append(cause)

    def appended(self, seconds: float) -> None:
        """Take no note."""

    async def _step(self, step: Step) -> None:
        self.twin.now_ms = BASE_S * 1000 + int(self.now() * 1000)
        await asyncio.sleep(0.005)
        await self.at(step)

    def _premises(self, worker: str) -> Premises:
        options = {
            name: ConnectionOptions(self.quota, self.max_queued, 30_000, 60_000, lambda _: None)
            for name in self.settings
        }
        pollers = Pollers(self.settings, self._item_events, Metrics() if worker == "b" else self.metrics)

        def settle(owned: OwnedShard, remembered: Remembered, _: Mapping[str, Verdict]) -> IdleTenant:
            self.owned = owned
            pollers.settle(owned, remembered)
            return IdleTenant()

        return Premises(
            journal=self.twin,
            vendor=self.other_vendor or self.vendor,
            publisher=self,
            settle=settle,
            connections_of=lambda _: options,
            worker=worker,
            monotonic=self.now,
            jitter=self.random.random,
            watch=self,
        )

    def _item_events(self, connection: str) -> ItemEvents:
        return ItemEvents(
            connection,
            to_e164=e164_reader(None),
            topic_prefix="pbx",
            public_url=None,
            randomness=self.random.randbytes,
            most_bytes=100_000,
        )


Story = Callable[[Scene], Coroutine[object, object, None]]


def play(story: Story, settings: ConnectionSettings | Mapping[str, ConnectionSettings], **more: object) -> Scene:
    """Play a story with worker `a` as the owner of the shard, and give the scene as it was left."""
    by_name = {"acme": settings} if isinstance(settings, ConnectionSettings) else settings

    async def main(now: Callable[[], float]) -> Scene:
        scene = Scene(now, by_name, **more)  # type: ignore[arg-type]  # whatever a scene can be told
        scene.give_to("a")
        await story(scene)
        await scene.end()
        return scene

    return run_virtually(main)


def repeated(ids: Sequence[int]) -> list[int]:
    """Give what is there more than once."""
    return [id_ for id_, times in Counter(ids).items() if times > 1]


def data_of(record: Published) -> dict[str, object]:
    data = orjson.loads(record.value)
    assert isinstance(data, dict)
    return data
