"""A shard from its assignment to its end, in virtual time: confirmed, taken over, served, lost, handed over."""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from weakref import ref

from structlog.testing import capture_logs

from bridge.calls.conclusions import Conclusion
from bridge.calls.connection_options import ConnectionOptions
from bridge.calls.dial_states import Ended, Resolution
from bridge.calls.journal import JournalAway, JournalRecord, ShardLost
from bridge.calls.journal_format import Remembered, put, read
from bridge.calls.journal_keys import OwnerKey, SlotKey
from bridge.calls.journal_values import Slot as StoredSlot
from bridge.calls.journal_values import Verdict
from bridge.calls.lanes import Lane
from bridge.calls.means import Slot, Wanted
from bridge.calls.orders import Reference
from bridge.calls.ownership import Ownership
from bridge.calls.quota import Ending, Quota
from bridge.calls.shard_owner import NewerRelease, OwnedShard, Premises
from bridge.events.records import Record
from bridge.kafka.group_member import Confirmed, Deliver, FetchedRecord, GroupAway, NotOurs
from bridge.pbx.requests import Request
from bridge.pbx.responses import Exchange
from tests.calls.journal_twin import JournalTwin, Step
from tests.virtual_time import run_virtually

ONE = frozenset({0})


@dataclass
class Membership:
    """The group, as one of its members sees it; `answers` are what it says to the next questions of step 0."""

    log: list[str] = field(default_factory=list)
    answers: list[Exception] = field(default_factory=list)
    committed: int = 7
    deliver: Deliver | None = None
    commits_hang: bool = False

    async def confirm(self, partition: int) -> Confirmed:
        await asyncio.sleep(0.01)
        if self.answers:
            error = self.answers.pop(0)
            self.log.append(type(error).__name__)
            raise error
        self.log.append("confirmed")
        return Confirmed(self.committed, 9)

    def resume(self, partition: int, offset: int, deliver: Deliver) -> None:
        self.log.append(f"resumed at {offset}")
        self.deliver = deliver

    def pause(self, partition: int) -> None:
        self.log.append("paused")

    def proceed(self, partition: int) -> None:
        self.log.append("proceeds")

    async def commit(self, offsets: Mapping[int, int]) -> bool:
        if self.commits_hang:
            await asyncio.sleep(1_000)
        self.log.append(f"committed {offsets}")
        return True


@dataclass
class Tenant:
    """Serves nothing, and writes down what it is told."""

    log: list[str]
    owned: OwnedShard
    committable: int = 8

    def deliver(self, records: Sequence[FetchedRecord]) -> None:
        """Take nothing."""

    def committed(self, offset: int) -> None:
        self.log.append(f"told of {offset}")

    def end(self) -> None:
        self.log.append("tenant ended")


class Nobody:
    """The ports that nothing here needs."""

    async def call(self, connection: str, request: Request, first_byte_by: float) -> Exchange:
        raise NotImplementedError

    def result(self, reference: Reference, conclusion: Conclusion, sent_ms: int | None, finished_ms: int) -> Record:
        raise NotImplementedError

    def resolved(self, reference: Reference, resolution: Resolution, resolved_ms: int) -> Record:
        raise NotImplementedError

    def waited(self, lane: Lane, seconds: float) -> None:
        """Take no note."""

    def refused(self, connection: str, freeze_s: float, limit: int) -> None:
        """Take no note."""


@dataclass
class Scene(Nobody):
    """One worker with one shard."""

    now: Callable[[], float]
    group: Membership = field(default_factory=Membership)
    twin: JournalTwin = field(default_factory=lambda: JournalTwin(now_ms=1_000_000))
    tenants: list[Tenant] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    quota: Quota = field(default_factory=lambda: Quota(calls=1))
    settle_faults: list[Exception] = field(default_factory=list)
    when_settled: Callable[[OwnedShard], None] = lambda _: None

    def __post_init__(self) -> None:
        options = ConnectionOptions(self.quota, 100, 30_000, 60_000, lambda _: None)
        premises = Premises(
            journal=self.twin,
            vendor=self,
            publisher=self,
            settle=self._settle,
            connections_of=lambda _: {"acme": options},
            worker="w",
            monotonic=self.now,
            jitter=float,
            watch=self,
        )
        self.ownership = Ownership(premises)
        self.ownership.start(self.group)

    def _settle(self, owned: OwnedShard, _remembered: Remembered, _commands: Mapping[str, Verdict]) -> Tenant:
        if self.settle_faults:
            raise self.settle_faults.pop()
        self.when_settled(owned)
        self.tenants.append(Tenant(self.group.log, owned))
        return self.tenants[-1]

    def taken_over(self, seconds: float) -> None:
        self.group.log.append("taken over")

    def lost(self, cause: str) -> None:
        self.losses.append(cause)

    def appended(self, seconds: float) -> None:
        """Take no note."""


def play(story: Callable[[Scene], Coroutine[object, object, None]]) -> None:
    async def main(now: Callable[[], float]) -> None:
        scene = Scene(now)
        await story(scene)
        await scene.ownership.revoked(ONE)
        await scene.ownership.stop()

    run_virtually(main)


def test_the_group_is_asked_before_the_shard_is_opened() -> None:
    """Step 0, then the take-over, then the work from the committed offset on; and only then all is served."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        assert scene.ownership.problem() is not None
        await asyncio.sleep(0.5)
        assert scene.group.log == ["confirmed", "taken over", "resumed at 7"]
        assert scene.ownership.problem() is None
        assert OwnerKey() in read(scene.twin.ledger.snapshot(0)).owner

    play(story)


def test_who_is_not_the_owner_opens_nothing() -> None:
    """An expelled member still sees its old assignment: opening would take the shard from the true owner."""

    async def story(scene: Scene) -> None:
        scene.group.answers = [NotOurs("no")]
        before = scene.twin.ledger
        scene.ownership.assigned(ONE)
        await asyncio.sleep(30)
        assert scene.group.log == ["NotOurs"]
        assert scene.twin.ledger == before

    play(story)


def test_a_group_that_does_not_answer_is_asked_again() -> None:
    """With growing pauses, for ever."""

    async def story(scene: Scene) -> None:
        scene.group.answers = [GroupAway("away") for _ in range(5)]
        scene.ownership.assigned(ONE)
        await asyncio.sleep(20)
        assert scene.group.log[:8] == [*["GroupAway"] * 5, "confirmed", "taken over", "resumed at 7"]

    play(story)


def test_a_lost_shard_is_begun_again_with_step_0() -> None:
    """Whatever was known is dropped: there is another tenant, and what ran for the first is cancelled."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        await asyncio.sleep(0.5)
        first = scene.tenants[0]
        ended = asyncio.Event()

        async def works() -> None:
            try:
                await asyncio.sleep(1_000)
            finally:
                ended.set()

        first.owned.tasks.work(works())
        await asyncio.sleep(0)
        scene.group.log.clear()
        # Somebody else opens the shard: whoever appends next learns that it is lost.
        await scene.twin.open(0)

        async def appends() -> None:
            await first.owned.means.writer.append((put(SlotKey("acme", 0), StoredSlot(dial=False)),))

        first.owned.tasks.work(appends())
        await asyncio.sleep(1)
        assert ended.is_set()
        assert scene.group.log[:5] == ["paused", "tenant ended", "confirmed", "taken over", "resumed at 7"]
        assert scene.losses == ["fenced"]
        assert len(scene.tenants) == 2

    play(story)


def test_a_fault_of_our_own_gives_the_shard_up() -> None:
    """What came out of a task is not a verdict, so nobody knows what is stored: the journal does."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        await asyncio.sleep(0.5)

        async def breaks() -> None:
            raise RuntimeError("a fault")

        scene.tenants[0].owned.tasks.work(breaks())
        await asyncio.sleep(1)
        assert scene.losses == ["RuntimeError"]
        assert scene.ownership.problem() is None
        assert len(scene.tenants) == 2

    play(story)


def test_a_hand_over_finishes_what_is_in_flight() -> None:
    """No slot is given any more; a call under way is ended and stored; then the offset is committed."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        await asyncio.sleep(0.5)
        owned = scene.tenants[0].owned
        waiting_began = False

        async def calls() -> None:
            slot = await owned.slots.take(Wanted("acme", Lane.DIAL))
            assert isinstance(slot, Slot)
            await asyncio.sleep(5)
            owned.slots.finish("acme", Ended(slot.reservation, Ending.ANSWERED), None)
            await owned.means.writer.append((put(SlotKey("acme", 0), StoredSlot(True, Ending.ANSWERED)),))

        async def waits() -> None:
            nonlocal waiting_began
            await owned.slots.take(Wanted("acme", Lane.DIAL))
            waiting_began = True

        owned.tasks.work(calls())
        owned.tasks.work(waits())
        await asyncio.sleep(0.1)
        scene.group.log.clear()
        began = scene.now()
        await scene.ownership.revoked(ONE)
        assert 4.5 < scene.now() - began < 5.5
        assert not waiting_began
        assert scene.group.log[0] == "paused"
        assert scene.group.log[-2:] == ["committed {0: 8}", "tenant ended"]
        assert read(scene.twin.ledger.snapshot(0)).slots[SlotKey("acme", 0)].value == StoredSlot(True, Ending.ANSWERED)
        assert not scene.losses
        assert not scene.ownership.owners

    play(story)


def test_a_hand_over_does_not_wait_for_ever() -> None:
    """The group goes on after 20 s without who has not come: what hangs longer than the longest call is cut off."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        await asyncio.sleep(0.5)
        scene.tenants[0].owned.tasks.work(asyncio.sleep(1_000))
        began = scene.now()
        await scene.ownership.revoked(ONE)
        assert 15 <= scene.now() - began < 16

    play(story)


def test_a_hand_over_in_the_midst_of_a_take_over_ends_it() -> None:
    """Nothing has begun yet, so there is nothing to wait for; the writer is closed."""

    async def story(scene: Scene) -> None:
        async def hangs(step: Step) -> None:
            if step.point == "written":
                await asyncio.sleep(100)

        scene.twin.at = hangs
        scene.ownership.assigned(ONE)
        await asyncio.sleep(1)
        began = scene.now()
        await scene.ownership.revoked(ONE)
        assert scene.now() - began < 6
        assert not scene.tenants

    play(story)


def test_a_newer_release_keeps_its_shard() -> None:
    """What it wrote is not understood: nothing is stored over it, readiness says so, and it is looked at again."""

    async def story(scene: Scene) -> None:
        writer, _ = await scene.twin.open(0)
        await writer.append([JournalRecord(b"command/1", b'{"v":99,"is":"intent"}')])
        before = scene.twin.ledger.snapshot(0)
        scene.ownership.assigned(ONE)
        await asyncio.sleep(25)
        assert scene.group.log == ["confirmed"] * 3
        assert scene.twin.ledger.snapshot(0) == before
        assert "newer release" in (scene.ownership.problem() or "")

    play(story)


def test_offsets_are_committed_every_second_when_they_have_changed() -> None:
    """And the tenant is told, which may then forget what can be delivered no more."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        await asyncio.sleep(0.5)
        scene.group.log.clear()
        await asyncio.sleep(5)
        assert scene.group.log == ["committed {0: 8}", "told of 8"]
        scene.tenants[0].committable = 9
        await asyncio.sleep(1)
        assert scene.group.log[2:] == ["committed {0: 9}", "told of 9"]

    play(story)


def test_a_predecessor_s_slots_are_busy() -> None:
    """A reservation without an end holds as long as its call may have lasted at most."""

    async def story(scene: Scene) -> None:
        writer, _ = await scene.twin.open(0)
        await writer.append([put(SlotKey("acme", 0), StoredSlot(dial=True))])
        scene.ownership.assigned(ONE)
        await asyncio.sleep(0.5)
        began = scene.now()
        assert isinstance(await scene.tenants[0].owned.slots.take(Wanted("acme", Lane.DIAL)), Slot)
        assert 82 < scene.now() - began < 83.5

    play(story)


def test_a_journal_that_is_away_is_opened_later() -> None:
    """A loss during the take-over is no end either."""

    async def story(scene: Scene) -> None:
        fails = [ShardLost("away"), ShardLost("unknown")]

        async def fail(step: Step) -> None:
            if step.point == "opening" and fails:
                raise fails.pop()

        scene.twin.at = fail
        scene.ownership.assigned(ONE)
        await asyncio.sleep(5)
        assert scene.group.log[:5] == [*["confirmed"] * 3, "taken over", "resumed at 7"]

    play(story)


def test_whatever_goes_wrong_in_a_take_over_it_is_tried_again() -> None:
    """An unusable certificate in the midst of its rotation, or a fault of a capability: the writer is closed."""

    async def story(scene: Scene) -> None:
        faults: list[Exception] = [ValueError("certificate"), RuntimeError("a fault")]

        async def breaks(step: Step) -> None:
            if step.point == "opening" and faults:
                raise faults.pop(0)

        scene.twin.at = breaks
        scene.settle_faults = [KeyError("settling")]
        scene.ownership.assigned(ONE)
        await asyncio.sleep(5)
        assert scene.group.log.count("confirmed") == 4
        assert scene.ownership.problem() is None
        assert len(scene.tenants) == 1

    play(story)


def test_a_take_over_that_goes_on_failing_is_told_once_for_each_cause() -> None:
    """What nobody mends for hours, such as a missing right, fills no log."""

    async def story(scene: Scene) -> None:
        fails: list[Exception] = [*[JournalAway("no right")] * 9, *[ShardLost("away")] * 3, JournalAway("no right")]

        async def fail(step: Step) -> None:
            if step.point == "opening" and fails:
                raise fails.pop(0)

        scene.twin.at = fail
        with capture_logs() as lines:
            scene.ownership.assigned(ONE)
            await asyncio.sleep(60)
        told = [line["error"] for line in lines if line["event"] == "a shard cannot be taken over yet"]
        assert told == ["JournalAway: no right", "ShardLost: away", "JournalAway: no right"]
        assert scene.ownership.problem() is None

    play(story)


def test_a_loss_that_comes_again_and_again_is_no_loop() -> None:
    """Each round reads a journal and may ask the vendor again: they come ever later, until one has held."""

    async def story(scene: Scene) -> None:
        scene.when_settled = lambda owned: owned.tasks.fail(ShardLost("refused"))
        scene.ownership.assigned(ONE)
        await asyncio.sleep(60)
        assert 20 < len(scene.tenants) < 40

    play(story)


def test_a_hand_over_in_the_midst_of_a_loss_lets_all_go() -> None:
    """The tenant is told of its end and the writer is closed, at whatever step of the loss the revocation comes."""
    for turns in range(12):

        async def story(scene: Scene, turns: int = turns) -> None:
            scene.ownership.assigned(ONE)
            await asyncio.sleep(0.5)
            for _ in range(3):
                scene.tenants[0].owned.tasks.work(asyncio.sleep(1_000))
            scene.tenants[0].owned.tasks.fail(ShardLost("fenced"))
            for _ in range(turns):
                await asyncio.sleep(0)
            await scene.ownership.revoked(ONE)
            assert scene.group.log.count("tenant ended") == len(scene.tenants) == 1

        play(story)


def test_a_hand_over_is_over_in_time_whatever_hangs() -> None:
    """The member waits 18 s; then the group goes on, and what is left of us must not stand in readiness."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        await asyncio.sleep(0.5)
        owned = scene.tenants[0].owned

        async def hangs(_: Step) -> None:
            await asyncio.sleep(1_000)

        async def appends() -> None:
            await owned.means.writer.append((put(SlotKey("acme", 0), StoredSlot(dial=False)),))

        scene.twin.at = hangs
        scene.group.commits_hang = True
        owned.tasks.work(appends())
        began = scene.now()
        await scene.ownership.revoked(ONE)
        assert 15 <= scene.now() - began < 17.5
        assert scene.ownership.problem() is None

    play(story)


def test_a_newer_release_s_command_cuts_nothing_off() -> None:
    """What is in flight is finished and stored before the shard is left."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        await asyncio.sleep(0.5)
        owned = scene.tenants[0].owned
        ended = []

        async def call() -> None:
            await asyncio.sleep(3)
            ended.append(scene.now())

        owned.tasks.work(call())
        owned.tasks.fail(NewerRelease("format 2"))
        await asyncio.sleep(5)
        assert ended
        assert "committed {0: 8}" in scene.group.log
        assert "newer release" in (scene.ownership.problem() or "")

    play(story)


def test_what_was_lost_is_let_go_before_the_next_take_over() -> None:
    """A shard's commands are the dials of a day: two of them at once would be twice the memory."""

    async def story(scene: Scene) -> None:
        scene.ownership.assigned(ONE)
        await asyncio.sleep(0.5)
        scene.group.answers = [GroupAway("away") for _ in range(3)]
        scene.tenants[0].owned.tasks.fail(ShardLost("fenced"))
        lost = ref(scene.tenants.pop())
        await asyncio.sleep(1)
        gc.collect()
        assert not scene.tenants
        assert lost() is None
        await asyncio.sleep(10)

    play(story)
