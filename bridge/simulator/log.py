"""The judge's log: what was asked of the simulator and what it sent. Tests and drills count from here alone.

Counters are exact for ever; full rows are kept for the last `kept` of each kind, so a long run does not grow.
All times are readings of the monotonic clock, in seconds.
"""

from collections import Counter, deque
from dataclasses import dataclass, field

from bridge.simulator.facts import EventName

# How much of an answer's body a row keeps: an id or an error sentence, not a page.
KEPT_ANSWER = 1024
# How many attempts a row keeps of a webhook that is repeated for hours: the first and the last ones.
KEPT_FIRST, KEPT_LAST = 10, 10


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a webhook; `status` and `answer` are None when no answer came, `error` says why."""

    sent: float
    ended: float
    status: int | None
    answer: bytes | None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Webhook:
    """One webhook to one hook, with what became of it. `event` is the hook's; `body` may tell of another.

    It leaves at `due` at the earliest. Of many `attempts` the first and the last are kept; `tries` counts all.
    """

    key: str
    event: EventName
    subject: str
    hook_id: int
    endpoint: str
    body: bytes
    planned: float
    due: float
    attempts: list[Attempt] = field(default_factory=list)
    tries: int = 0
    given_up: str | None = None

    @property
    def accepted(self) -> bool:
        return any(attempt.accepted for attempt in self.attempts)


@dataclass(slots=True)
class EventCounts:
    """`facts` counts what happened, whoever was told; `planned` the webhooks: facts times hooks, changed by faults.

    Once nothing waits, `planned` = `accepted` + `given_up`. `attempts` counts sendings, `refused` answers other than
    2xx, `unanswered` time-outs and broken connections.
    """

    facts: int = 0
    planned: int = 0
    attempts: int = 0
    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    given_up: int = 0


class WebhookLog:
    """Every webhook sent, or not."""

    def __init__(self, kept: int) -> None:
        self.rows: deque[Webhook] = deque(maxlen=kept)
        self.counts: dict[EventName, EventCounts] = {}
        self.given_up: Counter[str] = Counter()

    def of(self, event: EventName) -> EventCounts:
        return self.counts.setdefault(event, EventCounts())

    @property
    def total(self) -> EventCounts:
        """Return the sums over all events."""
        total = EventCounts()
        for counts in self.counts.values():
            total.facts += counts.facts
            total.planned += counts.planned
            total.attempts += counts.attempts
            total.accepted += counts.accepted
            total.refused += counts.refused
            total.unanswered += counts.unanswered
            total.given_up += counts.given_up
        return total

    def happened(self, event: EventName) -> None:
        self.of(event).facts += 1

    def plan(self, webhook: Webhook) -> None:
        self.of(webhook.event).planned += 1
        self.rows.append(webhook)

    def tried(self, webhook: Webhook, attempt: Attempt) -> None:
        webhook.tries += 1
        if len(webhook.attempts) == KEPT_FIRST + KEPT_LAST:
            del webhook.attempts[KEPT_FIRST]
        webhook.attempts.append(attempt)
        counts = self.of(webhook.event)
        counts.attempts += 1
        if attempt.accepted:
            counts.accepted += 1
        elif attempt.status is None:
            counts.unanswered += 1
        else:
            counts.refused += 1

    def give_up(self, webhook: Webhook, why: str) -> None:
        """Note that the webhook will not be sent again, nor was answered 2xx."""
        webhook.given_up = why
        self.of(webhook.event).given_up += 1
        self.given_up[why] += 1
