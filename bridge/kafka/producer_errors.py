"""What a publish can end in, and what each of the client library's errors means for one record. Pure."""

from dataclasses import dataclass
from typing import Literal

from aiokafka import errors

RefusalReason = Literal["no_key", "too_large", "unknown_topic", "refused"]
DoubtReason = Literal["deadline", "connection", "stopping"]


class NotAcknowledged(Exception):
    """Nobody knows whether the record is stored: the deadline passed, or the connection was lost.

    It may still arrive, once, also minutes later. Publishing it again is right, and may repeat it.
    """

    def __init__(self, reason: DoubtReason) -> None:
        super().__init__(reason)
        self.reason = reason


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
    """What an error means for a batch's records, and whether their topic should rest. The producer is spoilt by any."""

    outcome: Literal["again", "refused", "unknown"]
    rest: bool = False


# The broker stored nothing, and the record itself is not to blame: an earlier batch of its partition was refused, or
# the broker has forgotten this producer. The same record is welcome from a new producer.
_OUT_OF_STEP = (
    errors.OutOfOrderSequenceNumber,
    errors.UnknownProducerId,
    errors.InvalidProducerEpoch,
    errors.ProducerFenced,
)


def judge_acknowledgement(error: BaseException) -> Verdict:
    """Judge what a batch has failed with. The client library has given it up: nothing of it will be sent any more."""
    if isinstance(error, _OUT_OF_STEP):
        return Verdict("again")
    # KafkaError itself is raised by a dead sender task; a retriable one, when a partition had no leader for too long.
    if not isinstance(error, errors.KafkaError) or type(error) is errors.KafkaError or error.retriable:
        return Verdict("unknown")
    # A batch that is too large says nothing about the next one; the other refusals are about the topic.
    too_large = isinstance(error, errors.MessageSizeTooLargeError | errors.RecordListTooLargeError)
    return Verdict("refused", rest=not too_large)
