"""What Kafka does not let us do, where an error of the client library says so."""

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)


def refused_right(error: BaseException | None) -> str | None:
    """Say for people what was refused, such as `use the topic pbx.results.v1`; None for any other error."""
    match error:
        case TopicAuthorizationFailedError():
            return f"use the topic {_names(error.args)}"
        case GroupAuthorizationFailedError():
            return f"use the group {_names(error.args)}"
        case TransactionalIdAuthorizationFailed():
            return f"use the transactional id {_names(error.args)}"
        case ClusterAuthorizationFailedError():
            # Asked for by an idempotent producer alone, and let in by the right to write to whichever topic.
            return "write to any topic"
        case _:
            return None


def _names(arguments: tuple[object, ...]) -> str:
    """Give the names; the library has one of them, a set, or none."""
    match arguments:
        case [str() as name]:
            return name
        case [set() | frozenset() as names]:
            return ", ".join(sorted(names))
        case _:
            return "that it needs"
