"""What speaks for a registration, and what against it."""

import pytest

from bridge.events.catalogue import EventName
from bridge.pbx.hook_keys import HookName
from bridge.registration.evidence import (
    MAY_BE_REPLACED_AFTER_MS,
    REPLACED_WITHOUT_WITNESS_AFTER_MS,
    HookEvidence,
)

STARTED, NEXT, CONNECTED = HookName("CallStarted", 1), HookName("CallStarted", 2), HookName("CallConnected", 1)
SINCE = 1_000
LATER = SINCE + MAY_BE_REPLACED_AFTER_MS


@pytest.fixture
def evidence() -> HookEvidence:
    return HookEvidence()


def miss(evidence: HookEvidence, *moments: int, event: EventName = EventName.CALL_STARTED) -> None:
    for moment in moments:
        evidence.missed("acme", event, moment)


def test_the_last_delivery_counts_whatever_the_order(evidence: HookEvidence) -> None:
    """Events are read from several partitions; what came before the registration is of another one."""
    for moment in (3_000, 1_500, 2_000):
        evidence.delivered("acme", "CallStarted.1", moment)
    assert evidence.last_delivery_ms("acme", STARTED, SINCE) == 3_000
    assert evidence.last_delivery_ms("acme", STARTED, 3_001) is None
    assert evidence.last_delivery_ms("acme", NEXT, SINCE) is None
    assert evidence.last_delivery_ms("other", STARTED, SINCE) is None


@pytest.mark.parametrize("hook", ["", "CallStarted", "CallBurned.1", "CallStarted.01", "CallStarted.-1", "x.1.2"])
def test_what_is_no_hook_is_passed_over(evidence: HookEvidence, hook: str) -> None:
    """Anybody who may write events could write such a header."""
    evidence.delivered("acme", hook, 2_000)
    miss(evidence, 2_000, event=EventName.CALL_LISTED)
    assert evidence.missed_by_unknown("acme", STARTED, 0) == 0


def test_an_unknown_one_missed_what_lacks_and_what_others_brought(evidence: HookEvidence) -> None:
    """Since it was asked for, and of its own event alone."""
    miss(evidence, 999, 1_000)
    evidence.delivered("acme", "CallStarted.2", 1_001)
    evidence.delivered("acme", "CallConnected.1", 1_001)
    assert evidence.missed_by_unknown("acme", STARTED, SINCE) == 2


def test_a_young_one_is_left_alone(evidence: HookEvidence) -> None:
    """Its first events may be on their way."""
    miss(evidence, 2_000, 2_001, 2_002)
    evidence.delivered("acme", "CallConnected.1", 3_000)
    assert evidence.missed_by_active("acme", STARTED, SINCE, LATER - 1) == 0
    assert evidence.missed_by_active("acme", STARTED, SINCE, LATER) == 3


def test_what_lacks_while_nothing_comes_is_nobody_s_fault(evidence: HookEvidence) -> None:
    """The receiver may be down; after an hour the vendor may have switched all off."""
    miss(evidence, 2_000, 2_001, 2_002)
    evidence.delivered("acme", "CallConnected.1", 2_001)
    assert evidence.missed_by_active("acme", STARTED, SINCE, LATER) == 0
    assert evidence.missed_by_active("acme", STARTED, SINCE, SINCE + REPLACED_WITHOUT_WITNESS_AFTER_MS) == 3


def test_one_that_brings_events_again_has_missed_nothing(evidence: HookEvidence) -> None:
    """Single losses are the reconciliation's; only a silence counts."""
    miss(evidence, 2_000, 2_001, 2_002)
    evidence.delivered("acme", "CallStarted.1", 2_002)
    evidence.delivered("acme", "CallConnected.1", 3_000)
    assert evidence.missed_by_active("acme", STARTED, SINCE, LATER) == 0
