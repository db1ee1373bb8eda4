"""A row of one of the vendor's lists to the event it tells of, or to a quarantine record. Pure.

For whoever polls a list, and for whoever compares one with what was published: the same fact has the same id here as
when a webhook tells it. What a row is taken for is the asker's to say: a call of the history is `call.listed` to a
poller, and `call.completed` to the reconciliation.
"""

from collections.abc import Callable
from typing import NamedTuple

from bridge.events.catalogue import EventName
from bridge.events.envelope import Envelope, Origin
from bridge.events.quarantine import quarantined_item
from bridge.events.records import Record
from bridge.events.times import receipt_text
from bridge.events.ulid import RANDOM_BYTES, ulid
from bridge.pbx.numbers import ToE164
from bridge.pbx.payloads import PAYLOADS
from bridge.pbx.responses import Rows
from bridge.pbx.row_texts import row_texts
from bridge.pbx.translation import Translation, translate

NOT_AN_OBJECT = "not_an_object"
INVALID_FIELDS = "invalid_fields"
TOO_LARGE = "too_large"


class ItemEvent(NamedTuple):
    """A row that is an event, ready for Kafka. `id` is the event's."""

    id: str
    record: Record
    translation: Translation


class NoEvent(NamedTuple):
    """A row that cannot be published. `record` is for the quarantine, under a new id; `reason` a word of the contract.

    `text` is the row's JSON as the vendor sent it.
    """

    record: Record
    reason: str
    detail: str
    text: bytes


class ItemEvents:
    """Turns the rows of one connection into records.

    `randomness` returns as many bytes as it is asked for. `most_bytes` bounds a record's value, be it an event's or a
    quarantined row's.
    """

    __slots__ = ("_connection", "_envelopes", "_most_bytes", "_public_url", "_randomness", "_to_e164", "_topic_prefix")

    def __init__(
        self,
        connection: str,
        *,
        to_e164: ToE164,
        topic_prefix: str,
        public_url: str | None,
        randomness: Callable[[int], bytes],
        most_bytes: int,
    ) -> None:
        self._connection = connection
        self._to_e164 = to_e164
        self._topic_prefix = topic_prefix
        self._public_url = public_url
        self._randomness = randomness
        self._most_bytes = most_bytes
        self._envelopes: dict[EventName, Envelope] = {}

    def page(self, event: EventName, collection: str, origin: Origin, rows: Rows, received_ms: int) -> "Page":
        """Take an answer's rows for events of one name; `received_ms` is when it came, epoch milliseconds.

        `collection` is the vendor's name of the list, as in the path.
        """
        return Page(self, event, collection, origin, rows, received_ms)

    def read(self, page: "Page", index: int) -> ItemEvent | NoEvent:
        """Give the row at `index` of a page, as `Page.read` does."""
        row = page.rows.rows[index]
        if not isinstance(row, dict):
            return self._no_event(page, index, NOT_AN_OBJECT, "the item is no object")
        told = translate(PAYLOADS[page.event], row, self._to_e164, page.rows.raw, page.rows.path(index))
        if not isinstance(told, Translation):
            return self._no_event(page, index, INVALID_FIELDS, f"{told.field}: {told.problem}")
        if len(told.data) > self._most_bytes:
            detail = f"the event would take {len(told.data)} bytes, and {self._most_bytes} are allowed"
            return self._no_event(page, index, TOO_LARGE, detail)
        envelope = self._envelopes.get(page.event) or self._make_envelope(page.event)
        id_ = self._new_id(page) if told.key_fields is None else envelope.derived_id(told.key_fields)
        record = envelope.seal(
            id_,
            told.subject,
            told.data,
            time=told.time or page.received,
            received=page.received,
            origin=page.origin,
            hook=None,
        )
        return ItemEvent(id_, record, told)

    def _no_event(self, page: "Page", index: int, reason: str, detail: str) -> NoEvent:
        text = page.text(index)
        record = quarantined_item(
            text,
            id_=self._new_id(page),
            reason=reason,
            detail=detail,
            connection=self._connection,
            received=page.received,
            collection=page.collection,
            origin=page.origin,
            topic_prefix=self._topic_prefix,
            most_bytes=self._most_bytes,
        )
        return NoEvent(record, reason, detail, text)

    def _new_id(self, page: "Page") -> str:
        return ulid(page.received_ms, self._randomness(RANDOM_BYTES))

    def _make_envelope(self, event: EventName) -> Envelope:
        envelope = Envelope(self._connection, event, topic_prefix=self._topic_prefix, public_url=self._public_url)
        self._envelopes[event] = envelope
        return envelope


class Page:
    """The rows of one answer, each of which is read when somebody asks for it. Made by `ItemEvents.page`."""

    __slots__ = ("_events", "_texts", "collection", "event", "origin", "received", "received_ms", "rows")

    def __init__(
        self, events: ItemEvents, event: EventName, collection: str, origin: Origin, rows: Rows, received_ms: int
    ) -> None:
        self._events = events
        self._texts: list[bytes] | None = None
        self.event = event
        self.collection = collection
        self.origin = origin
        self.rows = rows
        self.received_ms = received_ms
        self.received = receipt_text(received_ms)

    def read(self, index: int) -> ItemEvent | NoEvent:
        """Give the row as an event, or as what goes to the quarantine in its place."""
        return self._events.read(self, index)

    def text(self, index: int) -> bytes:
        """Give the row's JSON as the vendor sent it."""
        if self._texts is None:
            # Once for all: the whole answer has to be looked through to find one row.
            self._texts = row_texts(self.rows.raw)
        return self._texts[index]
