"""From the registrations that are known to those that there should be, a step at a time."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calls.journal_values import Hook
from bridge.events.catalogue import WEBHOOK_EVENTS
from bridge.pbx.hook_keys import HookName
from bridge.registration.plan import (
    MOST,
    KnownHook,
    Obstacle,
    Register,
    Remove,
    Standing,
    Wanted,
    course,
    missing,
    next_step,
    obstacles,
    standing,
    unknown_after_a_crash,
)

EVENTS = tuple(WEBHOOK_EVENTS)
STARTED, OTHER = EVENTS[:2]


def address(name: HookName) -> str:
    return f"new {name.text}"


def want(*events: str, rotate: bool = True) -> Wanted:
    return Wanted(events, address, rotate)


def active(name: HookName, id_: int | None = 7, *, old: bool = False, missed: int = 0) -> KnownHook:
    return KnownHook(Hook("active", f"old {name.text}" if old else address(name), id_), missed=missed)


def unknown(name: HookName, *, old: bool = False, missed: int = 0, delivered: bool = False) -> KnownHook:
    return KnownHook(Hook("unknown", f"old {name.text}" if old else address(name)), delivered, missed)


def hook(event: str = STARTED, generation: int = 1) -> HookName:
    return HookName(event, generation)


def test_what_is_missing_is_registered_in_order() -> None:
    """Generations count from 1; when all is there nothing is left to do."""
    begun = course({}, want(*EVENTS))
    assert begun.steps == tuple(Register(hook(event)) for event in EVENTS)
    assert next_step(begun.end, want(*EVENTS)) is None


def test_a_rotation_is_new_first_then_old_one_event_at_a_time() -> None:
    """No event is without a registration, and no more than one event has two."""
    known = {hook(event): active(hook(event), 10 + place, old=True) for place, event in enumerate(EVENTS)}
    expected = [
        step
        for place, event in enumerate(EVENTS)
        for step in (Register(hook(event, 2)), Remove(hook(event), 10 + place))
    ]
    assert list(course(known, want(*EVENTS)).steps) == expected


def test_an_event_without_any_goes_before_a_rotation() -> None:
    """It loses events now; the other one only has to change its URL."""
    known = {hook(): active(hook(), old=True)}
    assert next_step(known, want(STARTED, OTHER)) == Register(hook(OTHER))


def test_a_new_url_is_given_time() -> None:
    """Nothing is replaced for it yet; what is missing is registered all the same."""
    known = {hook(): active(hook(), old=True)}
    wanted = want(STARTED, OTHER, rotate=False)
    assert course(known, wanted).steps == (Register(hook(OTHER)),)
    assert obstacles(known, wanted) == {STARTED: Obstacle.SETTLING}


def test_what_is_not_wanted_any_more_is_removed() -> None:
    """An event that was taken off the list."""
    assert course({hook(): active(hook())}, want()).steps == (Remove(hook(), 7),)


def test_one_made_by_hand_is_as_good_as_ours() -> None:
    """Adopted as generation 0 it stays; beside a newer one it goes."""
    by_hand = hook(STARTED, 0)
    assert next_step({by_hand: active(by_hand)}, want(STARTED)) is None
    known = {by_hand: active(by_hand, 1), hook(): active(hook(), 2)}
    assert course(known, want(STARTED)).steps == (Remove(by_hand, 1),)


def test_an_unknown_one_is_waited_for() -> None:
    """It may exist: another one would bring each event twice, or use up the limit."""
    known = {hook(): unknown(hook())}
    assert next_step(known, want(STARTED)) is None
    assert obstacles(known, want(STARTED)) == {STARTED: Obstacle.UNKNOWN}
    assert missing(known, want(STARTED)) == (STARTED,)


@pytest.mark.parametrize(("missed", "expected"), [(2, None), (3, Register(hook(STARTED, 2)))])
def test_an_unknown_one_that_stays_silent_is_registered_anew(missed: int, expected: Register | None) -> None:
    """After three events that it should have brought, and not before; it counts on as one that may exist."""
    known = {hook(): unknown(hook(), missed=missed)}
    assert next_step(known, want(STARTED)) == expected
    if expected is not None:
        assert hook() in course(known, want(STARTED)).end


def test_an_unknown_one_that_brought_an_event_exists() -> None:
    """A delivery proves it, whatever else was missed; nothing more is done."""
    known = {hook(): unknown(hook(), delivered=True)}
    assert standing(hook(), known[hook()], want(STARTED)) is Standing.ACTIVE
    assert next_step(known, want(STARTED)) is None


def test_no_third_registration_begins_with_two_unknown() -> None:
    """One that gets lost again and again would use up the limit: a person has to look."""
    known = {hook(): unknown(hook(), missed=3), hook(STARTED, 2): unknown(hook(STARTED, 2), missed=3)}
    assert next_step(known, want(STARTED)) is None
    assert obstacles(known, want(STARTED)) == {STARTED: Obstacle.TOO_MANY_UNKNOWN}


def test_an_unknown_one_with_an_old_url_stops_no_rotation() -> None:
    """It could not be the wanted one if it existed; the old one is removed as ever."""
    known = {hook(): active(hook(), 1, old=True), hook(STARTED, 2): unknown(hook(STARTED, 2), old=True)}
    assert course(known, want(STARTED)).steps == (Register(hook(STARTED, 3)), Remove(hook(), 1))


def test_one_that_went_silent_is_replaced_like_an_old_one() -> None:
    """New first, then the silent one away."""
    known = {hook(): active(hook(), 1, missed=3)}
    assert course(known, want(STARTED)).steps == (Register(hook(STARTED, 2)), Remove(hook(), 1))


def test_nothing_is_registered_above_the_limit() -> None:
    """Of ours twenty may exist, whatever they are good for; what can go goes first."""
    known = {HookName(event, 1): active(HookName(event, 1), 1, old=True) for event in EVENTS}
    known |= {HookName(event, 2): unknown(HookName(event, 2), missed=3) for event in EVENTS}
    assert len(known) == MOST
    assert next_step(known, want(*EVENTS)) is None, "W1 is broken: one more than the vendor allows"
    assert set(obstacles(known, want(*EVENTS)).values()) == {Obstacle.LIMIT}
    assert next_step(known, want(*EVENTS[1:])) == Remove(HookName(STARTED, 1), 1)


def test_an_intent_that_somebody_finds_is_unknown() -> None:
    """Its owner died: the request may have left, and nobody heard an answer."""
    assert unknown_after_a_crash(Hook("intent", "x")) == Hook("unknown", "x")
    assert unknown_after_a_crash(Hook("active", "x", 1)) == Hook("active", "x", 1)


NAMES = st.builds(HookName, st.sampled_from(EVENTS), st.integers(0, 4))
HOOKS = st.builds(
    lambda state, old, id_, delivered, missed: (state, old, id_, delivered, missed),
    st.sampled_from(["active", "unknown", "intent"]),
    st.booleans(),
    st.none() | st.integers(1, 99),
    st.booleans(),
    st.integers(0, 4),
)


@st.composite
def histories(draw: st.DrawFn) -> Mapping[HookName, KnownHook]:
    """Draw whatever a journal and its evidence might hold."""
    drawn = draw(st.dictionaries(NAMES, HOOKS, max_size=MOST))
    known = {}
    for name, (state, old, id_, delivered, missed) in drawn.items():
        stored = Hook(state, f"old {name.text}" if old else address(name), id_ if state == "active" else None)
        known[name] = KnownHook(stored, delivered, missed)
    return known


WANTED = st.builds(
    lambda events, rotate: Wanted(tuple(event for event in EVENTS if event in events), address, rotate),
    st.sets(st.sampled_from(EVENTS)),
    st.booleans(),
)


@given(histories(), WANTED)
def test_any_history_ends_with_what_is_wanted_or_with_a_reason(
    known: Mapping[HookName, KnownHook], wanted: Wanted
) -> None:
    """Few steps lead to one good registration an event; where none can be had people are told why."""
    followed = course(known, wanted)
    assert len(followed.steps) <= len(known) + 2 * len(EVENTS)
    standings = {name: standing(name, hook, wanted) for name, hook in followed.end.items()}
    reasons = obstacles(known, wanted)
    for event in wanted.events:
        good = [name for name, found in standings.items() if name.event == event and found is Standing.ACTIVE]
        assert good or event in reasons
        assert not (good and event in reasons)
        # What is left beside the good one is what nobody can remove: its id is not known.
        assert all(followed.end[name].hook.id is None for name in good if name != max(good))
    assert not any(
        found is Standing.UNWANTED and followed.end[name].hook.id is not None for name, found in standings.items()
    )


@given(histories(), WANTED)
def test_no_step_exceeds_the_limit_or_leaves_an_event_alone(
    known: Mapping[HookName, KnownHook], wanted: Wanted
) -> None:
    """After each step there are at most twenty, or no more than before, and no wanted event has lost its last one."""
    hooks = dict(known)
    for step in course(known, wanted).steps:
        brought = set(wanted.events) - set(missing(hooks, wanted))
        match step:
            case Register(name):
                assert name not in hooks
                assert name.generation > 0
                hooks[name] = KnownHook(Hook("active", address(name), 1))
                assert len(hooks) <= MOST
            case Remove(name):
                del hooks[name]
        assert brought <= set(wanted.events) - set(missing(hooks, wanted))


@given(histories(), WANTED)
def test_the_wanted_state_wants_nothing_more(known: Mapping[HookName, KnownHook], wanted: Wanted) -> None:
    """A restart with everything in place makes no call (W1)."""
    assert next_step(course(known, wanted).end, wanted) is None
