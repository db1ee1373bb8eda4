"""Records as the bridge writes them, with whatever content a test needs."""

from collections.abc import Mapping
from typing import Final

import orjson
from pydantic import BaseModel

from bridge.events.catalogue import EventName
from bridge.events.command_catalogue import RESOLVED_TYPE, RESULT_TYPE
from bridge.events.command_examples import RESULT_EXAMPLES
from bridge.events.models import MODELS
from bridge.events.record_examples import event_record, result_headers
from bridge.events.records import Record
from bridge.events.result_models import CommandResolved, CommandResult
from bridge.events.topics import results_topic

_ANSWERS: Final[Mapping[str, type[BaseModel]]] = {RESULT_TYPE: CommandResult, RESOLVED_TYPE: CommandResolved}


def sample_event(
    event: EventName | str, *, connection: str = "acme", topic_prefix: str = "pbx", **changes: object
) -> Record:
    """Return a whole record of an event: the example of the schemas with these fields of its `data` changed.

    Times are RFC 3339 texts. Id, key, subject and `ce_time` follow the fields, so the same fields make the same event
    once more. Raises ValueError for what the bridge does not write: another event, field or value.
    """
    name = EventName(event)
    _check(MODELS[name], changes)
    record = event_record(name, changes, connection=connection, topic_prefix=topic_prefix)
    MODELS[name].model_validate_json(record.value)
    return record


def sample_result(
    command_id: str, *, source: str, connection: str = "acme", topic_prefix: str = "pbx", **changes: object
) -> Record:
    """Return a whole record of a command's result: that of an accepted dial, with these fields of its `data` changed.

    Raises ValueError for a field or value that the bridge does not write.
    """
    headers = result_headers(RESULT_TYPE, command_id, source=source, connection=connection)
    return _answer(RESULT_TYPE, headers, topic_prefix, changes)


def sample_resolved(
    command_id: str, *, source: str, connection: str = "acme", topic_prefix: str = "pbx", **changes: object
) -> Record:
    """Return a whole record of how a dial in doubt ended: by default a call was seen. Raises as `sample_result`."""
    headers = result_headers(RESOLVED_TYPE, command_id, source=source, connection=connection)
    return _answer(RESOLVED_TYPE, headers, topic_prefix, changes)


def _answer(type_: str, headers: Mapping[str, object], topic_prefix: str, changes: Mapping[str, object]) -> Record:
    _check(_ANSWERS[type_], changes)
    value = orjson.dumps({**RESULT_EXAMPLES[type_][0], **changes})
    _ANSWERS[type_].model_validate_json(value)
    return Record(
        results_topic(topic_prefix),
        str(headers["ce_commandid"]).encode(),
        value,
        [(name, str(text).encode()) for name, text in headers.items()],
    )


def _check(model: type[BaseModel], changes: Mapping[str, object]) -> None:
    if unknown := changes.keys() - model.model_fields.keys():
        raise ValueError(f"{model.__name__} has no field {', '.join(sorted(unknown))}")
