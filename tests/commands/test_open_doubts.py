"""When a doubt ends, and when the vendor's history is asked about it."""

from dataclasses import dataclass, field, replace
from itertools import cycle, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calls.dial_states import KnownCommand, Resolution, is_open_doubt
from bridge.calls.doubts import ObservedCall
from bridge.calls.journal_values import Intent, Verdict
from bridge.commands.observed_calls import ObservedCalls
from bridge.commands.open_doubts import ENDED_AT_ONCE, Ask, Look, OpenDoubts
from bridge.pbx.numbers import e164_reader

S = 1000
NOW_MS = 1_000_000 * S
NUMBER = "+37060000000"


def doubt(ago_s: float = 0, contact: int = 224, connection: str = "acme") -> Verdict:
    sent_ms = NOW_MS - int(ago_s * S)
    intent = Intent(connection, "crm", "7", sent_ms - 100, contact, NUMBER, slot=0)
    return Verdict(connection, dial=True, status="in_doubt", accepted_ms=sent_ms - 100, intent=intent, sent_ms=sent_ms)


def call(call_id: int, started_ms: int = NOW_MS + S, contact: int = 224) -> ObservedCall:
    return ObservedCall(call_id, contact, NUMBER, started_ms)


@dataclass
class Shard:
    """A shard whose doubts are looked at; time is in seconds from `NOW_MS` on."""

    known: dict[str, KnownCommand]
    calls: ObservedCalls = field(default_factory=ObservedCalls)
    open: OpenDoubts = field(default_factory=lambda: OpenDoubts(lambda _: e164_reader("LT")))

    def look(self, at_s: float, *, answered: bool | None = True) -> Look:
        """Look once. The history has nothing, or does not answer; None: it has not yet."""
        doubts = {identity: each for identity, each in self.known.items() if is_open_doubt(each)}
        look = self.open.look(self.known, doubts, self.calls, NOW_MS + int(at_s * S))
        if answered is not None:
            for ask in look.asks:
                self.open.answer(ask, answered=answered)
        return look

    def run(self, until_s: float, *, answered: bool = True) -> tuple[list[int], dict[str, int]]:
        """Look every second; give the moments of the questions, and of the ends by identity."""
        asked: list[int] = []
        ended: dict[str, int] = {}
        for second in range(int(until_s) + 1):
            look = self.look(second, answered=answered)
            asked += [second] * len(look.asks)
            ended |= {identity: second for identity, _ in look.ends}
        return asked, ended


def test_an_observed_call_ends_a_doubt_at_once() -> None:
    """With the call's id, and once: what has been said is not said again while it is being stored."""
    shard = Shard({"d": doubt()})
    assert shard.look(1).ends == ()
    shard.calls.add("acme", [call(5)])
    assert shard.look(2).ends == (("d", Resolution("call_observed", 5)),)
    assert shard.look(3).ends == ()


def test_a_call_that_ends_a_doubt_explains_no_other() -> None:
    """Also as long as that end is not stored, and whatever comes to light meanwhile."""
    shard = Shard({"late": doubt(ago_s=-5)})
    shard.calls.add("acme", [call(5)])
    assert shard.look(6).ends == (("late", Resolution("call_observed", 5)),)
    shard.known["early"] = doubt()
    assert shard.look(7).ends == ()
    shard.calls.add("acme", [call(6)])
    assert shard.look(8).ends == (("early", Resolution("call_observed", 6)),)


def test_the_history_is_asked_twice_and_then_the_doubt_ends() -> None:
    """After half a minute, and half a minute before the contract's five minutes are over."""
    assert Shard({"d": doubt()}).run(400) == ([30, 270], {"d": 271})


def test_without_an_answer_a_doubt_ends_in_time() -> None:
    """Ten seconds are left to store and publish that nobody knows."""
    assert Shard({"d": doubt()}).run(400, answered=False) == ([30, 270], {"d": 290})
    silent = Shard({"d": doubt()})
    for second in range(290):
        assert silent.look(second, answered=None).ends == ()
    assert silent.look(290, answered=None).ends == (("d", Resolution("not_observed")),)


def test_a_question_is_about_the_time_of_all_doubts_of_its_connection() -> None:
    """And of dials before them that may lay claim to a call; a row may be dated by the end of its call."""
    shard = Shard({"old": doubt(ago_s=30), "new": doubt(ago_s=5), "other": doubt(connection="other")})
    asks = shard.look(0).asks
    assert asks == (Ask("acme", NOW_MS - 350 * S, NOW_MS - 5 * S + 300 * S + 3600 * S, by_ms=NOW_MS + 10 * S),)


def test_one_answer_serves_the_doubts_that_follow_one_another() -> None:
    """A vendor in trouble makes doubts of all dials; four questions a minute are what they cost, and each ends."""
    shard = Shard({})
    asked: list[int] = []
    ended: dict[str, int] = {}
    for second in range(600):
        if second < 300:
            shard.known[f"d{second}"] = doubt(ago_s=-second)
        look = shard.look(second)
        asked += [second] * len(look.asks)
        ended |= {identity: second for identity, _ in look.ends}
    assert all(later - earlier >= 15 for earlier, later in pairwise(asked))
    assert {int(identity[1:]) for identity in ended} == set(range(300))
    assert all(270 <= second - int(identity[1:]) <= 290 for identity, second in ended.items())


def test_connections_are_asked_each_for_itself() -> None:
    """One that does not answer holds up no other."""
    shard = Shard({"a": doubt(), "b": doubt(connection="other")})
    look = shard.look(30, answered=None)
    assert [ask.connection for ask in look.asks] == ["acme", "other"]
    shard.open.answer(look.asks[1], answered=True)
    assert [ask.connection for ask in shard.look(270).asks] == ["other"]


def test_an_old_doubt_gets_some_seconds_for_what_events_and_history_say() -> None:
    """After a take-over: the history is asked at once, and the events of that time are being read."""
    assert Shard({"d": doubt(ago_s=500)}).run(60) == ([0], {"d": 5})
    assert Shard({"d": doubt(ago_s=500)}).run(60, answered=False) == ([0], {"d": 25})
    assert Shard({"d": doubt(ago_s=268)}).run(60) == ([0], {"d": 5})


def test_an_answer_about_another_time_serves_nobody() -> None:
    """A doubt that is older than those before it asks for itself: an answer since then says nothing of its time."""
    shard = Shard({"d": doubt()})
    assert shard.run(240)[0] == [30]
    shard.known["old"] = replace(doubt(), sent_ms=NOW_MS - 5000 * S)
    assert [ask.since_ms for ask in shard.look(241).asks] == [NOW_MS - 5320 * S]


def test_what_has_to_be_known_reaches_back_before_the_oldest_doubt() -> None:
    """For each connection; what is being ended needs nothing more."""
    shard = Shard({"a": doubt(), "old": doubt(ago_s=100), "b": doubt(connection="other")})
    assert shard.look(0).needed == {"acme": NOW_MS - 420 * S, "other": NOW_MS - 320 * S}
    shard.calls.add("other", [call(5)])
    assert shard.look(1).ends == (("b", Resolution("call_observed", 5)),)
    assert shard.look(2).needed.keys() == {"acme"}


def test_many_ends_come_in_portions() -> None:
    """The next look gives the rest."""
    shard = Shard({f"d{n}": doubt(ago_s=500) for n in range(ENDED_AT_ONCE + 5)})
    assert len(shard.look(0).ends) == 0
    first, second, third = (shard.look(at_s).ends for at_s in (25, 26, 27))
    assert (len(first), len(second), len(third)) == (ENDED_AT_ONCE, 5, 0)
    assert len({*first, *second}) == ENDED_AT_ONCE + 5


SECONDS = st.integers(0, 400)
CALLS = st.lists(st.tuples(SECONDS, st.integers(0, 30), st.integers(0, 2)), max_size=8)


@given(
    dials=st.lists(st.tuples(SECONDS, st.integers(0, 350), st.integers(0, 2)), min_size=1, max_size=8),
    calls=CALLS,
    answers=st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=8),
)
def test_every_doubt_ends_once_and_in_time(
    dials: list[tuple[int, int, int]],
    calls: list[tuple[int, int, int]],
    answers: list[bool | None],
) -> None:
    """Whatever is seen, answered or left open; no call ends two, and nobody asks a connection more than allowed."""
    shard, asked_last = Shard({}), -15
    ended: dict[str, tuple[int, Resolution]] = {}
    history = cycle(answers)
    for second in range(800):
        shard.known |= {
            f"d{n}": doubt(ago_s=-sent, contact=contact)
            for n, (sent, seen_after, contact) in enumerate(dials)
            if sent + seen_after == second
        }
        shard.calls.add(
            "acme",
            [
                call(n, NOW_MS + started * S, contact)
                for n, (started, seen_after, contact) in enumerate(calls)
                if started + seen_after == second
            ],
        )
        look = shard.look(second, answered=None)
        if not look.needed:
            asked_last = -15
        for ask in look.asks:
            assert second - asked_last >= 15
            asked_last = second
            if (answered := next(history)) is not None:
                shard.open.answer(ask, answered=answered)
        for identity, resolution in look.ends:
            assert identity not in ended
            ended[identity] = second, resolution
    assert ended.keys() == {f"d{n}" for n in range(len(dials))}
    observed = [resolution.call_id for _, resolution in ended.values() if resolution.call_id is not None]
    assert len(observed) == len(set(observed))
    for identity, (second, resolution) in ended.items():
        sent, seen_after, contact = dials[int(identity[1:])]
        assert second <= max(sent + 290, sent + seen_after + 25)
        if resolution.call_id is None:
            assert second >= sent + 270
        else:
            started, call_seen_after, its_contact = calls[resolution.call_id]
            assert -10 <= started - sent <= 300
            assert its_contact == contact
            assert second == max(sent + seen_after, started + call_seen_after) or len(dials) > 1


def test_a_late_answer_is_nobody_s() -> None:
    """The doubts that it was for have ended; it does not count for the next one, nor for what that has asked."""
    shard = Shard({"d": doubt()})
    (ask,) = shard.look(30, answered=None).asks
    shard.known = {}
    assert shard.look(31).asks == ()
    shard.open.answer(ask, answered=True)
    shard.known = {"d": doubt()}
    assert [late.by_ms for late in shard.look(32, answered=None).asks] == [NOW_MS + 42 * S]
    shard.open.answer(ask, answered=True)
    assert shard.look(270).asks == ()


@pytest.mark.parametrize("answered", [True, False])
def test_a_call_in_the_history_ends_a_doubt(answered: bool) -> None:
    """It was added to the calls before its answer was noted, so no look can come between."""
    shard = Shard({"d": doubt()})
    (ask,) = shard.look(270, answered=None).asks
    if answered:
        shard.calls.add("acme", [call(5)])
    shard.open.answer(ask, answered=answered)
    expected = (("d", Resolution("call_observed", 5)),) if answered else ()
    assert shard.look(271).ends == expected
