"""What one connection makes of a webhook's body: an event's record, or a quarantine record. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from bridge.events.catalogue import EventName
from bridge.events.envelope import Envelope, Origin
from bridge.events.quarantine import quarantined_webhook
from bridge.events.records import Record
from bridge.events.times import receipt_text
from bridge.events.ulid import RANDOM_BYTES, ulid
from bridge.pbx.numbers import ToE164
from bridge.pbx.translation import Translation
from bridge.pbx.webhooks import Rejection, read_webhook


class Taken(NamedTuple):
    """A body that is ready for Kafka; exactly one of `translation` and `rejection` says what it was."""

    id: str
    record: Record
    translation: Translation | None
    rejection: Rejection | None


class Intake:
    """Turns bodies into records for one connection.

    `randomness` returns as many bytes as it is asked for; only what has no derived id needs it.
    """

    __slots__ = ("_connection", "_envelopes", "_public_url", "_randomness", "_to_e164", "_topic_prefix")

    def __init__(
        self,
        connection: str,
        *,
        to_e164: ToE164,
        topic_prefix: str,
        public_url: str | None,
        randomness: Callable[[int], bytes],
    ) -> None:
        self._connection = connection
        self._to_e164 = to_e164
        self._topic_prefix = topic_prefix
        self._public_url = public_url
        self._randomness = randomness
        self._envelopes: dict[EventName, Envelope] = {}  # made when first needed: most connections are quiet

    def take(self, body: bytes, received_ms: int, hook: str) -> Taken:
        """Read a body received at `received_ms` (epoch milliseconds) by the key of `hook`."""
        received = receipt_text(received_ms)
        told = read_webhook(body, self._to_e164)
        if isinstance(told, Rejection):
            id_ = ulid(received_ms, self._randomness(RANDOM_BYTES))
            record = quarantined_webhook(
                body,
                id_=id_,
                reason=told.reason,
                detail=told.detail,
                connection=self._connection,
                received=received,
                hook=hook,
                topic_prefix=self._topic_prefix,
            )
            return Taken(id_, record, None, told)
        envelope = self._envelopes.get(told.event) or self._make_envelope(told.event)
        if told.key_fields is None:
            id_ = ulid(received_ms, self._randomness(RANDOM_BYTES))
        else:
            id_ = envelope.derived_id(told.key_fields)
        time = told.time or received
        record = envelope.seal(
            id_, told.subject, told.data, time=time, received=received, origin=Origin.WEBHOOK, hook=hook
        )
        return Taken(id_, record, told, None)

    def _make_envelope(self, event: EventName) -> Envelope:
        envelope = Envelope(self._connection, event, topic_prefix=self._topic_prefix, public_url=self._public_url)
        self._envelopes[event] = envelope
        return envelope
