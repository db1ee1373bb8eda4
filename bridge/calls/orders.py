"""A well-formed command as the owner of its connection's shard knows it. Pure."""

from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.calls.journal_keys import command_identity
from bridge.calls.journal_values import Intent
from bridge.pbx.requests import Dial, GetItem, ListLostCalls

DIAL_TYPE = "pbx.command.dial.v1"


class Reference(NamedTuple):
    """Whose answer a result is: what of the command comes back in it. `accepted_ms` is by the brokers' clock."""

    connection: str
    source: str
    id: str
    type: str
    accepted_ms: int
    correlation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One command. `deadline` is a moment of the owner's monotonic clock, in seconds.

    It must not be later than the command's deadline by the brokers' clock, whatever is not known about the difference.
    """

    reference: Reference
    request: Dial | GetItem | ListLostCalls
    deadline: float
    identity: str = field(init=False)

    def __post_init__(self) -> None:
        connection, source, id_, *_ = self.reference
        object.__setattr__(self, "identity", command_identity(connection, source, id_))

    @property
    def dial(self) -> bool:
        return isinstance(self.request, Dial)


def reference_of(intent: Intent) -> Reference:
    """Give whose dial an intent in the journal is."""
    return Reference(
        intent.connection,
        intent.source,
        intent.id,
        DIAL_TYPE,
        intent.accepted_ms,
        intent.correlation_id,
        intent.traceparent,
    )
