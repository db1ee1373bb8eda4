"""What becomes of calls: who calls whom again, what is recorded, what is dialled, how a day ends."""

from collections import Counter, defaultdict

import pytest

from bridge.simulator.clock import read_stamp
from bridge.simulator.facts import Fact
from bridge.simulator.rows import call_data
from tests.simulator.days import BEGIN, HOURS, account, play


def starts_of(facts: list[Fact], direction: str) -> list[Fact]:
    return [fact for fact in facts if fact.event == "CallStarted" and fact.data["direction"] == direction]


def test_a_lost_caller_calls_again_or_is_called_back() -> None:
    """Some ring again, some are rung by the one they wanted, and either may take them off the list."""
    of = account()
    facts = play(of, 6 * HOURS)
    lost: dict[tuple[object, object], float] = {}
    last_answered: dict[object, str] = {}
    again = back = 0
    ended_by: Counter[str] = Counter()
    numbers = {contact.caller_id: contact.number for contact in of.directory.staff}
    for fact in facts:
        data = fact.data
        if fact.event == "LostCallerAdded":
            lost[data["callerid"], data["destination"]] = fact.at
        elif fact.event == "LostCallerRemoved":
            ended_by[last_answered[data["callerid"]]] += 1
            del lost[data["callerid"], data["destination"]]
        elif fact.event in {"CallStarted", "CallConnected"}:
            incoming = data["direction"] == "in"
            if fact.event == "CallConnected":
                last_answered[data["caller"] if incoming else data["destination"]] = str(data["direction"])
            elif incoming:
                again += (data["caller"], data["destination"]) in lost
            else:
                back += (data["destination"], numbers[str(data["caller"])]) in lost
    assert again > 20
    assert back > 20
    assert ended_by["in"] > 10
    assert ended_by["out"] > 10


def test_an_outgoing_call_shows_the_number_of_the_company() -> None:
    """Its caller is the number that the contact shows; an incoming one goes to the number that he is called by."""
    of = account()
    contacts = {contact.contact_id: contact for contact in of.directory.staff}
    facts = play(of, HOURS)
    outgoing = starts_of(facts, "out")
    assert len(outgoing) > 20
    assert all(fact.data["caller"] == contacts[int(str(fact.data["contactID"]))].caller_id for fact in outgoing)
    incoming = starts_of(facts, "in")
    assert all(fact.data["destination"] == contacts[int(str(fact.data["contactID"]))].number for fact in incoming)


def test_a_missed_call_was_never_connected() -> None:
    """Neither its end nor its row has `callConnected`, its conversation took no time, and others have both."""
    of = account()
    facts = play(of, HOURS)
    connected = {fact.subject for fact in facts if fact.event == "CallConnected"}
    ends = [fact for fact in facts if fact.event == "CallCompleted"]
    assert 20 < sum(fact.subject in connected for fact in ends) < len(ends) - 20
    for fact in ends:
        row = of.books.calls.get(int(str(fact.data["callID"])))
        assert row is not None
        for data in (fact.data, call_data(row)):
            assert ("callConnected" in data) is (fact.subject in connected)
            assert (data["connectionTime"] != 0) is (fact.subject in connected)


def test_a_recording_is_named_in_its_call_when_it_is_a_file() -> None:
    """The row of the call is there at its end without `recordingID`, and has it when CallRecorded tells of it."""
    of = account()
    of.day.open(0.0)
    ended: dict[object, float] = {}
    seen = 0
    for tenth in range(1, 18_000):
        for fact in of.day.advance(tenth / 10):
            row = of.books.calls.get(int(str(fact.data.get("callID", 0))))
            if fact.event == "CallCompleted":
                assert row is not None
                assert row.recording_id is None
                assert "recordingID" not in call_data(row)
                ended[fact.data["callID"]] = fact.at
            elif fact.event == "CallRecorded":
                assert row is not None
                assert call_data(row)["recordingID"] == fact.data["recordingID"]
                assert 1.0 <= fact.at - ended[fact.data["callID"]] <= 4.0
                recording = of.books.recordings.get(int(str(fact.data["recordingID"])))
                assert recording is not None
                assert of.ledger.calls.get(row.call_id) == recording.call == row
                seen += 1
    assert seen > 20


def test_four_in_five_dials_are_answered() -> None:
    """Each leads to a call of that contact to that number within two seconds; some are answered and some are not."""
    of = account()
    contact = of.directory.staff[2]
    dialled = [of.day.dial(contact, f"3706{number:07d}", float(number)) for number in range(200)]
    facts = of.day.advance(HOURS)
    started = {fact.data["callID"]: fact for fact in starts_of(facts, "out")}
    assert sorted(str(call) for call in started) == sorted(str(call) for call in dialled)
    assert all(0.5 <= started[call].at - number <= 2.0 for number, call in enumerate(dialled))
    answered = {fact.data["callID"] for fact in facts if fact.event == "CallConnected"}
    assert 130 < len(answered) < 190


def told_calls(facts: list[Fact]) -> list[tuple[object, ...]]:
    return [
        (fact.at, fact.event, *fact.data.values())
        for fact in facts
        if fact.event in {"CallStarted", "CallConnected", "CallTransfered", "CallCompleted", "CallRecorded"}
    ]


def test_dials_and_rows_put_in_leave_the_day_as_it_is() -> None:
    """With twenty dials and thirty inserted rows every call of the day is the same, bytes and times; ids never meet."""
    plain = told_calls(play(account(), HOURS))
    of = account()
    of.day.open(0.0)
    facts: list[Fact] = []
    for second in range(1, 3601):
        facts += of.day.advance(float(second))
        if second % 180 == 90:
            of.day.dial(of.directory.staff[1], "37060000000", float(second))
        if second % 360 == 90:
            for name in ("call_history", "call_records", "voicemails"):
                of.add_row(name, float(second))
    both = told_calls(facts)
    added = Counter(both) - Counter(plain)
    assert not Counter(plain) - Counter(both)
    assert len({call[2] for call in added if call[1] == "CallStarted"}) == 20 + 30
    started = [fact.data["callID"] for fact in facts if fact.event == "CallStarted"]
    assert len(set(started)) == len(started)


def test_the_id_of_a_dialled_call_is_between_those_of_the_day() -> None:
    """It is above all calls before and below the next, so that whoever polls for newer ids misses neither."""
    of = account()
    of.day.open(0.0)
    ids: list[int] = []
    for minute in range(1, 40):
        ids += [int(str(fact.data["callID"])) for fact in starts_of(of.day.advance(minute * 60.0), "in")]
        ids += [of.day.dial(of.directory.staff[0], "37060000000", minute * 60.0) for _ in range(5)]
    assert ids == sorted(ids)


def test_row_deleted_by_fate_is_deleted_by_its_owner_all_the_same() -> None:
    """What the API no longer shows goes on in truth: the day tells of the same deletions."""
    plain = play(account(), 3 * HOURS)
    of = account()
    of.day.open(0.0)
    facts: list[Fact] = []
    for minute in range(1, 181):
        facts += of.day.advance(minute * 60.0)
        of.delete_row("voicemails")
        of.delete_row("call_history")
    assert facts == plain
    assert of.ledger.left_voicemails == sum(fact.event == "VoicemailCreated" for fact in plain)
    assert of.ledger.deleted_voicemails == sum(fact.event == "VoicemailDeleted" for fact in plain) > 10
    assert len(of.ledger.calls) == of.ledger.finished_calls > len(of.books.calls)


def test_the_ledger_knows_each_time_on_the_list_of_lost_callers() -> None:
    """As last told, with when he was reached; who is not reached stays without."""
    of = account()
    facts = play(of, 3 * HOURS)
    told: defaultdict[object, list[list[object]]] = defaultdict(list)
    for fact in facts:
        pair = (fact.data.get("callerid"), fact.data.get("destination"))
        if fact.event == "LostCallerAdded":
            told[pair].append([fact.data["attempts"], None])
        elif fact.event == "LostCallerUpdated":
            told[pair][-1][0] = fact.data["attempts"]
        elif fact.event == "LostCallerRemoved":
            told[pair][-1][1] = BEGIN + int(fact.at)
    spells = list(of.ledger.lost_callers.newest_first())[::-1]
    known: defaultdict[object, list[list[object]]] = defaultdict(list)
    for spell in spells:
        known[spell.row.caller_id, spell.row.destination].append([spell.row.attempts, spell.removed])
    assert known == told
    assert len(spells) == of.ledger.lost > of.ledger.reached > 10


@pytest.mark.parametrize("seconds", [400.0, 605.5])
def test_a_day_that_ends_early_tells_of_nothing_to_come(seconds: float) -> None:
    """Calls in flight are cut short: no time in a webhook or row is later than the end, and each call is in order."""
    of = account(calls_per_second=1.0)
    play(of, seconds)
    of.day.dial(of.directory.staff[0], "37060000000", seconds)
    facts = of.day.close(seconds, finish=True)
    assert {fact.event for fact in facts} >= {"CallCompleted", "CallConnected", "CallRecorded", "VoicemailCreated"}
    assert all(fact.at <= seconds for fact in facts)
    shown = [value for fact in facts for value in fact.data.values()]
    shown += [value for row in of.books.calls.newest_first() for value in call_data(row).values()]
    times = [read_stamp(value) for value in shown if isinstance(value, str) and value.endswith("+0000")]
    assert max(moment for moment in times if moment is not None) == BEGIN + int(seconds)
    for row in of.ledger.calls.newest_first():
        assert row.started <= (row.connected or row.started) <= row.ended
        assert row.connection_time == (0 if row.connected is None else row.ended - row.connected)
