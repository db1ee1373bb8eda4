"""A worker with one shard of one connection, its journal in memory, in virtual or real time."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field

from typing_extensions import override

from bridge.calls.conclusions import Conclusion
from bridge.calls.connection_options import ConnectionOptions
from bridge.calls.dial_states import Resolution
from bridge.calls.journal_format import Kept, Remembered, put, read
from bridge.calls.journal_keys import HookKey
from bridge.calls.journal_values import Hook, Verdict
from bridge.calls.lanes import Lane
from bridge.calls.means import Vendor
from bridge.calls.orders import Reference
from bridge.calls.ownership import Ownership
from bridge.calls.quota import Quota
from bridge.calls.shard_owner import OwnedShard, Premises
from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.events.records import Record
from bridge.kafka.group_member import Confirmed, Deliver
from bridge.kafka.reader import ReadRecord
from bridge.ops.metrics import Metrics
from bridge.pbx.hook_keys import HookName, hook_key, hook_url
from bridge.registration.admin_desk import AdminDesk, AdminRequests
from bridge.registration.evidence import HookEvidence
from bridge.registration.hook_options import HookOptions
from bridge.registration.registration import Registration
from tests.calls.idle_tenant import IdleTenant
from tests.calls.journal_twin import JournalTwin
from tests.registration.vendor_twin import VendorTwin
from tests.virtual_time import run_virtually

EVENTS = tuple(WEBHOOK_EVENTS)
TWO = EVENTS[:2]
SHARD = frozenset({0})
PUBLIC_URL = "https://hooks.example.com"
SECRET = b"the webhook secret of acme"


class Group:
    """A group that gives the shard to whoever asks."""

    async def confirm(self, partition: int) -> Confirmed:
        await asyncio.sleep(0.01)
        return Confirmed(0, 0)

    def resume(self, partition: int, offset: int, deliver: Deliver) -> None:
        """Deliver nothing."""

    def pause(self, partition: int) -> None:
        """Deliver nothing."""

    def proceed(self, partition: int) -> None:
        """Deliver nothing."""

    async def commit(self, offsets: Mapping[int, int]) -> bool:
        return True


async def nobody_asks() -> AsyncGenerator[ReadRecord, None]:
    """Give an admin topic in which nothing is ever written."""
    await asyncio.Event().wait()
    yield ReadRecord("", 0, 0, 0, None, None, ())


class TimedTwin(JournalTwin):
    """A journal whose brokers' clock goes with ours."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        super().__init__()

    @property  # type: ignore[explicit-override] # mypy does not see it above a property that can be set
    @override
    def now_ms(self) -> int:
        return 1_000_000 + round(self._now() * 1000)

    @now_ms.setter
    def now_ms(self, _: int) -> None:
        """Keep to the clock."""


@dataclass
class Scene:
    """`acme` wants `events`; what is set on the scene counts at once, as a changed file does."""

    now: Callable[[], float]
    vendor: Vendor
    events: tuple[str, ...] = EVENTS
    public_url: str | None = PUBLIC_URL
    secret: bytes = SECRET
    register: bool = True
    losses: list[str] = field(default_factory=list)
    answers: list[Record] = field(default_factory=list)
    requests: AdminRequests = nobody_asks
    prefix: str = "pbx"
    quota: Quota = field(default_factory=Quota)

    def __post_init__(self) -> None:
        self.twin = TimedTwin(self.now)
        self.evidence = HookEvidence()
        self.metrics = Metrics()
        self.ownership: Ownership | None = None

    async def start(self) -> None:
        """Take the shard, as a new process would: nothing is known but the journal."""
        options = HookOptions(self.register, self.events, self.public_url, lambda: self.secret)
        self.desk = AdminDesk(self.requests, self.publish, lambda: f"answer {len(self.answers)}", self.prefix)
        self.registration = Registration({"acme": options}, self.evidence, self.desk, self.metrics)
        call_options = ConnectionOptions(self.quota, 100, 30_000, 60_000, lambda _: None)
        self.ownership = Ownership(
            Premises(
                journal=self.twin,
                vendor=self.vendor,
                publisher=self,
                settle=self._settle,
                connections_of=lambda _: {"acme": call_options},
                worker="w",
                monotonic=self.now,
                jitter=float,
                watch=self,
            )
        )
        self.ownership.start(Group())
        self.ownership.assigned(SHARD)
        self.registration.start()

    async def stop(self) -> None:
        """Hand the shard over."""
        assert self.ownership is not None
        await self.ownership.revoked(SHARD)
        await self.ownership.stop()
        await self.registration.stop()

    async def restart(self) -> None:
        """Hand over to a new process, which has seen no event."""
        await self.stop()
        self.evidence = HookEvidence()
        await self.start()

    async def publish(self, record: Record) -> None:
        self.answers.append(record)

    def deliver(self, hook: str) -> None:
        """Let an event come by a hook now."""
        self.evidence.delivered("acme", hook, self.twin.now_ms)

    def miss(self, event: str, ago_ms: int = 0) -> None:
        """Let an event be found that came by no webhook."""
        self.evidence.missed("acme", WEBHOOK_EVENTS[event], self.twin.now_ms - ago_ms)

    def hooks(self) -> dict[str, Kept[Hook]]:
        """Give what the journal holds, by names such as `CallStarted.1`."""
        kept = read(self.twin.ledger.snapshot(0)).hooks
        return {HookName(key.event, key.generation).text: hook for key, hook in kept.items()}

    def hooks_in(self, state: str) -> int:
        """Count the hooks of a state in the journal."""
        return sum(hook.value.state == state for hook in self.hooks().values())

    def url(self, name: str) -> str:
        event, _, generation = name.partition(".")
        assert self.public_url is not None
        key = hook_key(self.secret, "acme", HookName(event, int(generation)))
        return hook_url(self.public_url, "acme", key)

    async def remember(self, name: str, hook: Hook) -> None:
        """Put a hook into the journal, before anybody has taken the shard."""
        event, _, generation = name.partition(".")
        writer, _ = await self.twin.open(0)
        await writer.append((put(HookKey("acme", event, int(generation)), hook),))
        await writer.close()

    def gauge(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, {"connection": "acme", **labels})

    def _settle(self, owned: OwnedShard, remembered: Remembered, _: Mapping[str, Verdict]) -> IdleTenant:
        self.registration.settle(owned, remembered)
        return IdleTenant()

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


def play(
    story: Callable[[Scene, VendorTwin], Coroutine[object, object, None]],
    events: tuple[str, ...] = TWO,
    *,
    register: bool = True,
    public_url: str | None = PUBLIC_URL,
) -> None:
    """Play a story in virtual time; the scene is its own to start."""

    async def main(now: Callable[[], float]) -> None:
        vendor = VendorTwin(now)
        scene = Scene(now, vendor, events, public_url, register=register)
        await story(scene, vendor)
        await scene.stop()

    run_virtually(main)
