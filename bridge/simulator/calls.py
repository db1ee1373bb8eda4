"""One call from its first ring to its end, decided when it starts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from random import Random

from bridge.simulator.directory import Contact
from bridge.simulator.sources import Source


class Kind(Enum):
    """How a call ends."""

    ANSWERED = auto()
    MISSED = auto()
    VOICEMAIL = auto()
    OUTGOING = auto()
    UNANSWERED = auto()  # outgoing, nobody picks up


# Shares of a working day; together 1. Two in five calls go wrong somehow, so that every event comes within minutes.
_MIX = {Kind.ANSWERED: 0.42, Kind.MISSED: 0.2, Kind.VOICEMAIL: 0.12, Kind.OUTGOING: 0.2, Kind.UNANSWERED: 0.06}
_TRANSFERRED = 0.2  # of the answered calls, once
_TRANSFERRED_TWICE = 0.5  # of those
_RECORDED = 0.6  # of the calls with a conversation


@dataclass(frozen=True, slots=True)
class Transfer:
    at: float
    to: Contact


@dataclass(frozen=True, slots=True)
class Call:
    """Times are simulated seconds since the day began; `connected` None = nobody answered."""

    call_id: int
    kind: Kind
    caller: str
    destination: str
    contact: Contact
    started: float
    connected: float | None
    ended: float
    transfers: tuple[Transfer, ...] = ()
    recording_id: int | None = None
    voicemail_length: int = 0
    source: Source = "day"

    @property
    def direction(self) -> str:
        return "out" if self.kind in {Kind.OUTGOING, Kind.UNANSWERED} else "in"

    def talked(self, at: float) -> int:
        """Return the whole seconds of conversation up to `at`, as the difference of the two times shown."""
        return 0 if self.connected is None else int(at) - int(self.connected)

    def cut_at(self, at: float) -> "Call":
        """Return the call with nothing in it later than `at`."""
        return replace(
            self,
            started=min(self.started, at),
            connected=None if self.connected is None else min(self.connected, at),
            ended=min(self.ended, at),
            transfers=tuple(replace(transfer, at=min(transfer.at, at)) for transfer in self.transfers),
        )

    def contact_after(self, transfers: int) -> Contact:
        return self.transfers[transfers - 1].to if transfers else self.contact


def kind_of(rng: Random) -> Kind:
    return rng.choices(tuple(_MIX), tuple(_MIX.values()))[0]


def plan_call(
    rng: Random,
    *,
    at: float,
    kind: Kind,
    contact: Contact,
    other: str,
    colleagues: Sequence[Contact],
    call_id: int,
    recording_id: int,
    source: Source,
    brevity: float = 1.0,
) -> Call:
    """Decide everything about a call with `other` that starts at `at`.

    `recording_id` is used when the call is recorded; `colleagues` are those to whom it may be transferred. It takes
    `brevity` times less time than calls do.
    """
    outgoing = kind in {Kind.OUTGOING, Kind.UNANSWERED}
    caller, destination = (contact.caller_id, other) if outgoing else (other, contact.number)
    ring = rng.uniform(3.0, 18.0) / brevity
    if kind not in {Kind.ANSWERED, Kind.OUTGOING}:
        length = rng.randint(4, 60) if kind is Kind.VOICEMAIL else 0
        ended = at + ring + rng.uniform(5.0, 20.0) / brevity
        return Call(
            call_id, kind, caller, destination, contact, at, None, ended, voicemail_length=length, source=source
        )
    connected = at + ring
    talk = (
        min(rng.expovariate(1 / 90.0), 900.0) + 8.0
    ) / brevity  # some minutes at most, so that a day fits into a demo
    transfers: tuple[Transfer, ...] = ()
    if kind is Kind.ANSWERED and rng.random() < _TRANSFERRED:
        first = _another(rng, colleagues, contact)
        transfers = (Transfer(connected + talk * 0.3, first),)
        if rng.random() < _TRANSFERRED_TWICE:
            transfers += (Transfer(connected + talk * 0.6, _another(rng, colleagues, first)),)
    recording = recording_id if rng.random() < _RECORDED else None
    return Call(
        call_id,
        kind,
        caller,
        destination,
        contact,
        at,
        connected,
        connected + talk,
        transfers,
        recording,
        source=source,
    )


def _another(rng: Random, colleagues: Sequence[Contact], than: Contact) -> Contact:
    return rng.choice([contact for contact in colleagues if contact is not than])
