"""The judge of the drills: every rule of it can be broken, and is then told."""

from collections.abc import Sequence

import pytest

from tests.drills.judge import Answer, Arrivals, Command, Expected, Judgement, Post, Terms, judge

AT = 1_800_000_000_000
DIAL = Command("acme", "/drills", "370", "370", (AT,), 30_000)
QUESTION = Command("acme", "/drills", "question", None, (AT,), 60_000)
POST = Post("370", AT + 100)


def result(word: str, *, at: int = AT + 200, command: Command = DIAL, accepted: int | None = AT) -> Answer:
    return Answer("result", command.identity, word, at, accepted_ms=accepted, finished_ms=at - 20)


def resolved(word: str, *, at: int = AT + 9_000, call: int | None = None) -> Answer:
    return Answer("resolved", DIAL.identity, word, at, call_id=call)


def judged(
    answers: Sequence[Answer],
    posts: Sequence[Post] = (),
    *,
    command: Command = DIAL,
    throttled: int = 0,
    terms: Terms | None = None,
) -> Judgement:
    return judge([command], answers, posts, Arrivals(throttled, 10), terms or Terms())


@pytest.mark.parametrize(
    ("answers", "posts"),
    [
        ([result("ok")], [POST]),
        ([result("rejected")], [POST]),
        ([result("expired")], []),
        ([result("overloaded")], []),
        ([result("not_sent")], []),
        ([result("in_doubt"), resolved("not_observed")], []),
        ([result("in_doubt"), resolved("not_observed")], [POST]),
        ([result("in_doubt"), resolved("call_observed", call=7)], [POST]),
    ],
)
def test_what_the_contract_allows_is_right(answers: list[Answer], posts: list[Post]) -> None:
    """Each status with its number of POSTs."""
    assert judged(answers, posts).wrong == ()


@pytest.mark.parametrize(
    ("answers", "posts", "sentence"),
    [
        ([result("ok")], [POST, POST], "370: 2 POSTs"),
        ([result("ok")], [], "370: ok with 0 POSTs"),
        ([result("not_sent")], [POST], "370: not_sent with 1 POSTs"),
        ([result("expired")], [POST], "370: expired with 1 POSTs"),
        ([result("overloaded")], [POST], "370: overloaded with 1 POSTs"),
        ([result("failed")], [], "370: failed with 0 POSTs"),
        ([], [POST], "370: 0 results: "),
        ([result("ok"), result("ok")], [POST], "370: 2 results: ok, ok"),
        ([result("ok"), result("in_doubt")], [POST], "370: 2 results: ok, in_doubt"),
        ([result("in_doubt")], [], "370: 0 resolutions of a doubt"),
        ([result("in_doubt"), *[resolved("not_observed")] * 2], [], "370: 2 resolutions of a doubt"),
        ([result("ok"), resolved("not_observed")], [POST], "370: a resolution although it is ok"),
        ([result("in_doubt"), resolved("not_observed", at=AT)], [], "370: resolved before it was in doubt"),
        ([result("in_doubt"), resolved("not_observed", at=AT + 300_201)], [], "370: resolved after 300.0 s"),
        ([result("in_doubt"), resolved("call_observed")], [POST], "370: call_observed with the call None"),
        (
            [result("in_doubt"), resolved("call_observed", call=7)],
            [],
            "370: a call was observed that nobody has asked for",
        ),
        ([result("expired", at=AT + 60_001)], [], "370: expired came 1 ms too late"),
        ([result("ok", at=AT + 35_000)], [Post("370", AT + 32_000)], "370: a POST after the deadline"),
        (
            [result("in_doubt"), resolved("not_observed")],
            [Post("370", AT + 1_701)],
            "370: a POST after the command had been answered",
        ),
        ([result("ok", accepted=AT + 1)], [POST], f"370: accepted at {AT + 1}, appended at ({AT},)"),
        ([result("ok")], [POST, Post("371", AT)], "a POST to 371, which nobody has asked for"),
    ],
)
def test_what_the_contract_forbids_is_told(answers: list[Answer], posts: list[Post], sentence: str) -> None:
    """One sentence for each thing that is wrong."""
    assert sentence in judged(answers, posts).wrong


def test_a_wrong_clock_is_told() -> None:
    """A result that was finished at another time than it was appended."""
    hour = Answer("result", DIAL.identity, "ok", AT + 200, accepted_ms=AT, finished_ms=AT + 3_600_200)
    assert judged([hour], [POST]).wrong == ("370: finished 3600000 ms beside the result's own append time",)


def test_a_429_is_told() -> None:
    """However right the results are."""
    assert judged([result("ok")], [POST], throttled=3).wrong == ("the vendor answered 429 3 times",)


def test_a_result_of_nothing_is_told() -> None:
    """Somebody answers what nobody asked."""
    stranger = result("ok", command=QUESTION)
    assert judged([result("ok"), stranger], [POST]).wrong == (
        "a result for acme//drills/question, which nobody has sent",
    )


def test_questions_are_judged_by_their_results_alone() -> None:
    """They are no dials: `failed` is an answer, and no POST belongs to them."""
    assert judged([result("failed", command=QUESTION)], command=QUESTION).wrong == ()
    assert judged([], command=QUESTION).wrong == ("question: 0 results: ",)


def test_a_late_post_of_a_frozen_process_is_counted_and_excepted() -> None:
    """The one exception of the contract; a second POST is none."""
    answers, late = [result("in_doubt"), resolved("not_observed")], Post("370", AT + 12_000)
    judgement = judged(answers, [late], terms=Terms(frozen=True))
    assert (judgement.late, judgement.wrong) == (1, ())
    assert "370: 2 POSTs" in judged(answers, [POST, late], terms=Terms(frozen=True)).wrong


def test_an_expected_ending_is_demanded() -> None:
    """A drill that aims at a point knows how its victim has to end."""
    doubt = [result("in_doubt"), resolved("call_observed", call=7)]
    never = Expected(frozenset({"in_doubt"}), frozenset({0}), frozenset({"not_observed"}))
    once = Expected(frozenset({"ok", "expired"}), frozenset({1}))
    assert judged(doubt, [POST], terms=Terms({"370": never})).wrong == (
        "370: in_doubt with 1 POSTs, expected 0",
        "370: call_observed, expected not_observed",
    )
    assert judged(doubt, [POST], terms=Terms({"370": once})).wrong == (
        "370: in_doubt, expected expired or ok",
        "370: call_observed, expected no resolution",
    )
    assert judged([result("expired")], terms=Terms({"370": once})).wrong == ()


def test_a_call_that_the_bridge_hears_of_ends_its_doubt_soon() -> None:
    """Counted from when both are known; a dial that never arrived has no call."""
    doubt = [result("in_doubt"), resolved("call_observed", at=AT + 30_201, call=7)]
    terms = Terms(observed_within_ms=30_000)
    assert judged(doubt, [POST], terms=terms).wrong == ("370: resolved 30.0 s after its call was known",)
    never = [result("in_doubt"), resolved("not_observed", at=AT + 270_000)]
    assert judged(never, terms=terms).wrong == ()


def test_a_drill_that_does_not_wait_demands_no_end_of_a_doubt_but_where_a_call_is_heard_of() -> None:
    """The short form of the drills."""
    assert judged([result("in_doubt")], terms=Terms(open_doubts=True)).wrong == ()
    assert judged([result("in_doubt")], [POST], terms=Terms(open_doubts=True)).wrong == ()
    heard_of = Terms(open_doubts=True, observed_within_ms=30_000)
    assert judged([result("in_doubt")], terms=heard_of).wrong == ()
    assert judged([result("in_doubt")], [POST], terms=heard_of).wrong == ("370: 0 resolutions of a doubt",)
    twice = [result("in_doubt"), *[resolved("not_observed")] * 2]
    assert judged(twice, terms=heard_of).wrong == ("370: 2 resolutions of a doubt",)


def test_a_drill_in_which_nothing_succeeds_says_nothing() -> None:
    """Refusing everything breaks no rule of the contract, but proves none either."""
    assert judged([result("overloaded")], terms=Terms(least_ok=0.5)).wrong == (
        "0 of 1 commands are ok, which is too few to say anything",
    )


def test_a_drill_in_which_the_quota_is_not_used_up_says_nothing() -> None:
    """No 429 is no wonder then."""
    assert judged([result("ok")], [POST], terms=Terms(least_full=11)).wrong == (
        "at most 10 calls in a window, which is too few to say anything",
    )


def test_results_may_wait_for_an_outage() -> None:
    """While Kafka is away, or no worker runs, nobody can answer."""
    late = result("expired", at=AT + 75_000)
    assert judged([late]).wrong == ("370: expired came 15000 ms too late",)
    assert judged([late], terms=Terms(outage_ms=15_000)).wrong == ()


def test_what_has_left_in_time_may_be_held_by_a_dead_link() -> None:
    """It counts when the first byte left; that a POST arrives after its answer is no better for it."""
    late = Post("370", AT + 40_000)
    answer = result("ok", at=AT + 40_100)
    assert judged([answer], [late]).wrong == ("370: a POST after the deadline",)
    assert judged([answer], [late], terms=Terms(under_way_ms=15_000)).wrong == ()


def test_the_figures_of_a_row_are_counted() -> None:
    """Doubles are what is beyond one POST and one result each."""
    judgement = judged([result("ok"), result("ok")], [POST, POST, POST])
    assert (judgement.commands, judgement.posts, judgement.doubles) == (1, 3, 3)
    assert judgement.results == {"ok": 2}
