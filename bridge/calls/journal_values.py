"""What a shard's journal remembers under its keys, and for how long. Pure.

The journal is the owner's memory: what is not in here is forgotten with the process. Times are the brokers' clock in
epoch milliseconds. `journal_format` turns all of it into records and back.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from pydantic import ConfigDict

from bridge.calls.quota import Ending

HOUR_MS: Final = 3_600_000
DIAL_HORIZON_MS: Final = 24 * HOUR_MS
# The contract: the same identity within 24 h is dropped, since a call to a person is not repeated.
OTHER_HORIZON_MS: Final = HOUR_MS
# The same for commands that only read.
SEEN_HORIZON_MS: Final = 50 * HOUR_MS
# From the hour's beginning: the longest walk looks back 48 h, and may begin late.


@dataclass(frozen=True, slots=True)
class Value:
    """Anything that is stored under a key; `word` says which kind in the record."""

    word: ClassVar[str]
    # A field that is not known here is a newer release's: dropping it would undo that release's work.
    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Slot(Value):
    """A slot of the quota window. Its record's append time is the reservation, or with an `ending` the end."""

    word = "slot"
    dial: bool
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class Refusal(Value):
    """The vendor's last refusal: seconds of the freeze from the append time on, and how often the limit is lowered."""

    word = "refusal"
    freeze: float
    steps: int


@dataclass(frozen=True, slots=True)
class Intent(Value):
    """A dial that may leave once this is stored; and all that its result and its later resolution need."""

    word = "intent"
    connection: str
    source: str
    id: str
    accepted_ms: int
    contact_id: int
    destination: str = field(repr=False)
    slot: int
    correlation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict(Value):
    """A command's terminal answer. `accepted_ms` is the append time of its first record in the command topic.

    A dial that was sent keeps its `intent`, and in `sent_ms` the intent's append time: a doubt is resolved by them, and
    an `ok` dial claims its call first. `resolved` and `call_id` say how a doubt ended.
    """

    word = "verdict"
    connection: str
    dial: bool
    status: str
    accepted_ms: int
    intent: Intent | None = None
    sent_ms: int | None = None
    resolved: Literal["call_observed", "not_observed"] | None = None
    call_id: int | None = None


@dataclass(frozen=True, slots=True)
class Cursor(Value):
    """The highest id of a collection that has been published, or passed over at the poller's first start.

    What happened before `since_ms` is none of the poller's business, unless its id is above the cursor.
    """

    word = "cursor"
    id: int
    since_ms: int


@dataclass(frozen=True, slots=True)
class Seen(Value):
    """The ids of a collection's rows of one hour that have been published.

    Below zero: a digest of a row without a usable id, which has been put into the quarantine in that hour.
    """

    word = "seen"
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Moment(Value):
    """A time by the brokers' clock, epoch milliseconds."""

    word = "moment"
    ms: int


@dataclass(frozen=True, slots=True)
class Hook(Value):
    """A registration: asked for (`intent`), known by the vendor's id, or `unknown` after a crash in between.

    `address` is a digest of the URL that tells whether it is still the wanted one; the URL itself holds a key.
    """

    word = "hook"
    state: Literal["intent", "active", "unknown"]
    address: str
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Owner(Value):
    """The take-over marker: whose it is now. Its append time is the moment of the take-over."""

    word = "owner"
    epoch: str
    worker: str


def verdict_forgotten_at(verdict: Verdict) -> int | None:
    """Give when a command's identity may be forgotten; None: not yet, since its doubt is not resolved."""
    if verdict.status == "in_doubt" and verdict.resolved is None:
        return None
    return verdict.accepted_ms + (DIAL_HORIZON_MS if verdict.dial else OTHER_HORIZON_MS)


def seen_forgotten_at(hour: int) -> int:
    """Give when the ids of an hour, counted from 1970, may be forgotten: no walk looks back that far."""
    return hour * HOUR_MS + SEEN_HORIZON_MS
