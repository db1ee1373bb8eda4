"""A command as a value, a refusal as a value, and the address to which either is answered. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from sys import intern

from bridge.calls.journal_keys import command_identity
from bridge.calls.orders import Reference
from bridge.commands.command_record import CommandRecord
from bridge.events.command_catalogue import CommandName, command_type
from bridge.events.command_models import (
    Dial,
    GetAudioPrompt,
    GetCall,
    GetContact,
    GetGroup,
    GetRecording,
    GetVoicemail,
    GetVoicemailBox,
    GetVoipEndpoint,
    ListLostCalls,
)

Data = (
    Dial
    | GetAudioPrompt
    | GetCall
    | GetRecording
    | GetContact
    | GetGroup
    | GetVoicemailBox
    | GetVoicemail
    | GetVoipEndpoint
    | ListLostCalls
)
"""What a command asks for, a type per command."""


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Whom an answer is for: what can be read of a command's attributes; `type` is the text that was sent."""

    id: str
    source: str | None
    connection: str | None
    type: str | None
    correlation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A well-formed command. Whether its connection is known is for the owner of its shard to say.

    Times are epoch milliseconds: `accepted_ms` is the append time of its record by the brokers' clock, `sent_ms` the
    attribute `time`, `expiry_ms` the attribute `expirytime`.
    """

    id: str
    source: str
    connection: str
    name: CommandName
    data: Data
    accepted_ms: int
    sent_ms: int | None = None
    expiry_ms: int | None = None
    correlation_id: str | None = None
    traceparent: str | None = None

    @property
    def identity(self) -> str:
        """The same one again within its horizon is dropped, whatever its type and data."""
        return command_identity(self.connection, self.source, self.id)

    @property
    def reference(self) -> Reference:
        """Whose answer its result is."""
        return Reference(
            self.connection,
            self.source,
            self.id,
            intern(command_type(self.name)),
            self.accepted_ms,
            self.correlation_id,
            self.traceparent,
        )


class Reason(StrEnum):
    """Why a record is no command: the contract's fixed words."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    INVALID_FIELDS = "invalid_fields"
    NOT_CLOUDEVENTS = "not_cloudevents"
    UNKNOWN_COMMAND = "unknown_command"
    UNKNOWN_CONNECTION = "unknown_connection"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that is no command. `detail` says which field and what was wrong, never what was sent.

    Without a readable id there is no `address`, and nobody to answer; a `connection` may be readable all the same.
    """

    record: CommandRecord
    reason: Reason
    detail: str
    connection: str | None
    address: ReturnAddress | None


def address_of(reference: Reference) -> ReturnAddress:
    """Return whom the answer to a well-formed command is for."""
    connection, source, id_, type_, _, correlation_id, traceparent = reference
    return ReturnAddress(id_, source, connection, type_, correlation_id, traceparent)


def unknown_connection(command: Command, record: CommandRecord) -> Refusal:
    """Refuse a command whose connection nobody knows, once it has waited for a roll-out in vain."""
    detail = "connection: no configured connection has this name"
    return Refusal(record, Reason.UNKNOWN_CONNECTION, detail, command.connection, address_of(command.reference))
