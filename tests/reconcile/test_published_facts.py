"""What the event topics say of a connection, record by record, in any order and more than once."""

import orjson
import pytest

from bridge.events.catalogue import EventName
from bridge.reconcile.published_facts import Fact, Loss, PublishedFacts, Try

HOUR_MS = 3_600_000
NOW_MS = 1_700_000_000_000
NOW = "2023-11-14T22:13:20Z"
PAIR = ("+37122222222", "2/3")
SUBJECT = "lost-caller/%2B37122222222/2%2F3"


def fact(event: EventName, subject: str, origin: str = "webhook", at_ms: int = NOW_MS, **data: object) -> Fact:
    return Fact(event, subject, origin, at_ms, orjson.dumps(data), NOW)


def lost(event: EventName, at_ms: int, attempts: int = 1, last: str = NOW, origin: str = "webhook") -> Fact:
    return fact(event, SUBJECT, origin, at_ms, attempts=attempts, last_contact=last)


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (EventName.CALL_COMPLETED, EventName.CALL_COMPLETED),
        (EventName.CALL_RECORDED, EventName.CALL_RECORDED),
        (EventName.VOICEMAIL_CREATED, EventName.VOICEMAIL_CREATED),
        (EventName.VOICEMAIL_DELETED, EventName.VOICEMAIL_CREATED),
    ],
)
def test_an_item_is_known_by_its_subject(told: EventName, known: EventName) -> None:
    """Of a call the id alone counts, whatever contact the event names; a deleted voicemail is not announced."""
    facts = PublishedFacts()
    assert facts.take(fact(told, "x/17")) is None
    assert facts.knows(known, 17)
    assert not facts.knows(known, 18)


@pytest.mark.parametrize("subject", ["", "call/", "call/x", "call/-1", "call/²"])
def test_what_nobody_of_us_has_written_says_nothing(subject: str) -> None:
    """A record may be anybody's who may write to the topic."""
    facts = PublishedFacts()
    for event in EventName:
        assert facts.take(Fact(event, subject, "reconcile", NOW_MS, b"{", "")) is None
    assert not facts.lost_callers
    facts.take(Fact(EventName.LOST_CALLER_ADDED, SUBJECT, "webhook", NOW_MS, b"[", ""))
    assert facts.lost_callers[PAIR].tries == {Try(None, None)}


def test_a_lost_caller_is_listed_from_his_last_event_on() -> None:
    """Of added and removed the one that was appended last counts, in whatever order they are read."""
    facts = PublishedFacts()
    facts.take(lost(EventName.LOST_CALLER_REMOVED, NOW_MS + 1))
    facts.take(lost(EventName.LOST_CALLER_ADDED, NOW_MS))
    assert not facts.lost_callers[PAIR].listed
    facts.take(lost(EventName.LOST_CALLER_UPDATED, NOW_MS + 2, attempts=2))
    assert facts.lost_callers[PAIR].listed
    assert facts.lost_callers[PAIR].tries == {Try(1, NOW_MS // 1000), Try(2, NOW_MS // 1000)}


def test_a_loss_is_counted_once_by_when_it_happened() -> None:
    """What a webhook has brought before or after does not count again, nor does what is read twice."""
    facts = PublishedFacts()
    loss = Loss(EventName.CALL_COMPLETED, NOW_MS, NOW_MS + HOUR_MS)
    assert facts.take(fact(EventName.CALL_COMPLETED, "call/1", "reconcile", NOW_MS + HOUR_MS)) == loss
    assert facts.take(fact(EventName.CALL_COMPLETED, "call/1", "reconcile", NOW_MS + HOUR_MS)) is None
    assert facts.take(fact(EventName.CALL_COMPLETED, "call/1", at_ms=NOW_MS + HOUR_MS + 1)) is None
    ended = "2023-11-14T21:13:20Z"
    told = facts.take(fact(EventName.CALL_RECORDED, "recording/1", "reconcile", NOW_MS, call_ended=ended))
    assert told == Loss(EventName.CALL_RECORDED, NOW_MS - HOUR_MS, NOW_MS)
    assert facts.losses(EventName.CALL_COMPLETED, NOW_MS) == 1
    assert facts.losses(EventName.CALL_COMPLETED, NOW_MS + 1) == 0
    assert facts.losses(EventName.CALL_RECORDED, 0) == 1


def test_the_loss_ratio_is_that_of_the_last_hour() -> None:
    """Lost ones of lost and brought ones; without any of either there is none."""
    facts = PublishedFacts()
    assert facts.loss_ratio(EventName.CALL_COMPLETED, NOW_MS) is None
    for number in range(3):
        facts.take(fact(EventName.CALL_COMPLETED, f"call/{number}", at_ms=NOW_MS))
    facts.take(fact(EventName.CALL_COMPLETED, "call/9", "reconcile"))
    assert facts.loss_ratio(EventName.CALL_COMPLETED, NOW_MS + 60_000) == 0.25
    assert facts.loss_ratio(EventName.CALL_COMPLETED, NOW_MS + HOUR_MS + 120_000) is None
    assert facts.loss_ratio(EventName.CALL_RECORDED, NOW_MS) is None


def test_who_leaves_the_list_with_the_day_is_no_loss() -> None:
    """The vendor drops him without a word, so no webhook was lost; one who goes at once was reached."""
    for after_ms, count in ((HOUR_MS // 2, 1), (5 * HOUR_MS, 0)):
        facts = PublishedFacts()
        facts.take(lost(EventName.LOST_CALLER_ADDED, NOW_MS))
        facts.take(lost(EventName.LOST_CALLER_REMOVED, NOW_MS + after_ms, origin="reconcile"))
        assert not facts.lost_callers[PAIR].listed
        assert facts.losses(EventName.LOST_CALLER_REMOVED, 0) == count


def test_what_is_old_is_forgotten() -> None:
    """Memory does not grow; lost callers are kept longer."""
    facts = PublishedFacts()
    facts.take(fact(EventName.CALL_COMPLETED, "call/1", "reconcile"))
    facts.take(fact(EventName.CALL_COMPLETED, "call/2", at_ms=NOW_MS + 10 * HOUR_MS))
    facts.take(lost(EventName.LOST_CALLER_ADDED, NOW_MS))
    facts.forget(NOW_MS + 1, NOW_MS)
    assert not facts.knows(EventName.CALL_COMPLETED, 1)
    assert facts.knows(EventName.CALL_COMPLETED, 2)
    assert PAIR in facts.lost_callers
    facts.forget(NOW_MS + 20 * HOUR_MS, NOW_MS + 1)
    assert not facts.lost_callers
    assert facts.losses(EventName.CALL_COMPLETED, 0) == 0
    assert facts.loss_ratio(EventName.CALL_COMPLETED, NOW_MS + 10 * HOUR_MS) is None
