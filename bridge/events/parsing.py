"""A record of aiokafka or of confluent-kafka as a typed event, in one call."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol, TypeVar, overload

import orjson
from pydantic import BaseModel, ValidationError

from bridge.events.catalogue import event_type
from bridge.events.cloudevents import NotACloudEvent, read_attributes
from bridge.events.command_catalogue import RESOLVED_TYPE, RESULT_TYPE
from bridge.events.header_models import EventHeaders, Headers, ResultHeaders
from bridge.events.model_fields import EventData
from bridge.events.models import MODELS
from bridge.events.result_models import CommandResolved, CommandResult
from bridge.events.typed_events import Answer, AnyEvent, Event, UnknownEvent

Data = TypeVar("Data", bound=EventData)
Model = TypeVar("Model", bound=BaseModel)
Set = TypeVar("Set", bound=Headers)
RecordHeaders = Iterable[tuple[str, bytes | None]] | None

_EVENT_MODELS: Final[Mapping[str, type[EventData]]] = MappingProxyType(
    {event_type(event): model for event, model in MODELS.items()}
)
_ANSWER_MODELS: Final[Mapping[str, type[CommandResult | CommandResolved]]] = MappingProxyType(
    {RESULT_TYPE: CommandResult, RESOLVED_TYPE: CommandResolved}
)
_TYPES: Final[Mapping[type[BaseModel], str]] = MappingProxyType(
    {model: type_ for type_, model in _EVENT_MODELS.items()} | {model: type_ for type_, model in _ANSWER_MODELS.items()}
)


class UnreadableRecord(ValueError):
    """The record cannot be read as what it says it is, or as what was asked for; the text says what is wrong.

    The text never holds anything of the value. The record will not become readable: put it aside, and go on.
    """


class RecordWithAttributes(Protocol):
    """What aiokafka and kafka-python give."""

    @property
    def headers(self) -> RecordHeaders:
        """The headers, names as text and contents as bytes."""

    @property
    def value(self) -> bytes | None:
        """The value as it is in the topic."""


class RecordWithMethods(Protocol):
    """What confluent-kafka gives."""

    def headers(self) -> RecordHeaders:
        """Return the headers, names as text and contents as bytes."""

    def value(self) -> bytes | None:
        """Return the value as it is in the topic."""


ConsumedRecord = RecordWithAttributes | RecordWithMethods


@overload
def parse_record(record: ConsumedRecord) -> AnyEvent: ...
@overload
def parse_record(record: ConsumedRecord, expected: type[Data]) -> Event[Data]: ...
@overload
def parse_record(record: ConsumedRecord, expected: type[CommandResult]) -> Answer[CommandResult]: ...
@overload
def parse_record(record: ConsumedRecord, expected: type[CommandResolved]) -> Answer[CommandResolved]: ...
def parse_record(record: ConsumedRecord, expected: type[BaseModel] | None = None) -> object:
    """Read a consumed record; raise UnreadableRecord.

    With `expected`, such as `CallCompleted`, anything else is refused. Without it a type that this version does not
    know is an UnknownEvent. Fields and headers that it does not know are passed over.
    """
    attributes = _attributes(record)
    type_ = attributes["type"]
    if expected is not None and type_ != _TYPES[expected]:
        raise UnreadableRecord(f"the type is {type_!r}, not {_TYPES[expected]!r}")
    data = _json(_value(record))
    if (event_model := _EVENT_MODELS.get(type_)) is not None:
        return _event(attributes, _validated(event_model, data, "data"))
    if (answer_model := _ANSWER_MODELS.get(type_)) is not None:
        return _answer(attributes, _validated(answer_model, data, "data"))
    return UnknownEvent(
        id=attributes["id"],
        source=attributes["source"],
        type=type_,
        attributes=MappingProxyType(attributes),
        data=data,
    )


def _attributes(record: ConsumedRecord) -> dict[str, str]:
    headers = record.headers() if callable(record.headers) else record.headers
    try:
        return read_attributes(headers or ())
    except NotACloudEvent as error:
        raise UnreadableRecord(str(error)) from error


def _value(record: ConsumedRecord) -> bytes:
    value = record.value() if callable(record.value) else record.value
    if value is None:
        raise UnreadableRecord("there is no value")
    if not isinstance(value, bytes):
        raise UnreadableRecord(f"the value is {type(value).__name__}, not bytes: consume without a deserializer")
    return value


def _json(value: bytes) -> object:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        # Not chained: the library's error holds the whole value.
        raise UnreadableRecord("the value is not JSON") from None


def _event(attributes: dict[str, str], data: EventData) -> Event[EventData]:
    headers = _headers(EventHeaders, attributes)
    return Event(
        id=headers.ce_id,
        source=headers.ce_source,
        type=headers.ce_type,
        subject=headers.ce_subject,
        time=headers.ce_time,
        dataschema=headers.ce_dataschema,
        connection=headers.ce_connection,
        origin=headers.ce_origin,
        received_time=headers.ce_receivedtime,
        hook=headers.ce_hook,
        attributes=MappingProxyType(attributes),
        data=data,
    )


def _answer(attributes: dict[str, str], data: Model) -> Answer[Model]:
    headers = _headers(ResultHeaders, attributes)
    return Answer(
        id=headers.ce_id,
        source=headers.ce_source,
        type=headers.ce_type,
        subject=headers.ce_subject,
        time=headers.ce_time,
        dataschema=headers.ce_dataschema,
        connection=headers.ce_connection,
        command_id=headers.ce_commandid,
        command_source=headers.ce_commandsource,
        correlation_id=headers.ce_correlationid,
        traceparent=headers.ce_traceparent,
        attributes=MappingProxyType(attributes),
        data=data,
    )


def _headers(model: type[Set], attributes: Mapping[str, str]) -> Set:
    named = {f"ce_{name}": text for name, text in attributes.items()}
    if (content_type := named.pop("ce_datacontenttype", None)) is not None:
        named["content-type"] = content_type
    return _validated(model, named, "headers")


def _validated(model: type[Model], content: object, of: str) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # Not chained either: what a validator was given stands in its error, even where its text leaves it out.
        raise UnreadableRecord(_sentence(of, error)) from None


def _sentence(of: str, error: ValidationError) -> str:
    return "; ".join(
        f"{_place(of, problem['loc'])}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False, include_context=False)
    )


def _place(of: str, location: Sequence[int | str]) -> str:
    return ".".join((of, *map(str, location)))
