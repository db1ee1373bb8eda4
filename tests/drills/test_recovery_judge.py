"""The judge of the recovery's drill: whatever it is to see, it sees."""

from dataclasses import replace

import pytest

from tests.drills.recovery_judge import LISTS, SEEN_WITHIN_S, WEBHOOKS, Event, Lost, Stay, TriggerRow, Truth, judge_all

STANDING = (2, "2026-01-31T08:00:00Z")


def subject_of(trigger: str) -> str:
    return "lost-caller/1/2" if trigger.startswith("LostCaller") else f"{trigger}/1"


def event_of(trigger: str, *, origin: str = "webhook", id_: str = "id", at: int = 0, subject: str = "") -> Event:
    name = WEBHOOKS.get(trigger) or LISTS[trigger]
    standing = STANDING if name in {"lost-caller.added", "lost-caller.updated"} else None
    return Event(name, "acme", subject or subject_of(trigger), id_, origin, at, standing=standing)


TRIGGERS = [*WEBHOOKS, *LISTS]
TRUTH = Truth(
    {trigger: {("acme", subject_of(trigger)): Stay(0.0)} for trigger in TRIGGERS},
    {trigger: frozenset({("acme", subject_of(trigger))}) for trigger in WEBHOOKS},
    [],
)
EVENTS = [event_of(trigger, origin="webhook" if trigger in WEBHOOKS else "poll") for trigger in TRIGGERS]


def row_of(trigger: str, rows: list[TriggerRow]) -> TriggerRow:
    return next(row for row in rows if row.trigger == trigger)


def without(trigger: str) -> list[Event]:
    return [event for event in EVENTS if event.event != (WEBHOOKS.get(trigger) or LISTS[trigger])]


def unsent(truth: Truth) -> Truth:
    return replace(truth, accepted={})


def test_what_has_all_come_once_is_right() -> None:
    """Ten webhooks and eight lists, each with its event: nothing is missing, nothing is wrong."""
    rows = judge_all(TRUTH, EVENTS)
    assert [row.trigger for row in rows] == TRIGGERS
    assert [(row.missing, row.wrong) for row in rows] == [((), ())] * 18


@pytest.mark.parametrize("trigger", ["CallCompleted", "CallRecorded", "VoicemailCreated", "LostCallerAdded", *LISTS])
def test_what_the_vendor_lists_and_no_topic_has_is_missing(trigger: str) -> None:
    """An item that stayed in its list is missing, and its trigger was not seen."""
    events = [event for event in without(trigger) if event.event != "lost-caller.updated"]
    row = row_of(trigger, judge_all(unsent(TRUTH), events))
    assert row.missing == (f"acme/{subject_of(trigger)}",)
    assert row.wrong


@pytest.mark.parametrize("trigger", ["CallCompleted", "voicemails"])
def test_what_left_its_list_at_once_need_not_come(trigger: str) -> None:
    """Nobody can publish what was gone before the list was looked at; after a minute and a half it was looked at."""
    item = ("acme", subject_of(trigger))
    for until_s, unseen in ((SEEN_WITHIN_S - 1, 1), (SEEN_WITHIN_S, 0)):
        happened = {**TRUTH.happened, trigger: {item: Stay(0.0, until_s)}}
        row = row_of(trigger, judge_all(replace(unsent(TRUTH), happened=happened), without(trigger)))
        assert (row.unseen, len(row.missing)) == (unseen, 1 - unseen)


@pytest.mark.parametrize("trigger", list(WEBHOOKS))
def test_what_was_answered_2xx_is_in_its_topic(trigger: str) -> None:
    """A webhook that was taken and is in no topic is missing, whether a list tells of it or not."""
    row = row_of(trigger, judge_all(TRUTH, without(trigger)))
    assert f"acme/{subject_of(trigger)}, answered 2xx" in row.missing


def test_what_no_list_tells_of_may_be_lost() -> None:
    """A call's start that no webhook brought is counted as lost."""
    row = row_of("CallStarted", judge_all(unsent(TRUTH), without("CallStarted")))
    assert (row.lost, row.missing) == (1, ())


def test_who_was_updated_need_not_be_added() -> None:
    """A lost caller whose second call was told of before his first one was missed is known to be lost."""
    row = row_of("LostCallerAdded", judge_all(unsent(TRUTH), without("LostCallerAdded")))
    assert (row.lost, row.unseen, row.missing) == (1, 0, ())


@pytest.mark.parametrize(
    ("trigger", "more", "sentence"),
    [
        ("call_history", event_of("call_history", origin="poll"), "acme/call_history/1 is 2 times in its topic"),
        ("contacts", event_of("contacts", subject="contacts/7"), "acme/contacts/7 has never happened"),
        ("CallCompleted", event_of("CallCompleted", id_="other"), "acme/CallCompleted/1 has 2 ids"),
        ("CallStarted", event_of("CallStarted", subject="call/7"), "acme/call/7 has never happened"),
    ],
)
def test_what_is_there_too_often_is_told(trigger: str, more: Event, sentence: str) -> None:
    """An item twice in its list's topic, an event with two ids, one of nothing."""
    assert sentence in row_of(trigger, judge_all(TRUTH, [*EVENTS, more])).wrong


def test_what_is_made_up_for_twice_is_told() -> None:
    """The vendor may send a webhook again; reconciliation publishes what it found once."""
    twice = [event_of("CallCompleted", origin="reconcile")] * 2
    assert row_of("CallCompleted", judge_all(TRUTH, [*EVENTS, event_of("CallCompleted")])).wrong == ()
    assert row_of("CallCompleted", judge_all(TRUTH, [*EVENTS, *twice])).wrong == ("id was made up for 2 times",)


def test_what_had_been_there_before_the_bridge_is_told() -> None:
    """Polling from the newest on publishes nothing of the past."""
    old = replace(TRUTH, old=frozenset({("groups", ("acme", "groups/7"))}))
    row = row_of("groups", judge_all(old, [*EVENTS, event_of("groups", subject="groups/7")]))
    assert row.wrong == ("acme/groups/7 is of the past",)


def test_the_last_event_of_a_lost_caller_is_how_he_stands() -> None:
    """Who is on the list was announced with his attempts; who is not was removed."""
    item = ("acme", "lost-caller/1/2")
    listed = replace(TRUTH, lost_callers=[Lost(item, STANDING)])
    back = row_of("LostCallerRemoved", judge_all(listed, EVENTS))
    assert back.missing == ("acme/lost-caller/1/2, who is back",)
    gone = row_of("LostCallerRemoved", judge_all(TRUTH, [*EVENTS, event_of("LostCallerAdded", at=1)]))
    assert gone.missing == ("acme/lost-caller/1/2, who is gone",)
    again = replace(TRUTH, lost_callers=[Lost(item, (3, "2026-01-31T09:00:00Z"))])
    assert row_of("LostCallerUpdated", judge_all(again, EVENTS)).missing == (
        "acme/lost-caller/1/2, who stands at (3, '2026-01-31T09:00:00Z')",
    )
