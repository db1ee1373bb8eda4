"""What a publish can end in, and what each of the client library's errors means for one record. Pure."""

from dataclasses import dataclass
from typing import Literal

from aiokafka import errors

RefusalReason = Literal["no_key", "too_large", "unknown_topic", "refused"]


class NotAcknowledged(Exception):
    """Nobody knows whether the record is stored: the deadline passed, or the connection was lost.

    It may still arrive, once, also minutes later. Publishing it again is right, and may repeat it.
    """


class Refused(Exception):
    """The record is not stored, and never will be.

    `no_key`, `too_large` (larger than the limit given to the publisher) and `unknown_topic` are about this very
    record: it will be refused again. `refused` is the broker's word about a whole batch, `error` names it: a
    neighbour may be at fault, so the record may be published again.
    """

    def __init__(self, reason: RefusalReason, error: str = "") -> None:
        super().__init__(reason, error)
        self.reason = reason
        self.error = error


@dataclass(frozen=True)
class Verdict:
    """What an error means: the record's outcome, whether the producer is spoilt, and whether the topic should rest."""

    outcome: Literal["again", "refused", "unknown"]
    replace: bool
    rest: bool = False


# The broker stored nothing, and the record itself is not to blame: an earlier batch of its partition was refused, or
# the broker has forgotten this producer. The same record is welcome from a new producer.
_OUT_OF_STEP = (
    errors.OutOfOrderSequenceNumber,
    errors.UnknownProducerId,
    errors.InvalidProducerEpoch,
    errors.ProducerFenced,
)

# Raised by `send()` about the one record, before it touched a batch.
_NEVER_QUEUED = (
    errors.MessageSizeTooLargeError,
    errors.TopicAuthorizationFailedError,
)


def judge_send(error: errors.KafkaError) -> Verdict:
    """Judge what `send()` itself raised: the record has never been in a batch."""
    if isinstance(error, _NEVER_QUEUED):
        return Verdict("refused", replace=False)
    # Closed, or its sender task is dead: whatever else `send()` raises is about the producer object.
    return Verdict("again", replace=True)


def judge_acknowledgement(error: errors.KafkaError) -> Verdict:
    """Judge what the record's future raised: its batch has been given up."""
    if isinstance(error, _OUT_OF_STEP):
        return Verdict("again", replace=True)
    # The class itself is raised by a dead sender task; a retriable one, when a partition had no leader for too long.
    if type(error) is errors.KafkaError or error.retriable:
        return Verdict("unknown", replace=True)
    # A batch that is too large says nothing about the next one; the other refusals are about the topic.
    too_large = isinstance(error, errors.MessageSizeTooLargeError | errors.RecordListTooLargeError)
    return Verdict("refused", replace=True, rest=not too_large)
