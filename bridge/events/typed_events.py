"""What `parse_record` gives to a consumer: an event, an answer to a command, or something of a newer bridge.

All of them are frozen. Times are aware datetimes in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel

from bridge.events.envelope import Origin
from bridge.events.model_fields import EventData
from bridge.events.result_models import CommandResolved, CommandResult

Data_co = TypeVar("Data_co", bound=EventData, covariant=True)
Answer_co = TypeVar("Answer_co", bound=BaseModel, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Generic[Data_co]):
    """A fact that the bridge has published; `data` is of the model of its type, such as `CallCompleted`."""

    id: str
    """The same in each repeat of the fact; unique together with `source`."""
    source: str
    type: str
    subject: str
    time: datetime
    """When it happened by the vendor's own fields; where there are none, when it was received."""
    dataschema: str
    connection: str
    origin: Origin
    received_time: datetime
    hook: str | None
    """Of the origin `webhook` alone: event and generation of the key that it came by, such as `CallStarted.0`."""
    attributes: Mapping[str, str]
    """All attributes as they were sent, by their names without `ce_`, a newer bridge's too."""
    data: Data_co


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[Answer_co]):
    """What the bridge answers to a command: `data` is a CommandResult, or a CommandResolved where a doubt ended.

    Of an invalid command what could not be read is None.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    """When it was certain, by the brokers' clock."""
    dataschema: str
    connection: str | None
    command_id: str
    command_source: str | None
    correlation_id: str | None
    traceparent: str | None
    attributes: Mapping[str, str]
    """All attributes as they were sent, by their names without `ce_`, a newer bridge's too."""
    data: Answer_co


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """A CloudEvent of a type that this version does not know: of a newer bridge, or of somebody else.

    `data` is its JSON as Python has it.
    """

    id: str
    source: str
    type: str
    attributes: Mapping[str, str]
    data: object


AnyEvent = Event[EventData] | Answer[CommandResult] | Answer[CommandResolved] | UnknownEvent
"""What a record may be."""
