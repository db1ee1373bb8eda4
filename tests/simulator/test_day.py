"""The day of calls, in simulated time alone."""

from collections import defaultdict

import orjson
import pytest

from bridge.simulator.facts import EVENTS, Fact, body_of, envelope_of
from tests.simulator.contract import WEBHOOKS
from tests.simulator.days import BEGIN, HOURS, account, play


def calls_of(facts: list[Fact]) -> dict[str, list[str]]:
    by_subject: defaultdict[str, list[str]] = defaultdict(list)
    for fact in facts:
        by_subject[fact.subject].append(fact.event)
    return by_subject


def test_the_same_seed_plays_the_same_day_however_it_is_cut() -> None:
    """Two days of one seed are equal fact by fact, advanced in one piece or in pieces of seven seconds."""
    whole = play(account(), HOURS)
    assert play(account(), HOURS, step=7.0) == whole
    assert play(account(seed=2), HOURS) != whole
    assert len(whole) > 1000


def test_a_day_has_every_event_and_every_webhook_fits_the_contract() -> None:
    """Within three hours each of the ten events happens, with no field that the contract does not name."""
    facts = play(account(), 3 * HOURS)
    assert {fact.event for fact in facts} == set(EVENTS)
    for fact in facts:
        WEBHOOKS[fact.event].validate(orjson.loads(body_of(envelope_of(fact.event, fact.data))))


def test_a_call_happens_in_order() -> None:
    """Started comes first, then connected, then at most two transfers, and completed last."""
    of = account()
    facts = play(of, HOURS) + of.day.close(HOURS, finish=True)
    calls = {subject: events for subject, events in calls_of(facts).items() if subject.startswith("call/")}
    shapes = {tuple(events) for events in calls.values()}
    answered = ("CallStarted", "CallConnected")
    assert shapes == {
        ("CallStarted", "CallCompleted"),
        (*answered, "CallCompleted"),
        (*answered, "CallTransfered", "CallCompleted"),
        (*answered, "CallTransfered", "CallTransfered", "CallCompleted"),
    }


def test_a_transfer_names_who_had_the_call_before() -> None:
    """Each transfer's previous contact is the one of the moment before, and the end names the last two."""
    facts = play(account(), HOURS)
    by_call = defaultdict(list)
    for fact in facts:
        by_call[fact.subject].append(fact)
    moved = [call for call in by_call.values() if sum(fact.event == "CallTransfered" for fact in call) == 2]
    assert moved
    for call in moved:
        holders = [fact.data["contactID"] for fact in call[1:]]
        assert [fact.data["previous_contactID"] for fact in call[2:4]] == holders[:2]


def test_ids_are_above_32_bits_and_given_when_a_call_starts() -> None:
    """Call ids rise in the order of starts, though calls end in another order."""
    facts = play(account(), HOURS)
    started = [fact.data["callID"] for fact in facts if fact.event == "CallStarted"]
    ended = [fact.data["callID"] for fact in facts if fact.event == "CallCompleted"]
    assert started == sorted(started, key=lambda value: int(str(value)))
    assert ended != sorted(ended, key=lambda value: int(str(value)))
    assert all(isinstance(value, int) and value > 2**31 for value in started)


def test_a_history_row_appears_when_the_call_ends() -> None:
    """While a call goes on the history does not show it; afterwards it shows what the webhook told."""
    of = account()
    for fact in play(of, HOURS):
        if fact.event == "CallCompleted":
            row = of.books.calls.get(int(str(fact.data["callID"])))
            assert row is not None
            assert row.contact_id == fact.data["contactID"]
            assert row.connection_time == fact.data["connectionTime"]
            assert row.ended - BEGIN == int(fact.at)
    assert of.ledger.finished_calls == len(of.books.calls) == len(of.ledger.calls)
    assert of.day.started_calls > of.ledger.finished_calls


def test_a_lost_caller_is_added_then_updated_and_removed_once_reached() -> None:
    """Attempts count up by one from `added`, which may tell of several; `removed` is for who is on the list alone."""
    attempts: dict[str, int] = {}
    seen = set()
    first = set()
    for fact in play(account(), 3 * HOURS):
        if not fact.event.startswith("LostCaller"):
            continue
        seen.add(fact.event)
        if fact.event == "LostCallerAdded":
            assert fact.subject not in attempts
            attempts[fact.subject] = int(str(fact.data["attempts"]))
            first.add(attempts[fact.subject])
        elif fact.event == "LostCallerUpdated":
            attempts[fact.subject] += 1
            assert fact.data["attempts"] == attempts[fact.subject]
        else:
            del attempts[fact.subject]
    assert len(seen) == 3
    assert first == {1, 2, 3}


def test_numbers_are_national_and_international() -> None:
    """Callers show themselves with +, with 00, with a bare country code, and nationally without a prefix."""
    callers = {str(fact.data["caller"]) for fact in play(account(), HOURS) if fact.event == "CallStarted"}
    for start, length in (("+370", 12), ("00", None), ("370", 11), ("6", 8), ("86", 9)):
        assert any(caller.startswith(start) and len(caller) == (length or len(caller)) for caller in callers), start


@pytest.mark.parametrize("finish", [True, False])
def test_closing_a_day_ends_or_cuts_the_calls_in_flight(finish: bool) -> None:
    """Ended at once, every call that started is in the history; cut, those in flight never are."""
    of = account(calls_per_second=1.0)
    play(of, 600.0)
    in_flight = of.day.started_calls - of.ledger.finished_calls
    facts = of.day.close(600.0, finish=finish)
    assert in_flight > 10
    assert (of.day.started_calls == of.ledger.finished_calls) is finish
    assert (sum(fact.event == "CallCompleted" for fact in facts) == in_flight) is finish
    assert of.day.next_at is None


def test_a_deleted_voicemail_leaves_the_list() -> None:
    """Each voicemail that is told as deleted was created before, and is gone from the list."""
    of = account()
    created = set()
    deleted = set()
    for fact in play(of, 3 * HOURS):
        if fact.event == "VoicemailCreated":
            created.add(fact.data["voicemailID"])
        elif fact.event == "VoicemailDeleted":
            deleted.add(fact.data["voicemailID"])
    assert deleted
    assert deleted < created
    assert {row.voicemail_id for row in of.books.voicemails.newest_first()} == created - deleted


def test_a_brief_day_has_the_same_calls_in_less_time() -> None:
    """Who calls whom stays the same; what a call takes is shorter, and the clock goes as it goes."""
    usual, brief = account(), account(brevity=60.0)
    play(usual, HOURS)
    play(brief, HOURS)
    pairs = [
        [(row.call_id, row.caller, row.destination) for row in of.books.calls.newest_first()][-20:]
        for of in (usual, brief)
    ]
    assert pairs[0][-1] == pairs[1][-1]
    longest = max(row.ended - row.started for row in brief.books.calls.newest_first())
    assert longest <= 16
    assert max(row.ended - row.started for row in usual.books.calls.newest_first()) > 60
    assert max(row.ended for row in brief.books.calls.newest_first()) <= BEGIN + HOURS
