"""When an identity is forgotten: never as long as a repeat of it may come, and in the end always."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from bridge.calls.dial_states import KnownCommand, is_repeat
from bridge.calls.forgetting import LATE_MS, MOST_AT_ONCE, Forgetting
from bridge.calls.journal_values import DIAL_HORIZON_MS, HOUR_MS, OTHER_HORIZON_MS, Intent, Verdict
from bridge.calls.orders import DIAL_TYPE, Order, Reference
from bridge.calls.owned_commands import OwnedCommands
from bridge.calls.progress import Progress
from bridge.pbx.requests import Collection, Dial, GetItem

ACCEPTED_MS = 1_000_000_000


def verdict(status: str = "ok", *, dial: bool = True, accepted_ms: int = ACCEPTED_MS) -> Verdict:
    return Verdict("acme", dial=dial, status=status, accepted_ms=accepted_ms)


def test_a_dial_is_forgotten_a_day_after_it_came_and_others_an_hour() -> None:
    """And not in the minutes after that, in which a late repeat may still be on its way."""
    for dial, horizon_ms in ((True, 24 * HOUR_MS), (False, HOUR_MS)):
        forgetting, known = Forgetting(), {"a": verdict(dial=dial)}
        forgetting.add("a", known["a"])
        at_ms = ACCEPTED_MS + horizon_ms + LATE_MS
        assert forgetting.due(at_ms - 1, 5, 5, known) == []
        assert forgetting.due(at_ms, 5, 5, known) == ["a"]
        assert forgetting.due(at_ms, 5, 5, known) == []
        assert len(forgetting) == 0


def test_what_may_be_delivered_again_is_remembered() -> None:
    """Whatever had been delivered when the time was over has to be behind the committed offset."""
    forgetting, known = Forgetting(), {"a": verdict()}
    forgetting.add("a", known["a"])
    late_ms = ACCEPTED_MS + 30 * HOUR_MS
    assert forgetting.due(late_ms, position=8, committed=7, known=known) == []
    # What has come since is another command, or none of this identity.
    assert forgetting.due(late_ms, position=20, committed=7, known=known) == []
    assert forgetting.due(late_ms, position=20, committed=8, known=known) == ["a"]


def test_an_open_doubt_is_remembered_until_it_is_resolved() -> None:
    """However old it is: its end is stored under the same key."""
    forgetting, late_ms = Forgetting(), ACCEPTED_MS + 48 * HOUR_MS
    intent = Intent("acme", "crm", "7", ACCEPTED_MS, 224, "37060000000", slot=0)
    doubt = replace(verdict("in_doubt"), intent=intent)
    forgetting.add("a", doubt)
    assert forgetting.due(late_ms, 5, 5, {"a": doubt}) == []
    resolved = replace(doubt, resolved="not_observed")
    forgetting.add("a", resolved)
    assert forgetting.due(late_ms, 5, 5, {"a": resolved}) == ["a"]


def test_an_identity_that_a_later_command_has_taken_is_that_command_s() -> None:
    """Whether it is being carried out, or has ended: the first command's time means nothing any more."""
    first, late_ms = verdict(), ACCEPTED_MS + 30 * HOUR_MS
    again = order("a", late_ms, dial=True)
    later = verdict(accepted_ms=late_ms)
    for now_known in (again, later):
        forgetting = Forgetting()
        forgetting.add("a", first)
        assert forgetting.due(late_ms, 8, 7, {"a": first}) == []
        assert forgetting.due(late_ms, 9, 9, {"a": now_known}) == []
    forgetting.add("a", later)
    assert forgetting.due(late_ms + 30 * HOUR_MS, 9, 9, {"a": later}) == ["a"]


def test_many_are_forgotten_in_portions() -> None:
    """The rest comes with the next question, at the same moment."""
    forgetting, known = Forgetting(), {str(n): verdict() for n in range(MOST_AT_ONCE + 5)}
    for identity, each in known.items():
        forgetting.add(identity, each)
    late_ms = ACCEPTED_MS + 30 * HOUR_MS
    first = forgetting.due(late_ms, 0, 0, known)
    second = forgetting.due(late_ms, 0, 0, known)
    assert (len(first), len(second)) == (MOST_AT_ONCE, 5)
    assert {*first, *second} == known.keys()


def order(id_: str, accepted_ms: int, *, dial: bool) -> Order:
    request = Dial(224, "37060000000") if dial else GetItem(Collection.CONTACTS, 7)
    type_ = DIAL_TYPE if dial else "pbx.command.get-contact.v1"
    return Order(Reference("acme", "crm", id_, type_, accepted_ms), request, 30.0)


class Shard:
    """The work of a shard, its journal, the group's offset, and the owner of the moment."""

    def __init__(self) -> None:
        self.now_ms = ACCEPTED_MS
        self.work: list[Order] = []
        self.delivered = 0
        self.journal: dict[str, Verdict] = {}
        self.committed = 0
        self.carried_out: dict[str, list[Order]] = {}
        self.take_over()

    def take_over(self) -> None:
        """Let another owner begin: it knows what is in the journal, and reads from the committed offset on."""
        self.commands = OwnedCommands(dict(self.journal), Progress(self.committed))
        self.forgetting = Forgetting()
        for identity, each in self.journal.items():
            self.forgetting.add(identity, each)
        self.position, self.next = self.delivered, self.committed
        self.open: list[tuple[int, Order]] = []

    def come(self, record: Order) -> None:
        """Let a record come, and everything before it."""
        self.work.append(record)
        while self.next < len(self.work):
            received = self.work[self.next]
            if self.commands.receive(self.next, received):
                self.open.append((self.next, received))
            self.next += 1
            self.position = self.delivered = max(self.position, self.next)

    def conclude(self, which: int) -> None:
        """Let a command that is open end; in this moment it counts as carried out."""
        if self.open:
            offset, ended = self.open.pop(which % len(self.open))
            self.carried_out.setdefault(ended.identity, []).append(ended)
            stored = verdict(dial=ended.dial, accepted_ms=ended.reference.accepted_ms)
            self.journal[ended.identity] = stored
            self.commands.conclude(offset, ended.identity, stored)
            self.forgetting.add(ended.identity, stored)

    def do(self, step: str, which: int, ms: int) -> None:
        """Let one thing happen."""
        match step:
            case "come":
                self.come(order(str(which), self.now_ms - ms, dial=which % 2 == 0))
            case "conclude":
                self.conclude(which)
            case "commit":
                self.committed = max(self.committed, self.commands.progress.committable)
            case "forget":
                self.forget()
            case "take over":
                self.take_over()
            case _:
                self.now_ms += ms

    def forget(self) -> None:
        """Forget what may be forgotten, after a look at what might come again."""
        for identity in self.forgetting.due(self.now_ms, self.position, self.committed, self.commands.known):
            again = [each for each in self.work[self.committed : self.delivered] if each.identity == identity]
            assert not any(is_repeat(each, self.commands.known[identity]) for each in again)
            self.commands.forget(identity)
            del self.journal[identity]

    @property
    def known(self) -> Mapping[str, KnownCommand]:
        return self.commands.known


STEPS = st.one_of(
    st.tuples(st.just("come"), st.integers(0, 3), st.integers(0, LATE_MS - 1)),
    st.tuples(st.just("conclude"), st.integers(0, 3), st.just(0)),
    st.tuples(st.sampled_from(["commit", "forget", "take over"]), st.just(0), st.just(0)),
    st.tuples(
        st.just("wait"),
        st.just(0),
        st.sampled_from([1, LATE_MS, OTHER_HORIZON_MS, DIAL_HORIZON_MS - LATE_MS, DIAL_HORIZON_MS]),
    ),
)


LATE_REPEAT = [
    ("come", 0, 0),
    ("conclude", 0, 0),
    ("commit", 0, 0),
    ("wait", 0, DIAL_HORIZON_MS),
    ("forget", 0, 0),
    ("come", 0, LATE_MS - 1),
    ("conclude", 0, 0),
]


@given(steps=st.lists(STEPS, max_size=60))
@example(steps=LATE_REPEAT)
def test_no_repeat_is_carried_out_and_all_is_forgotten_in_the_end(steps: list[tuple[str, int, int]]) -> None:
    """Through take-overs, late repeats and offsets that are not committed; no crash brings a command back."""
    shard = Shard()
    for step in steps:
        shard.do(*step)
    for first, *others in shard.carried_out.values():
        known: KnownCommand = first
        for each in others:
            assert not is_repeat(each, known), "a repeat was carried out"
            known = each
    shard.come(order("last", shard.now_ms, dial=True))
    while shard.open:
        shard.conclude(0)
    shard.committed = shard.commands.progress.committable
    shard.now_ms += DIAL_HORIZON_MS + LATE_MS
    shard.forget()
    assert shard.known == shard.journal == {}
    assert len(shard.forgetting) == 0
