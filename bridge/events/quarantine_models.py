"""The headers of quarantined records, as models, one for each kind of what could not be understood.

The value is the raw bytes: a webhook's body, an item's JSON as the vendor sent it, a command record's value.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, RootModel

from bridge.events.header_models import CONNECTION, Absent, ConnectionName, Headers, UlidText

_DIGITS = Annotated[str, Field(pattern="^[0-9]+$")]
_ORIGINAL_SIZE = Field(
    default=None,
    description="How many bytes the value had, in decimal digits, where only the first of them are kept.",
    json_schema_extra={"x-unit": "B"},
)


class QuarantineHeaders(Headers):
    """What all quarantined records say of themselves."""

    id: UlidText = Field(description="A new ULID; of a webhook also in the answer to the vendor.")
    reason: str = Field(description="Why it could not be understood, in a fixed word.")
    detail: str = Field(description="Which field, and what was wrong with it; never a value.")
    receivedtime: AwareDatetime = Field(
        description="When the bridge received it, in UTC; of a command when its record was appended."
    )


class QuarantinedWebhook(QuarantineHeaders):
    """The body of a webhook that is no event."""

    kind: Literal["webhook"] = Field(description="What it is.")
    reason: Literal["not_json", "not_an_object", "unknown_event", "invalid_fields"] = Field(
        description="Why it could not be understood."
    )
    connection: ConnectionName = Field(description=CONNECTION)
    hook: str = Field(description="Event and generation of the key that it came by, such as `CallStarted.0`.")


class QuarantinedItem(QuarantineHeaders):
    """An item of one of the vendor's lists that is no event. Of a very long one only the first bytes are kept."""

    kind: Literal["item"] = Field(description="What it is.")
    reason: Literal["not_an_object", "invalid_fields", "too_large"] = Field(
        description="Why it could not be understood, or not be published."
    )
    connection: ConnectionName = Field(description=CONNECTION)
    collection: str = Field(description="The vendor's list that it stood in, such as `call_history`.")
    origin: Literal["poll", "reconcile"] = Field(description="How it came to the bridge: `poll` or `reconcile`.")
    original_size: _DIGITS | Absent = _ORIGINAL_SIZE


class QuarantinedCommand(QuarantineHeaders):
    """A record of the command topic that is no command, with its own headers as `original_<name>`."""

    kind: Literal["command"] = Field(description="What it is.")
    reason: Literal[
        "not_json",
        "not_an_object",
        "invalid_fields",
        "not_cloudevents",
        "unknown_command",
        "unknown_connection",
        "too_large",
    ] = Field(description="Why it is no command; the `code` of its result, too.")
    connection: str | Absent = Field(
        default=None, description="The connection that it names; absent where none can be read."
    )
    topic: str = Field(description="The topic that it stood in.")
    partition: _DIGITS = Field(description="The partition that it stood in, in decimal digits.")
    offset: _DIGITS = Field(description="Where it stood there, in decimal digits.")
    original_size: _DIGITS | Absent = _ORIGINAL_SIZE
    dropped_headers: _DIGITS | Absent = Field(
        default=None, description="How many of its own headers are left out, in decimal digits: they were too many."
    )


class QuarantinedRecord(
    RootModel[Annotated[QuarantinedWebhook | QuarantinedItem | QuarantinedCommand, Field(discriminator="kind")]]
):
    """The headers of a quarantined record, by its `kind`."""
