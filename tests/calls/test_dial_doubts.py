"""Which call explains which dial."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bridge.calls import doubts as doubts_module
from bridge.calls.dial_states import KnownCommand, is_open_doubt
from bridge.calls.doubts import NEEDED_BEFORE_MS, ObservedCall, ToE164
from bridge.calls.journal_values import Intent, Verdict
from bridge.pbx.numbers import e164_reader
from tests.calls.crash_model import dial

SENT_MS = 1_000_000
S = 1000
TO_E164 = e164_reader("LT")
NUMBER = "+37060000000"


def dialled(
    status: str = "in_doubt", sent_ms: int = SENT_MS, contact: int = 224, to: str = NUMBER, connection: str = "acme"
) -> Verdict:
    intent = Intent(connection, "crm", "7", sent_ms - 100, contact, to, slot=0)
    return Verdict(connection, dial=True, status=status, accepted_ms=sent_ms - 100, intent=intent, sent_ms=sent_ms)


def call(call_id: int, started_ms: int = SENT_MS + S, contact: int = 224, to: str = NUMBER) -> ObservedCall:
    return ObservedCall(call_id, contact, to, started_ms)


def commands(**known: KnownCommand) -> dict[str, KnownCommand]:
    return known


def explain(
    known: dict[str, KnownCommand], calls: list[ObservedCall], to_e164: ToE164, connection: str = "acme"
) -> dict[str, int]:
    open_ = {id_: command for id_, command in known.items() if is_open_doubt(command)}
    doubts = {id_: doubt for id_, doubt in open_.items() if doubt.connection == connection}
    return doubts_module.explain(known, doubts, calls, to_e164)


def test_a_call_of_that_contact_to_that_number_explains_a_doubt() -> None:
    """The call is named."""
    assert explain(commands(d=dialled()), [call(5)], TO_E164) == {"d": 5}
    assert explain(commands(), [call(5)], TO_E164) == {}


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
        assert explain(known, [other], TO_E164) == {}
    for started_ms in (SENT_MS - 10 * S, SENT_MS + 300 * S):
        assert explain(known, [call(5, started_ms)], TO_E164) == {"d": 5}


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


def test_connections_have_nothing_to_do_with_each_other() -> None:
    """Another account has the same ids for other people and other calls: its dials claim nothing, nor use a call up."""
    ended = replace(dialled(connection="other"), resolved="call_observed", call_id=5)
    ours = dial("b", accepted_ms=SENT_MS)
    waiting = replace(ours, reference=ours.reference._replace(connection="other"))
    known = commands(d=dialled(), o=dialled(connection="other"), ok=dialled("ok", connection="other"), e=ended)
    assert explain(known | {"b": waiting}, [call(5)], TO_E164) == {"d": 5}
    assert explain(known, [call(6)], TO_E164, "other") == {}
    assert explain(known, [call(6), call(7)], TO_E164, "other") == {"o": 7}


def test_dials_whose_own_call_may_not_be_known_claim_nothing() -> None:
    """A number that is dialled every minute: each dial keeps its call, though the calls of the first are not known."""
    known = commands(d=dialled()) | {f"ok{n}": dialled("ok", SENT_MS - n * 60 * S) for n in range(1, 100)}
    calls = [call(n, SENT_MS - n * 60 * S + S) for n in range(100)]
    recent = [each for each in calls if each.started_ms >= SENT_MS - NEEDED_BEFORE_MS]
    assert len(recent) == 6
    assert explain(known, recent, TO_E164) == explain(known, calls, TO_E164) == {"d": 0}


SECONDS = st.integers(0, 900)


@given(oks=st.lists(SECONDS, max_size=4), doubts=st.lists(SECONDS, max_size=4), calls=st.lists(SECONDS, max_size=6))
def test_one_call_explains_one_dial(oks: list[int], doubts: list[int], calls: list[int]) -> None:
    """No call twice, only within its window, and no more than what the confirmed dials leave."""
    known: dict[str, KnownCommand] = {f"ok{n}": dialled("ok", SENT_MS + at * S) for n, at in enumerate(oks)}
    known |= {f"d{n}": dialled(sent_ms=SENT_MS + at * S) for n, at in enumerate(doubts)}
    seen = [call(n, SENT_MS + at * S) for n, at in enumerate(calls)]
    explained = explain(known, seen, TO_E164)
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
