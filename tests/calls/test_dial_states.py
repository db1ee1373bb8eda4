"""Identities, progress, and what each step of a command stores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calls import dialing
from bridge.calls.brokers_clock import Anchor
from bridge.calls.conclusions import Conclusion, Status
from bridge.calls.dial_states import Resolution, conclude, intend, is_repeat, resolve, take_over
from bridge.calls.journal import JournalRecord
from bridge.calls.journal_format import Kept, Remembered, UnknownFormat, put, read
from bridge.calls.journal_keys import CommandKey, OwnerKey, SlotKey
from bridge.calls.journal_values import Intent, Owner, Slot, Verdict
from bridge.calls.orders import Order, Reference
from bridge.calls.owned_commands import OwnedCommands
from bridge.calls.progress import Progress
from bridge.calls.quota import Reservation
from bridge.events.records import Record
from bridge.pbx.requests import Collection, GetItem
from tests.calls.crash_model import dial
from tests.calls.crash_model_replay import Publisher
from tests.calls.journal_twin import JournalTwin

HOUR_MS = 3_600_000
RESULT = Record("results", b"a", b"", [])
RESERVATION = Reservation(3, dial=True, at=0.0)


def query(accepted_ms: int) -> Order:
    reference = Reference("acme", "crm", "a", "pbx.command.get-call.v1", accepted_ms)
    return Order(reference, GetItem(Collection.CALL_HISTORY, 5), 60.0)


def test_an_identity_is_known_for_its_horizon() -> None:
    """A dial's for 24 h, another's for 1 h, from when the first one was accepted; what comes then is new."""
    verdict = Verdict("acme", dial=True, status="ok", accepted_ms=1000)
    for first, horizon in ((dial("a", 1000), 24), (query(1000), 1), (verdict, 24)):
        assert is_repeat(dial("a", 1000 + horizon * HOUR_MS - 1), first)
        assert is_repeat(query(1000 + horizon * HOUR_MS - 1), first), "of another type"
        assert not is_repeat(dial("a", 1000 + horizon * HOUR_MS), first)
    assert is_repeat(dial("a", 0), dial("a", 1000)), "accepted earlier, found later"
    assert not is_repeat(dial("a", 1000), None)


def test_repeats_are_dropped_and_finished() -> None:
    """The record behind an open one is finished, and yet not passed by the offset before the first one ends."""
    commands = OwnedCommands({}, Progress(7))
    assert commands.receive(7, dial("a"))
    assert not commands.receive(9, dial("a"))
    assert commands.receive(12, dial("b"))
    assert commands.progress.committable == 7
    commands.conclude(7, dial("a").identity, Verdict("acme", dial=True, status="ok", accepted_ms=1))
    assert commands.progress.committable == 10
    assert not commands.receive(13, dial("a"))
    commands.forget(dial("a").identity)
    assert commands.receive(14, dial("a"))


@given(st.lists(st.tuples(st.integers(1, 3), st.integers()), min_size=1, max_size=8))
def test_the_offset_never_passes_what_is_open(records: list[tuple[int, int]]) -> None:
    """Whatever the gaps between offsets and the order of the ends: it goes as far as it may, and no further."""
    offsets = [sum(gap for gap, _ in records[: n + 1]) for n in range(len(records))]
    order_of_ends = [offset for _, offset in sorted(zip((end for _, end in records), offsets, strict=True))]
    progress, finished = Progress(0), set[int]()
    for offset in offsets:
        progress.take(offset)
    for offset in order_of_ends:
        progress.finish(offset)
        finished.add(offset)
        before_open = [each for n, each in enumerate(offsets) if finished.issuperset(offsets[: n + 1])]
        assert progress.committable == (before_open[-1] + 1 if before_open else 0)


def test_an_intent_is_stored_with_its_slot() -> None:
    """And with all that a result needs, should its owner die."""
    order = Order(Reference("acme", "crm", "a", "pbx.command.dial.v1", 9, "c", "00-1"), dial("a").request, 30.0)
    append, intent = intend(order, RESERVATION)
    assert intent == Intent("acme", "crm", "a", 9, 224, "37060000000", 3, "c", "00-1")
    assert append == ((put(SlotKey("acme", 3), Slot(dial=True)), put(CommandKey(order.identity), intent)), ())


def test_a_verdict_and_its_result_are_one_transaction() -> None:
    """With the slot's end; the dial itself is kept where it may explain a call."""
    order = dial("a", 9)
    _, intent = intend(order, RESERVATION)
    beside = (put(SlotKey("acme", 3), Slot(dial=True)),)
    for status, kept in ((Status.OK, intent), (Status.IN_DOUBT, intent), (Status.REJECTED, None)):
        append, verdict = conclude(order, Conclusion(status), RESULT, beside, Kept(intent, 50))
        sent_ms = None if kept is None else 50
        assert verdict == Verdict("acme", dial=True, status=status, accepted_ms=9, intent=kept, sent_ms=sent_ms)
        assert append == ((*beside, put(CommandKey(order.identity), verdict)), (RESULT,))


def test_a_take_over_answers_for_its_predecessor() -> None:
    """Every open intent ends in doubt, with its result; what has ended stays as it is."""
    order, ended = dial("a", 9), Verdict("acme", dial=True, status="ok", accepted_ms=1)
    _, intent = intend(order, RESERVATION)
    commands: dict[CommandKey, Kept[Intent | Verdict]] = {
        CommandKey(order.identity): Kept(intent, 50),
        CommandKey("e"): Kept(ended, 5),
    }
    append, known = take_over(commands, Publisher(), 100)
    doubt = Verdict("acme", dial=True, status="in_doubt", accepted_ms=9, intent=intent, sent_ms=50)
    assert known == {order.identity: doubt, "e": ended}
    assert append == (
        (put(CommandKey(order.identity), doubt),),
        (Record("results", b"a", b"in_doubt", []),),
    )


class _Clock:
    def now(self) -> float:
        return 0.0

    def learn(self, anchor: Anchor) -> None:
        """Be right already."""

    def epoch_ms(self, moment: float) -> int:
        return 100


@pytest.mark.asyncio
async def test_a_shard_of_a_newer_release_is_left_without_a_trace() -> None:
    """What it wrote is not understood, so nothing is written over it; and the shard is closed."""
    twin = JournalTwin()
    writer, _ = await twin.open(0)
    newer = JournalRecord(b"command/1", b'{"v":99,"is":"intent"}')
    await writer.append([newer])
    before = twin.ledger.snapshot(0)
    with pytest.raises(UnknownFormat):
        await dialing.take_over(twin, 0, "worker", Publisher(), _Clock())
    assert twin.ledger.snapshot(0) == before


@pytest.mark.asyncio
async def test_a_take_over_gives_what_the_journal_held() -> None:
    """The marker is stored with the epoch; its append ties the brokers' clock to ours."""
    twin = JournalTwin(now_ms=70)
    writer, remembered, commands, marker = await dialing.take_over(twin, 0, "worker", Publisher(), _Clock())
    assert (remembered, commands, marker) == (Remembered(), {}, Anchor(70, 0.0, 0.0))
    stored = read(twin.ledger.snapshot(0))
    assert stored.owner == {OwnerKey(): Kept(Owner(writer.epoch, "worker"), 70)}


def test_a_doubt_is_open_until_it_is_resolved() -> None:
    """From its verdict on, or from the take-over on that found it."""
    order = dial("a", 9)
    _, intent = intend(order, RESERVATION)
    _, verdict = conclude(order, Conclusion(Status.IN_DOUBT), RESULT, (), Kept(intent, 50))
    commands = OwnedCommands({}, Progress(0))
    assert commands.receive(0, order)
    assert commands.doubts == {}
    commands.conclude(0, order.identity, verdict)
    assert commands.doubts == OwnedCommands(dict(commands.known), Progress(1)).doubts == {order.identity: verdict}
    _, resolved = resolve(order.identity, verdict, Resolution("call_observed", 5), Publisher(), 100)
    commands.resolve(order.identity, resolved)
    assert commands.doubts == {}
    assert (commands.known[order.identity], resolved.call_id) == (resolved, 5)
