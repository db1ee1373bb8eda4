"""The `data` of what the bridge answers to commands; the JSON Schemas are generated from these models.

Every field is always present, null where there is none. Reading ignores fields that a newer bridge may have added.
"""

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, Field

from bridge.events.model_fields import Id, Published


class Status(StrEnum):
    """What became of a command."""

    OK = "ok"
    REJECTED = "rejected"
    EXPIRED = "expired"
    OVERLOADED = "overloaded"
    INVALID = "invalid"
    NOT_SENT = "not_sent"
    IN_DOUBT = "in_doubt"
    FAILED = "failed"


class Resolution(StrEnum):
    """How a dial in doubt ended."""

    CALL_OBSERVED = "call_observed"
    NOT_OBSERVED = "not_observed"


class CommandResult(Published):
    """The terminal answer to a command."""

    status: Status = Field(
        description=(
            "`ok`: the vendor did it. `rejected`: the vendor refused. `expired`: the deadline passed while it waited. "
            "`overloaded`: no room in the queue, or no slot before the deadline. `invalid`: the command is wrong. "
            "`not_sent`: not one byte of the request left. `in_doubt`: a dial left, or may have, and no usable answer "
            "is known. `failed`: another command got no usable answer."
        )
    )
    code: str | None = Field(
        description=(
            "The reason in a fixed word: of a refusal `bad_request`, `unauthorized`, `forbidden`, `not_found`, "
            "`unprocessable`, `rate_limited` or `http_<n>`; of an invalid command the quarantine's reason."
        )
    )
    message: str = Field(description="What happened, in a sentence for people.")
    command_type: str | None = Field(description="The command's type as it was sent.")
    http_status: int | None = Field(description="The HTTP status of the vendor's last answer.")
    data: dict[str, Any] | list[dict[str, Any]] | None = Field(
        description=(
            "The item in the shape of its `….listed` event, or the list of lost callers in the shape of "
            "`lost-caller.added`; null for a dial."
        )
    )
    attempts: int = Field(ge=0, description="How many requests to the vendor left, or may have.")
    accepted_time: AwareDatetime | None = Field(
        description="When the command was appended to the command topic; null when it is invalid."
    )
    sent_time: AwareDatetime | None = Field(description="When the last request to the vendor left, or may have.")
    finished_time: AwareDatetime = Field(description="When this was certain.")


class CommandResolved(Published):
    """How a dial in doubt ended; it follows the result at most once."""

    outcome: Resolution = Field(
        description=(
            "`call_observed`: a call of that contact to that number was seen, and no other dial explains it. "
            "`not_observed`: none was seen within five minutes, which is no proof that nobody was called."
        )
    )
    call_id: Id | None = Field(description="The vendor's id of the call that was observed.")
