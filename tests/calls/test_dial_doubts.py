"""Which call explains which dial."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bridge.calls.dial_states import KnownCommand, Resolution
from bridge.calls.doubts import ObservedCall, explain, resolutions
from bridge.calls.journal_values import Intent, Verdict
from bridge.calls.owned_commands import OwnedCommands
from bridge.calls.progress import Progress
from bridge.pbx.numbers import e164_reader
from tests.calls.crash_model import dial

SENT_MS = 1_000_000
S = 1000
TO_E164 = e164_reader("LT")
NUMBER = "+37060000000"


def dialled(status: str = "in_doubt", sent_ms: int = SENT_MS, contact: int = 224, to: str = NUMBER) -> Verdict:
    intent = Intent("acme", "crm", "7", sent_ms - 100, contact, to, slot=0)
    return Verdict("acme", dial=True, status=status, accepted_ms=sent_ms - 100, intent=intent, sent_ms=sent_ms)


def call(call_id: int, started_ms: int = SENT_MS + S, contact: int = 224, to: str = NUMBER) -> ObservedCall:
    return ObservedCall(call_id, contact, to, started_ms)


def commands(**known: KnownCommand) -> OwnedCommands:
    return OwnedCommands(known, Progress(0))


def test_a_call_of_that_contact_to_that_number_explains_a_doubt() -> None:
    """The doubt ends at once, and names the call."""
    known = commands(d=dialled())
    assert resolutions(known, [call(5)], TO_E164, SENT_MS) == [("d", Resolution("call_observed", 5))]


def test_numbers_are_compared_as_e164() -> None:
    """National and international spellings of one number are the same; without a region digits decide."""
    for to in ("860000000", "+370 600 00000", "0037060000000"):
        assert explain(commands(d=dialled(to=to)), [call(5)], TO_E164) == {"d": 5}, to
    none = e164_reader(None)
    assert explain(commands(d=dialled(to="00370 600-00000")), [call(5)], none) == {"d": 5}
    assert explain(commands(d=dialled(to="860000000")), [call(5)], none) == {}


def test_another_contact_number_or_time_explains_nothing() -> None:
    """From ten seconds before the dial, since clocks differ, to five minutes after it."""
    known = commands(d=dialled())
    for other in (
        call(5, contact=225),
        call(5, to="+37060000001"),
        call(5, SENT_MS - 10 * S - 1),
        call(5, SENT_MS + 300 * S + 1),
    ):
        assert resolutions(known, [other], TO_E164, SENT_MS) == []
    for started_ms in (SENT_MS - 10 * S, SENT_MS + 300 * S):
        assert explain(known, [call(5, started_ms)], TO_E164) == {"d": 5}


def test_a_doubt_without_a_call_ends_in_time() -> None:
    """Half a minute before the five minutes are over."""
    known = commands(d=dialled())
    assert resolutions(known, [], TO_E164, SENT_MS + 270 * S - 1) == []
    assert resolutions(known, [], TO_E164, SENT_MS + 270 * S) == [("d", Resolution("not_observed"))]


def test_ok_dials_claim_first() -> None:
    """One call explains one dial, even when the doubt is the older one; a second call is the doubt's."""
    known = commands(d=dialled(), ok=dialled("ok", SENT_MS + S))
    assert explain(known, [call(5)], TO_E164) == {}
    assert explain(known, [call(5), call(6)], TO_E164) == {"d": 6}


def test_a_dial_whose_answer_is_awaited_claims_first() -> None:
    """The call may be its own: its answer tells."""
    waiting = dial("b", accepted_ms=SENT_MS)
    known = commands(d=dialled(to="37060000000"), b=waiting)
    assert explain(known, [call(5, to="37060000000")], TO_E164) == {}


def test_what_was_refused_or_never_left_claims_nothing() -> None:
    """No call can be theirs."""
    for status in ("rejected", "not_sent", "expired", "overloaded"):
        other = Verdict("acme", dial=True, status=status, accepted_ms=SENT_MS)
        assert explain(commands(d=dialled(), other=other), [call(5)], TO_E164) == {"d": 5}


def test_a_call_that_has_ended_a_doubt_is_used() -> None:
    """Seen again, it does not end another one."""
    before = replace(dialled(), resolved="call_observed", call_id=5)
    assert explain(commands(before=before, d=dialled()), [call(5)], TO_E164) == {}


def test_a_call_that_is_seen_twice_is_one_call() -> None:
    """In the history a transferred call has another contact than in its events."""
    known = commands(one=dialled(), other=dialled(contact=225))
    assert explain(known, [call(5), call(5, contact=225)], TO_E164) == {"one": 5}


def test_the_oldest_doubt_takes_the_first_call() -> None:
    """Two doubts and two calls are all explained, whatever the order in which they are told."""
    known = commands(late=dialled(sent_ms=SENT_MS + 200 * S), early=dialled())
    calls = [call(6, SENT_MS + 201 * S), call(5, SENT_MS + 195 * S)]
    assert explain(known, calls, TO_E164) == {"early": 5, "late": 6}


SECONDS = st.integers(0, 900)


@given(oks=st.lists(SECONDS, max_size=4), doubts=st.lists(SECONDS, max_size=4), calls=st.lists(SECONDS, max_size=6))
def test_one_call_explains_one_dial(oks: list[int], doubts: list[int], calls: list[int]) -> None:
    """No call twice, only within its window, and no more than what the confirmed dials leave."""
    known: dict[str, KnownCommand] = {f"ok{n}": dialled("ok", SENT_MS + at * S) for n, at in enumerate(oks)}
    known |= {f"d{n}": dialled(sent_ms=SENT_MS + at * S) for n, at in enumerate(doubts)}
    seen = [call(n, SENT_MS + at * S) for n, at in enumerate(calls)]
    explained = explain(OwnedCommands(known, Progress(0)), seen, TO_E164)
    assert len(set(explained.values())) == len(explained) <= len(doubts)
    for identity, call_id in explained.items():
        assert identity.startswith("d")
        assert -10 <= calls[call_id] - doubts[int(identity[1:])] <= 300
    # As many confirmed dials as can be keep a call of their own.
    free = [at for n, at in enumerate(calls) if n not in explained.values()]
    assert _most_pairs(oks, free) == _most_pairs(oks, calls)


def _most_pairs(dials: list[int], calls: list[int]) -> int:
    """Try every assignment."""
    if not dials:
        return 0
    first, *rest = dials
    fits = [at for at in calls if -10 <= at - first <= 300]
    without = [_most_pairs(rest, [*calls[: calls.index(at)], *calls[calls.index(at) + 1 :]]) + 1 for at in set(fits)]
    return max([_most_pairs(rest, calls), *without])
