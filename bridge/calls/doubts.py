"""Which observed call explains which dial: how a doubt ends. Pure.

One call explains one dial. Dials that the vendor has confirmed claim first, and so do those whose answer is still
awaited: the call that is seen now may be theirs. What is left explains the doubts, the oldest first.

All dials have windows of the same length, so taking the earliest call for the earliest dial explains as many as any
other choice would.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from bridge.calls.conclusions import Status
from bridge.calls.dial_states import KnownCommand, Resolution
from bridge.calls.journal_values import Verdict
from bridge.calls.orders import Order
from bridge.calls.owned_commands import OwnedCommands
from bridge.pbx.requests import Dial

ToE164 = Callable[[str], str | None]
"""A number as sent to E.164, None where that is not known."""

WITHIN_MS = 300_000
# The contract's five minutes: the person may have picked up late, the vendor may show the call late.
EARLY_MS = 10_000
# The vendor's clock tells when a call started, the brokers' when the dial left: two well-kept clocks, and cut seconds.
DECIDED_AFTER_MS = 270_000
# Leaves half a minute of the contract's five to ask the history and to publish.


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


def is_due(verdict: Verdict, now_ms: int) -> bool:
    """Tell whether a doubt has to end now: `not_observed`, when the history does not explain it either."""
    return now_ms >= (verdict.sent_ms or verdict.accepted_ms) + DECIDED_AFTER_MS


def resolutions(
    commands: OwnedCommands, calls: Iterable[ObservedCall], to_e164: ToE164, now_ms: int
) -> list[tuple[str, Resolution]]:
    """Give the open doubts that end now, by identity.

    `calls` are all that were observed since the oldest of those doubts; for those that are due the caller has asked the
    history beforehand. A call may be there several times, with another contact or spelling.
    """
    explained = explain(commands, calls, to_e164) if commands.doubts else {}
    ended = [(identity, Resolution("call_observed", call_id)) for identity, call_id in explained.items()]
    overdue = (identity for identity, doubt in commands.doubts.items() if is_due(doubt, now_ms))
    return ended + [(identity, Resolution("not_observed")) for identity in overdue if identity not in explained]


def explain(commands: OwnedCommands, calls: Iterable[ObservedCall], to_e164: ToE164) -> dict[str, int]:
    """Give the call of each open doubt that has one."""
    known = commands.known
    used = {
        command.call_id for command in known.values() if isinstance(command, Verdict) and command.call_id is not None
    }
    seen: dict[tuple[int, str], list[ObservedCall]] = {}
    for call in sorted(calls, key=lambda call: (call.started_ms, call.call_id)):
        seen.setdefault((call.contact_id, _number(call.destination, to_e164)), []).append(call)
    explained: dict[str, int] = {}
    doubtful = [_dialled(identity, doubt) for identity, doubt in commands.doubts.items()]
    for dialled in (*sorted(_claims(known)), *sorted(doubtful)):
        for call in seen.get((dialled.contact_id, _number(dialled.destination, to_e164)), []):
            if dialled.at_ms - EARLY_MS <= call.started_ms <= dialled.at_ms + WITHIN_MS and call.call_id not in used:
                used.add(call.call_id)
                if dialled.identity in commands.doubts:
                    explained[dialled.identity] = call.call_id
                break
    return explained


def _claims(known: Mapping[str, KnownCommand]) -> Iterator[_Dialled]:
    for identity, command in known.items():
        match command:
            case Verdict(dial=True, status=Status.OK):
                yield _dialled(identity, command)
            case Order(request=Dial(contact_id=contact_id, destination=destination)):
                yield _Dialled(command.reference.accepted_ms, identity, contact_id, destination)
            case _:
                pass


def _dialled(identity: str, verdict: Verdict) -> _Dialled:
    intent = verdict.intent
    assert intent is not None
    return _Dialled(verdict.sent_ms or intent.accepted_ms, identity, intent.contact_id, intent.destination)


def _number(number: str, to_e164: ToE164) -> str:
    """Give what two spellings of one number have in common; without a region that is their digits."""
    return to_e164(number) or "".join(filter(str.isdigit, number)).removeprefix("00")
