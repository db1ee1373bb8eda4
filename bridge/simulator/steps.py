"""What can happen next in a day of calls. Pure."""

from dataclasses import dataclass
from typing import Literal

from bridge.simulator.calls import Call
from bridge.simulator.directory import Contact
from bridge.simulator.rows import VoicemailRow


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call of a stranger or to one; each brings the next."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A lost caller calls again, or is called back."""

    contact: Contact
    caller: str
    back: bool


@dataclass(frozen=True, slots=True)
class Dialled:
    """A call that somebody asked the platform to start."""

    call_id: int
    contact: Contact
    destination: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """A voicemail is heard and deleted."""

    row: VoicemailRow


@dataclass(frozen=True, slots=True)
class Moment:
    """Something in the course of a call; `index` counts transfers."""

    what: Literal["started", "connected", "transferred", "completed", "recorded", "lost", "voicemail"]
    call: Call
    index: int = 0


Step = Arrival | FollowUp | Dialled | Deletion | Moment
