"""What a consumer has to know of each event beside its fields: what it is made of, when it comes, what can repeat.

The texts go into the schemas and from there into the documentation. That subject, id and time are what the bridge
makes them of is held by a test against the tables of `bridge.pbx`, which this module cannot import.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from bridge.events.catalogue import EventName


class EventFacts(NamedTuple):
    """The facts of one event.

    `subject` is a template of our field names in braces; `id_fields` are the key fields of the id (None: a new ULID
    each time) and `time_fields` those that say when it happened, first choice first. `webhook` and `collection` are
    the vendor's names of where it comes from, the first of them being what an event is primarily made of.
    """

    subject: str
    id_fields: tuple[str, ...] | None
    time_fields: tuple[str, ...]
    webhook: str | None
    collection: str | None
    when: str
    repeats: str
    late: str


_AGAIN: Final = (
    "A webhook may come twice, and one that was answered 503 may have been stored: a repeat has the same id."
)
_AGAIN_LISTED: Final = " Reconciliation publishes what a webhook did not bring, with the id that the webhook's has."
_LOST_MOMENT: Final = (
    "When the webhook is lost, so is this event: the vendor keeps no record of the moment. Read `call.completed` for "
    "what is never missing."
)
_RECONCILED: Final = (
    "When the webhook is lost, it comes from the vendor's list with the origin `reconcile`: within 2 x "
    "`reconcile.interval` + `reconcile.grace` after it shows there, some minutes, or after an outage of any length."
)
_NEWEST: Final = " What was there before the connection's first start is left out, unless `start` says otherwise."
_ONCE: Final = (
    "Exactly once for readers with `isolation.level=read_committed`; for others also what was written and taken back."
)
_LATE_ROW: Final = (
    "A row that the vendor adds late, under an older id, comes within `interval` + 15 min; a call longer than "
    "`reconcile.rescan` (4 h) within a day."
)
_WITH_THE_POLL: Final = "One interval of the poller (60 s) after it shows in the list, later while the quota is full."


def _by_webhook(
    webhook: str,
    subject: str,
    id_fields: tuple[str, ...] | None,
    *,
    time: tuple[str, ...] = (),
    collection: str | None = None,
    when: str,
    repeats: str = _AGAIN,
    late: str,
) -> EventFacts:
    return EventFacts(subject, id_fields, time, webhook, collection, when, repeats, late)


def _listed(
    collection: str, subject: str, id_field: str, *, time: tuple[str, ...] = (), when: str, late: str = _WITH_THE_POLL
) -> EventFacts:
    return EventFacts(subject, (id_field,), time, None, collection, when + _NEWEST, _ONCE, late)


_CALL: Final = "call/{call_id}"
_LOST_CALLER: Final = "lost-caller/{caller}/{destination}"
_VOICEMAIL: Final = "voicemail/{voicemail_id}"
_RECORDING: Final = "recording/{recording_id}"

EVENT_FACTS: Mapping[EventName, EventFacts] = MappingProxyType(
    {
        EventName.CALL_STARTED: _by_webhook(
            "CallStarted",
            _CALL,
            ("call_id", "contact_id"),
            time=("call_started",),
            when="When it begins to ring: an event for each employee that the vendor names.",
            late=_LOST_MOMENT,
        ),
        EventName.CALL_CONNECTED: _by_webhook(
            "CallConnected",
            _CALL,
            ("call_id", "contact_id", "call_connected"),
            time=("call_connected",),
            when="When somebody answers; a missed call has none.",
            late=_LOST_MOMENT,
        ),
        EventName.CALL_COMPLETED: _by_webhook(
            "CallCompleted",
            _CALL,
            ("call_id", "contact_id"),
            time=("call_ended",),
            collection="call_history",
            when="At the end of each call; of one that several employees had, the vendor may send several.",
            repeats=(
                _AGAIN + _AGAIN_LISTED + " A transferred call is the exception where the vendor's history names "
                "another contact than the webhook: that one has another id, so join by `call_id`."
            ),
            late=_RECONCILED,
        ),
        EventName.CALL_TRANSFERRED: _by_webhook(
            "CallTransfered",
            _CALL,
            ("call_id", "contact_id", "previous_contact_id", "call_connected", "connection_time"),
            when="At each hand-over.",
            late=_LOST_MOMENT,
        ),
        EventName.CALL_RECORDED: _by_webhook(
            "CallRecorded",
            _RECORDING,
            ("recording_id",),
            collection="call_records",
            when="When the recording can be fetched, after the end of a call that the PBX records.",
            repeats=_AGAIN + _AGAIN_LISTED,
            late=_RECONCILED,
        ),
        EventName.LOST_CALLER_ADDED: _by_webhook(
            "LostCallerAdded",
            _LOST_CALLER,
            ("caller", "destination", "last_contact"),
            time=("last_contact",),
            collection="lost_calls",
            when="When the caller enters the vendor's list of lost calls.",
            repeats=(
                _AGAIN + _AGAIN_LISTED + " Who is first seen in the list is `added`, whatever the attempts: had the "
                "number of attempts grown by then, the id is another one than the webhook's."
            ),
            late=_RECONCILED,
        ),
        EventName.LOST_CALLER_UPDATED: _by_webhook(
            "LostCallerUpdated",
            _LOST_CALLER,
            ("caller", "destination", "attempts", "last_contact"),
            time=("last_contact",),
            collection="lost_calls",
            when="At each further call in vain, while the caller is on that list.",
            repeats=_AGAIN + _AGAIN_LISTED,
            late=_RECONCILED,
        ),
        EventName.LOST_CALLER_REMOVED: _by_webhook(
            "LostCallerRemoved",
            _LOST_CALLER,
            None,
            collection="lost_calls",
            when="When the caller leaves that list.",
            repeats=(
                "The vendor's body holds two numbers and no time, so that two removals on two days are byte-identical. "
                "Each delivery is an event with an id of its own, a repeat, too: removing twice has to be harmless."
            ),
            late=_RECONCILED,
        ),
        EventName.VOICEMAIL_CREATED: _by_webhook(
            "VoicemailCreated",
            _VOICEMAIL,
            ("voicemail_id",),
            time=("call_started",),
            collection="voicemails",
            when="When the vendor has stored it.",
            repeats=_AGAIN + _AGAIN_LISTED,
            late=_RECONCILED,
        ),
        EventName.VOICEMAIL_DELETED: _by_webhook(
            "VoicemailDeleted",
            _VOICEMAIL,
            ("voicemail_id",),
            when="When it is deleted.",
            late="When the webhook is lost, so is this event: the vendor keeps no record of the moment.",
        ),
        EventName.AUDIO_PROMPT_LISTED: _listed(
            "audio_prompts", "audio-prompt/{id}", "id", when="When it first shows there."
        ),
        EventName.CALL_LISTED: _listed(
            "call_history",
            _CALL,
            "call_id",
            time=("call_ended", "call_started"),
            when="When it first shows there, as far as the poller's filters let it.",
            late=_LATE_ROW,
        ),
        EventName.RECORDING_LISTED: _listed(
            "call_records",
            _RECORDING,
            "recording_id",
            time=("call_ended", "call_started"),
            when="When it first shows there, as far as the poller's filters let it.",
            late=_LATE_ROW,
        ),
        EventName.CONTACT_LISTED: _listed(
            "contacts",
            "contact/{contact_id}",
            "contact_id",
            time=("created",),
            when="When it first shows there; changes of an employee are not told.",
        ),
        EventName.GROUP_LISTED: _listed(
            "groups",
            "group/{group_id}",
            "group_id",
            time=("created",),
            when="When it first shows there; changes of its members are not told.",
        ),
        EventName.VOICEMAIL_BOX_LISTED: _listed(
            "voicemail_boxes",
            "voicemail-box/{voicemail_box_id}",
            "voicemail_box_id",
            time=("created",),
            when="When it first shows there.",
        ),
        EventName.VOICEMAIL_LISTED: _listed(
            "voicemails",
            _VOICEMAIL,
            "voicemail_id",
            time=("call_started",),
            when="When it first shows there, as far as the poller's filters let it.",
            late=_LATE_ROW,
        ),
        EventName.VOIP_ENDPOINT_LISTED: _listed(
            "voip_endpoints", "voip-endpoint/{id}", "id", when="When it first shows there."
        ),
    }
)
