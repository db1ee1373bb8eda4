"""Which observed call explains which dial: how a doubt ends. Pure.

One call explains one dial. Dials that the vendor has confirmed claim first, and so do those whose answer is still
awaited: the call that is seen now may be theirs. What is left explains the doubts, the oldest first.

All dials have windows of the same length, so taking the earliest call for the earliest dial explains as many as any
other choice would.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from bridge.calls.conclusions import Status
from bridge.calls.dial_states import KnownCommand
from bridge.calls.journal_values import Verdict
from bridge.calls.orders import Order
from bridge.pbx.requests import Dial

ToE164 = Callable[[str], str | None]
"""A number as sent to E.164, None where that is not known."""

WITHIN_MS = 300_000
# The contract's five minutes: the person may have picked up late, the vendor may show the call late.
EARLY_MS = 10_000
# The vendor's clock tells when a call started, the brokers' when the dial left: two well-kept clocks, and cut seconds.
NEEDED_BEFORE_MS = WITHIN_MS + 2 * EARLY_MS
# A dial that is so much older than a doubt may lay claim to its call, so what that dial led to has to be known, too.


class ObservedCall(NamedTuple):
    """A call in events or in the history. `started_ms` is by the vendor's clock."""

    call_id: int
    contact_id: int
    destination: str
    started_ms: int


class _Dialled(NamedTuple):
    at_ms: int
    identity: str
    contact_id: int
    destination: str


_Seen = Mapping[tuple[int, str], list[ObservedCall]]


def dialled_ms(doubt: Verdict) -> int:
    """Give when a dial left, or may have, by the brokers' clock."""
    return doubt.sent_ms or doubt.accepted_ms


def explain(
    known: Mapping[str, KnownCommand],
    doubts: Mapping[str, Verdict],
    calls: Collection[ObservedCall],
    to_e164: ToE164,
) -> dict[str, int]:
    """Give the call of each doubt that has one, both by id.

    `doubts` are open, and of one connection, as `calls` are: ids of contacts and calls mean nothing beyond it. `known`
    are the commands of its shard. `calls` hold all that is known since `NEEDED_BEFORE_MS` before the oldest of the
    doubts; a call may be there several times, with another contact or spelling.
    """
    doubtful = sorted(_dialled(identity, doubt) for identity, doubt in doubts.items())
    contacts = {dialled.contact_id for dialled in doubtful}
    # This is asked every second, and known are the dials of a day: most of the time it is over here.
    theirs = _by_contact_and_number((call for call in calls if call.contact_id in contacts), to_e164)
    if not any(_fits(dialled, call) for dialled in doubtful for call in _calls_of(dialled, theirs, to_e164)):
        return {}
    connection = next(iter(doubts.values())).connection
    # Of an older dial the own call may not be among `calls`; it would take the next one's, and so on to the doubt's.
    near = range(doubtful[0].at_ms - WITHIN_MS - EARLY_MS, doubtful[-1].at_ms + WITHIN_MS + EARLY_MS + 1)
    claims, used = _claims(known, connection, near)
    seen = _by_contact_and_number(calls, to_e164)
    explained: dict[str, int] = {}
    for dialled in (*sorted(claims), *doubtful):
        for call in _calls_of(dialled, seen, to_e164):
            if _fits(dialled, call) and call.call_id not in used:
                used.add(call.call_id)
                if dialled.identity in doubts:
                    explained[dialled.identity] = call.call_id
                break
    return explained


def _by_contact_and_number(calls: Iterable[ObservedCall], to_e164: ToE164) -> _Seen:
    seen: dict[tuple[int, str], list[ObservedCall]] = {}
    for call in sorted(calls, key=lambda call: (call.started_ms, call.call_id)):
        seen.setdefault((call.contact_id, _number(call.destination, to_e164)), []).append(call)
    return seen


def _calls_of(dialled: _Dialled, seen: _Seen, to_e164: ToE164) -> list[ObservedCall]:
    return seen.get((dialled.contact_id, _number(dialled.destination, to_e164)), [])


def _fits(dialled: _Dialled, call: ObservedCall) -> bool:
    return dialled.at_ms - EARLY_MS <= call.started_ms <= dialled.at_ms + WITHIN_MS


def _claims(known: Mapping[str, KnownCommand], connection: str, near: range) -> tuple[list[_Dialled], set[int]]:
    """Give the dials of a time that claim a call before any doubt does, and the calls that have ended doubts."""
    claims: list[_Dialled] = []
    used: set[int] = set()
    for identity, command in known.items():
        # One loop of cheap questions, since it is long, and holds up whatever else this process does.
        if isinstance(command, Order):
            if command.reference.connection == connection and isinstance(command.request, Dial):
                at_ms, request = command.reference.accepted_ms, command.request
                if at_ms in near:
                    claims.append(_Dialled(at_ms, identity, request.contact_id, request.destination))
        elif command.intent is not None and command.connection == connection:
            if command.call_id is not None:
                used.add(command.call_id)
            elif dialled_ms(command) in near and command.status == Status.OK:
                claims.append(_dialled(identity, command))
    return claims, used


def _dialled(identity: str, verdict: Verdict) -> _Dialled:
    intent = verdict.intent
    assert intent is not None
    return _Dialled(dialled_ms(verdict), identity, intent.contact_id, intent.destination)


def _number(number: str, to_e164: ToE164) -> str:
    """Give what two spellings of one number have in common; without a region that is their digits."""
    return to_e164(number) or "".join(filter(str.isdigit, number)).removeprefix("00")
