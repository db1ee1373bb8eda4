"""What the schemas say beside the fields, as `x-…` annotations: who writes it, where it is, what identifies it.

They are for readers, for the documentation that is generated from them, and for the gate of `compatibility`, which
refuses a change of what an id, a key or a subject is made of. Names in braces stand for fields, headers or settings.
"""

from typing import Final

from bridge.events.catalogue import EventName, event_type
from bridge.events.command_catalogue import COMMAND_TYPES, RESOLVED_TYPE, RESULT_TYPE, CommandName
from bridge.events.command_facts import COMMAND_FACTS
from bridge.events.event_facts import EVENT_FACTS
from bridge.events.model_fields import JsonObject
from bridge.events.topics import commands_topic, event_topic, quarantine_topic, results_topic

EVENT_HEADERS: Final = "pbx.event.headers.v1"
COMMAND_HEADERS: Final = "pbx.command.headers.v1"
RESULT_HEADERS: Final = "pbx.result.headers.v1"
QUARANTINE_HEADERS: Final = "pbx.quarantine.headers.v1"

WRITTEN_BY: Final = "x-written-by"
THE_BRIDGE: Final = "bridge"
CLIENTS: Final = "clients"
TOPIC: Final = "x-topic"
KEY: Final = "x-key"
SUBJECT: Final = "x-subject"
ID: Final = "x-id"
TIME: Final = "x-time"
UNIT: Final = "x-unit"
ORIGINS: Final = "x-origins"
SOURCES: Final = "x-sources"
WHEN: Final = "x-when"
REPEATS: Final = "x-repeats"
LATE: Final = "x-late"
VENDOR_CALL: Final = "x-vendor-call"
RESULT_DATA: Final = "x-result-data"
NEW_ULID: Final = "a new ULID"

PREFIX: Final = "{prefix}"
_MOMENTS: Final = frozenset({"call_connected", "last_contact"})
# Key fields that count in an id as epoch seconds, rounded down.


def annotations(type_: str) -> JsonObject:
    """Return the annotations of one of the types, or of one of the sets of headers."""
    return _ANNOTATIONS[type_]


def _event(event: EventName) -> JsonObject:
    facts = EVENT_FACTS[event]
    sources = [f"webhook {facts.webhook}"] if facts.webhook is not None else []
    if facts.collection is not None:
        path = "" if facts.collection == "lost_calls" else "trigger/"
        sources.append(f"list /{path}{facts.collection}")
    origins = ["poll"] if facts.webhook is None else ["webhook", "reconcile"][: len(sources)]
    return {
        WRITTEN_BY: THE_BRIDGE,
        TOPIC: event_topic(PREFIX, event),
        KEY: f"{{connection}}/{facts.subject}",
        SUBJECT: facts.subject,
        ID: NEW_ULID
        if facts.id_fields is None
        else ["{connection}", event.value, *(_in_id(name) for name in facts.id_fields)],
        TIME: [*(f"{{{name}}}" for name in facts.time_fields), "{receivedtime}"],
        ORIGINS: origins,
        SOURCES: sources,
        WHEN: facts.when,
        REPEATS: facts.repeats,
        LATE: facts.late,
    }


def _in_id(name: str) -> str:
    return f"epoch seconds of {{{name}}}" if name in _MOMENTS else f"{{{name}}}"


def _command(name: CommandName) -> JsonObject:
    facts = COMMAND_FACTS[name]
    result = None if facts.result is None else event_type(facts.result)
    return {
        WRITTEN_BY: CLIENTS,
        TOPIC: commands_topic(PREFIX),
        KEY: "any",
        ID: ["{connection}", "{source}", "{id}"],
        VENDOR_CALL: facts.vendor_call,
        RESULT_DATA: None if result is None else f"a list, each as in {result}" if facts.is_list else f"as in {result}",
    }


def _answer(kind: str, time: str) -> JsonObject:
    return {
        WRITTEN_BY: THE_BRIDGE,
        TOPIC: results_topic(PREFIX),
        KEY: "{commandid}",
        SUBJECT: "{commandid}",
        ID: ["{connection}", "{commandsource}", "{commandid}", kind],
        TIME: [time],
    }


_ANNOTATIONS: Final = (
    {event_type(event): _event(event) for event in EventName}
    | {type_: _command(name) for type_, name in COMMAND_TYPES.items()}
    | {
        RESULT_TYPE: _answer("result, of an invalid command: invalid", "{finished_time}"),
        RESOLVED_TYPE: _answer("resolved", "when the doubt ended"),
        EVENT_HEADERS: {WRITTEN_BY: THE_BRIDGE, KEY: "{connection}/{subject}"},
        COMMAND_HEADERS: {WRITTEN_BY: CLIENTS, TOPIC: commands_topic(PREFIX), KEY: "any"},
        RESULT_HEADERS: {WRITTEN_BY: THE_BRIDGE, TOPIC: results_topic(PREFIX), KEY: "{commandid}"},
        QUARANTINE_HEADERS: {
            WRITTEN_BY: THE_BRIDGE,
            TOPIC: quarantine_topic(PREFIX),
            KEY: "{connection}, or {id} where a command names none",
            ID: NEW_ULID,
        },
    }
)
