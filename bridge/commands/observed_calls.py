"""Calls as events and the history tell of them, for those who look for the call of a dial. Pure.

What counts is who called whom, and when. The direction does not: the vendor does not say which one a call has that was
begun by a dial. A call that was handed on is a call of everybody who had it.
"""

from collections.abc import Iterable, Mapping

from pydantic import AwareDatetime, ValidationError

from bridge.calls.doubts import ObservedCall
from bridge.events.catalogue import EventName
from bridge.events.cloudevents import NotACloudEvent, read_event
from bridge.events.model_fields import Id, Published
from bridge.pbx.numbers import e164_reader
from bridge.pbx.payloads import PAYLOADS
from bridge.pbx.responses import Rows
from bridge.pbx.translation import Translation, translate

CALL_EVENTS = (
    EventName.CALL_STARTED,
    EventName.CALL_CONNECTED,
    EventName.CALL_TRANSFERRED,
    EventName.CALL_COMPLETED,
    EventName.CALL_RECORDED,
    EventName.CALL_LISTED,
    EventName.RECORDING_LISTED,
)
"""The events that tell of a call. Each of them may be the only one that comes: people choose their webhooks."""

_AS_SENT = e164_reader(None)
# The numbers are compared later, by the region of their connection.


class _Call(Published):
    """What the `data` of all these events have in common, as far as it matters; any of it may be missing."""

    call_id: Id | None = None
    contact_id: Id | None = None
    previous_contact_id: Id | None = None
    destination: str | None = None
    call_started: AwareDatetime | None = None
    call_connected: AwareDatetime | None = None
    call_ended: AwareDatetime | None = None
    connection_time: int | None = None


def calls_in_event(
    headers: Iterable[tuple[str, bytes]], value: bytes | None, appended_ms: int
) -> tuple[str, tuple[ObservedCall, ...]] | None:
    """Give the connection, and the calls that a record of one of `CALL_EVENTS` tells of; None when it is no such event.

    `appended_ms` is the record's append time, the latest moment at which what it tells of can have happened.
    """
    try:
        event = read_event(headers, value)
        call = _Call.model_validate_json(event.data)
    except (NotACloudEvent, ValidationError):
        return None
    connection = event.attributes.get("connection")
    return None if connection is None else (connection, tuple(_observed(call, appended_ms)))


def calls_in_history(rows: Rows, asked_ms: int) -> list[ObservedCall]:
    """Give the calls of an answer to `GET /trigger/call_history`; what is no call with an id is left out."""
    calls: list[ObservedCall] = []
    for index, row in enumerate(rows.rows):
        if isinstance(row, dict):
            translation = translate(PAYLOADS[EventName.CALL_LISTED], row, _AS_SENT, rows.raw, rows.path(index))
            if isinstance(translation, Translation):
                calls.extend(_observed(_Call.model_validate_json(translation.data), asked_ms))
    return calls


def _observed(call: _Call, latest_ms: int) -> Iterable[ObservedCall]:
    if call.call_id is None or not call.destination:
        return
    started_ms = _started_ms(call, latest_ms)
    # The one who has the call now, and the one who handed it on: a dial's call is that of the one who was to make it.
    for contact_id in dict.fromkeys((call.contact_id, call.previous_contact_id)):
        if contact_id is not None:
            yield ObservedCall(call.call_id, contact_id, call.destination, started_ms)


def _started_ms(call: _Call, latest_ms: int) -> int:
    """Give when the call started; where nobody says so, the latest moment at which it can have."""
    told = call.call_started or call.call_connected
    if told is None:
        ended_ms = latest_ms if call.call_ended is None else _epoch_ms(call.call_ended)
        return min(ended_ms, latest_ms) - max(0, call.connection_time or 0) * 1000
    return min(_epoch_ms(told), latest_ms)


def _epoch_ms(moment: AwareDatetime) -> int:
    return int(moment.timestamp() * 1000)


class ObservedCalls:
    """The calls that are known, by connection. It changes in place. A call that is told again is kept once."""

    def __init__(self) -> None:
        self._calls: dict[str, dict[tuple[int, int, str], ObservedCall]] = {}

    def add(self, connection: str, calls: Iterable[ObservedCall]) -> None:
        """Remember calls; of several moments of one call the earliest counts, since the others were guessed."""
        known = self._calls.setdefault(connection, {})
        for call in calls:
            key = call[:3]
            before = known.get(key)
            if before is None or call.started_ms < before.started_ms:
                known[key] = call

    def of(self, connection: str) -> tuple[ObservedCall, ...]:
        """Give all calls of a connection."""
        return tuple(self._calls.get(connection, {}).values())

    def forget(self, before_ms: int, longer: Mapping[str, int]) -> None:
        """Forget what started earlier than `before_ms`, or, of some connections, than some other moment."""
        kept = {
            connection: {
                key: call for key, call in calls.items() if call.started_ms >= longer.get(connection, before_ms)
            }
            for connection, calls in self._calls.items()
        }
        self._calls = {connection: calls for connection, calls in kept.items() if calls}

    def clear(self) -> None:
        """Forget everything."""
        self._calls.clear()
