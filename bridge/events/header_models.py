"""The headers of the records, as models: of events, of commands and their results; the schemas are generated from them.

A header's value is UTF-8 text on the wire. A header that a record does not have is absent, never empty. There may be
others: readers pass over what they do not know.
"""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from bridge.events.envelope import Origin

CONNECTION_PATTERN: Final = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_DERIVED_ID: Final = "[0-9a-f]{32}"
_ULID: Final = "[0-9A-HJKMNP-TV-Z]{26}"
_LONGEST: Final = 256
# The contract's limit of a command's `id` and `source`, in bytes; a schema can only count characters.
_TRACEPARENT: Final = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"

Absent = SkipJsonSchema[None]
"""What an optional header is in Python when the record does not have it; on the wire there is no null."""

_SPECVERSION = Field(description="The version of CloudEvents.")
_DATASCHEMA = Field(
    description=(
        "The schema of the value: `urn:bridge:schema:<type>`, or `<public_url>/schemas/<type>.json` where the bridge "
        "has a `public_url`, which then serves it."
    ),
    json_schema_extra={"format": "uri"},
)
_CONTENT_TYPE = Field(alias="content-type", description="What the value is: JSON in UTF-8.")
CONNECTION = "The name of the connection in the bridge's configuration."
ConnectionName = Annotated[str, Field(pattern=CONNECTION_PATTERN)]
UlidText = Annotated[str, Field(pattern=f"^{_ULID}$")]
_REFERENCE: Final[JsonDict] = {"format": "uri-reference"}


class Headers(BaseModel):
    """What all sets of headers have in common."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class EventHeaders(Headers):
    """The headers of an event: the attributes of a CloudEvent 1.0 in binary mode."""

    ce_specversion: Literal["1.0"] = _SPECVERSION
    ce_id: Annotated[str, Field(pattern=f"^({_DERIVED_ID}|{_ULID})$")] = Field(
        description=(
            "The id of the fact: 32 hex digits that are derived from it, the same in every repeat. A ULID where the "
            "vendor's fields do not allow that (`lost-caller.removed`)."
        )
    )
    ce_source: str = Field(description="`/connections/<connection>`.", json_schema_extra=_REFERENCE)
    ce_type: str = Field(description="The versioned type, such as `pbx.call.started.v1`.")
    ce_subject: str = Field(
        description="What the event is about; in each part all but RFC 3986 unreserved characters is percent-encoded."
    )
    ce_time: AwareDatetime = Field(
        description="When it happened by the vendor's own fields, in UTC; where there are none, when it was received."
    )
    ce_dataschema: str = _DATASCHEMA
    ce_connection: ConnectionName = Field(description=CONNECTION)
    ce_origin: Origin = Field(
        description=(
            "How the fact came to the bridge: `webhook`, `poll` of one of the vendor's lists, or `reconcile`, which "
            "closes the gaps that lost webhooks leave."
        )
    )
    ce_receivedtime: AwareDatetime = Field(description="When the bridge received it, in UTC, by the bridge's clock.")
    ce_hook: str | Absent = Field(
        default=None,
        description=(
            "Of the origin `webhook` alone: event and generation of the key that it came by, such as `CallStarted.0`."
        ),
    )
    content_type: Literal["application/json"] = _CONTENT_TYPE


class CommandHeaders(Headers):
    """The headers of a command in binary mode; in structured mode the value holds the same attributes without `ce_`."""

    ce_specversion: Literal["1.0"] = _SPECVERSION
    ce_id: Annotated[str, Field(min_length=1, max_length=_LONGEST)] = Field(
        description="New for each command, at most 256 bytes. The same id, source and connection again are dropped."
    )
    ce_source: Annotated[str, Field(min_length=1, max_length=_LONGEST)] = Field(
        description="Who asks, such as `/crm`; at most 256 bytes.", json_schema_extra=_REFERENCE
    )
    ce_type: str = Field(description="The versioned type, such as `pbx.command.dial.v1`.")
    ce_connection: ConnectionName = Field(description=CONNECTION)
    ce_time: AwareDatetime | Absent = Field(
        default=None, description="When it was sent. Best left out: it can only make the deadline earlier."
    )
    ce_expirytime: AwareDatetime | Absent = Field(
        default=None, description="Replaces the deadline; at most 120 s after the record is appended."
    )
    ce_correlationid: Annotated[str, Field(max_length=1024)] | Absent = Field(
        default=None, description="Copied to the result."
    )
    ce_traceparent: Annotated[str, Field(pattern=_TRACEPARENT)] | Absent = Field(
        default=None, description="W3C Trace Context, copied to the result."
    )


class ResultHeaders(Headers):
    """The headers of what answers a command: a CloudEvent 1.0 in binary mode."""

    ce_specversion: Literal["1.0"] = _SPECVERSION
    ce_id: Annotated[str, Field(pattern=f"^{_DERIVED_ID}$")] = Field(
        description="The id of the answer, derived from the command's; the same in every repeat."
    )
    ce_source: str = Field(
        description="`/connections/<connection>`; `/connections` where no connection could be read.",
        json_schema_extra=_REFERENCE,
    )
    ce_type: Literal["pbx.command.result.v1", "pbx.command.resolved.v1"] = Field(
        description="A terminal result, or how a dial in doubt ended."
    )
    ce_subject: str = Field(description="The command's id.")
    ce_time: AwareDatetime = Field(description="When it was certain, in UTC, by the brokers' clock.")
    ce_dataschema: str = _DATASCHEMA
    ce_commandid: str = Field(description="The command's id.")
    ce_commandsource: str | Absent = Field(
        default=None, description="The command's source; absent where it could not be read."
    )
    ce_connection: str | Absent = Field(
        default=None, description="The command's connection, as it was sent; absent where it could not be read."
    )
    ce_correlationid: str | Absent = Field(default=None, description="The command's, where it has one.")
    ce_traceparent: Annotated[str, Field(pattern=_TRACEPARENT)] | Absent = Field(
        default=None, description="The command's, where it has one."
    )
    content_type: Literal["application/json"] = _CONTENT_TYPE
