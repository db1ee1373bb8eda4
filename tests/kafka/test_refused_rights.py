"""What the client library's errors say of rights, for people."""

import pytest
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from bridge.kafka.refused_rights import refused_right

SAID = {
    "topic": (TopicAuthorizationFailedError("pbx.results.v1"), "use the topic pbx.results.v1"),
    "topics": (TopicAuthorizationFailedError({"pbx.b", "pbx.a"}), "use the topic pbx.a, pbx.b"),
    "group": (GroupAuthorizationFailedError("pbx.owners"), "use the group pbx.owners"),
    "unnamed": (GroupAuthorizationFailedError(), "use the group that it needs"),
    "transactions": (TransactionalIdAuthorizationFailed("pbx.shard-0"), "use the transactional id pbx.shard-0"),
    "producer": (ClusterAuthorizationFailedError(), "write to any topic"),
}


@pytest.mark.parametrize("kind", SAID)
def test_a_refusal_names_what_it_is_about(kind: str) -> None:
    """The topic, group or transactional id is named where the library tells it."""
    error, sentence = SAID[kind]
    assert refused_right(error) == sentence


@pytest.mark.parametrize("error", [None, KafkaConnectionError("no"), TimeoutError()], ids=["none", "away", "silent"])
def test_other_errors_are_none_of_rights(error: BaseException | None) -> None:
    """An outage is not taken for a missing right."""
    assert refused_right(error) is None
