"""The states of a command and what each step stores, as one transaction each. Pure.

A dial: QUEUED (an `Order`) -> INTENT (an `Intent`) -> OUTCOME (a `Verdict`) -> RESOLVED (a `Verdict` that says how the
doubt ended), the last one only after `in_doubt`. The other commands go from QUEUED to OUTCOME: asking twice does no
harm, so there is nothing to be remembered in between but the slot.

A terminal verdict and its result are one transaction, whatever the verdict is. What is only published could be
overtaken: `overloaded` today, redelivered after a crash, executed tomorrow. What is only remembered is never answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, Protocol

from typing_extensions import TypeIs

from bridge.calls.conclusions import TAKEN_OVER, Conclusion, Status
from bridge.calls.journal_format import Kept, put
from bridge.calls.journal_keys import CommandKey, SlotKey
from bridge.calls.journal_values import (
    DIAL_HORIZON_MS,
    OTHER_HORIZON_MS,
    Intent,
    Slot,
    Verdict,
)
from bridge.calls.orders import Order, Reference, reference_of
from bridge.calls.quota import Ending, Reservation
from bridge.events.records import Record
from bridge.kafka.journal_records import Append, JournalRecord
from bridge.pbx.requests import Dial
from bridge.pbx.responses import Exchange, Sent

KnownCommand = Order | Verdict
"""What an owner remembers under an identity: it waits or is being carried out, or it has ended."""


class Publisher(Protocol):
    """Gives the records that tell the world how a command ended. Pure. Times are epoch ms by the brokers' clock."""

    def result(self, reference: Reference, conclusion: Conclusion, sent_ms: int | None, finished_ms: int) -> Record:
        """Give the terminal result."""
        ...

    def resolved(self, reference: Reference, resolution: "Resolution", resolved_ms: int) -> Record:
        """Give what follows the result `in_doubt`."""
        ...


class Resolution(NamedTuple):
    """How a doubt ended. `call_id` is there when a call was observed."""

    outcome: Literal["call_observed", "not_observed"]
    call_id: int | None = None


class Ended(NamedTuple):
    """A call to the vendor that is over, as far as its slot is concerned."""

    reservation: Reservation
    ending: Ending


_MAY_HAVE_CALLED = frozenset({Status.OK, Status.IN_DOUBT})
# The dials that may explain a call: what was refused or never left does not.


class TakeOver(NamedTuple):
    """The doubts of a take-over, none when the append is empty, and the commands that are known afterwards."""

    append: Append
    commands: dict[str, Verdict]


def is_repeat(order: Order, first: KnownCommand | None) -> bool:
    """Tell whether an order whose identity is known as `first` is dropped.

    Only differences between append times count, so that a redelivery is a repeat however late it comes.
    """
    if first is None:
        return False
    match first:
        case Order():
            dial, accepted_ms = first.dial, first.reference.accepted_ms
        case Verdict():
            dial, accepted_ms = first.dial, first.accepted_ms
    return order.reference.accepted_ms < accepted_ms + (DIAL_HORIZON_MS if dial else OTHER_HORIZON_MS)


def reserve(connection: str, reservation: Reservation) -> JournalRecord:
    """Give what is stored before any request leaves: the slot."""
    return put(SlotKey(connection, reservation.slot), Slot(reservation.dial))


def intend(order: Order, reservation: Reservation) -> tuple[Append, Intent]:
    """QUEUED to INTENT: a dial that has its slot. Nothing may leave before this is stored."""
    assert isinstance(order.request, Dial)
    connection, source, id_, _, accepted_ms, correlation_id, traceparent = order.reference
    intent = Intent(
        connection,
        source,
        id_,
        accepted_ms,
        order.request.contact_id,
        order.request.destination,
        reservation.slot,
        correlation_id,
        traceparent,
    )
    return Append((reserve(connection, reservation), put(CommandKey(order.identity), intent))), intent


def end_slot(connection: str, ended: Ended) -> JournalRecord:
    """Give the record of a slot whose call is over."""
    return put(SlotKey(connection, ended.reservation.slot), Slot(ended.reservation.dial, ended.ending))


def ending_of(exchange: Exchange) -> Ending:
    """Give how a call ended, as far as its slot is concerned."""
    match exchange.sent:
        case Sent.NO:
            return Ending.UNSENT
        case Sent.MAYBE:
            return Ending.UNANSWERED
        case Sent.YES:
            return Ending.ANSWERED


def conclude(
    order: Order,
    conclusion: Conclusion,
    result: Record,
    beside: Sequence[JournalRecord] = (),
    intended: Kept[Intent] | None = None,
) -> tuple[Append, Verdict]:
    """QUEUED or INTENT to OUTCOME: the verdict, its result, and what the journal shall keep beside, as one."""
    reference = order.reference
    intended = intended if conclusion.status in _MAY_HAVE_CALLED else None
    verdict = Verdict(
        reference.connection,
        order.dial,
        conclusion.status.value,
        reference.accepted_ms,
        intent=intended and intended.value,
        sent_ms=intended and intended.appended_ms,
    )
    return Append((*beside, put(CommandKey(order.identity), verdict)), (result,)), verdict


def doubt(intended: Kept[Intent]) -> Verdict:
    """INTENT to OUTCOME without knowing anything more: the one thing that can be said is that nobody knows."""
    intent, sent_ms = intended
    status = Status.IN_DOUBT.value
    return Verdict(
        intent.connection, dial=True, status=status, accepted_ms=intent.accepted_ms, intent=intent, sent_ms=sent_ms
    )


def is_open_doubt(command: KnownCommand | None) -> TypeIs[Verdict]:
    """Tell whether a command has ended in doubt, and the doubt has not ended."""
    return isinstance(command, Verdict) and command.status == Status.IN_DOUBT and command.resolved is None


def resolve(
    identity: str, verdict: Verdict, resolution: Resolution, publisher: Publisher, now_ms: int
) -> tuple[Append, Verdict]:
    """OUTCOME to RESOLVED: the one thing that may follow an `in_doubt`, and once."""
    assert is_open_doubt(verdict)
    assert verdict.intent is not None
    resolved = replace(verdict, resolved=resolution.outcome, call_id=resolution.call_id)
    publication = publisher.resolved(reference_of(verdict.intent), resolution, now_ms)
    return Append((put(CommandKey(identity), resolved),), (publication,)), resolved


def take_over(commands: Mapping[CommandKey, Kept[Intent | Verdict]], publisher: Publisher, now_ms: int) -> TakeOver:
    """Give what a take-over stores of every dial that its old owner left open: `in_doubt`, and its result.

    None of those is ever sent: the old owner may have done so, or may yet do so when it wakes.
    """
    records, publications = list[JournalRecord](), list[Record]()
    known: dict[str, Verdict] = {}
    for key, (command, appended_ms) in commands.items():
        if isinstance(command, Intent):
            known[key.identity] = verdict = doubt(Kept(command, appended_ms))
            records.append(put(key, verdict))
            publications.append(publisher.result(reference_of(command), TAKEN_OVER, None, now_ms))
        else:
            known[key.identity] = command
    return TakeOver(Append(tuple(records), tuple(publications)), known)
