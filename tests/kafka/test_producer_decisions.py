"""What the publisher makes of errors, of a look at the cluster, and of repeated refusals."""

import pytest
from aiokafka import errors

from bridge.kafka.producer_errors import Verdict, judge_acknowledgement
from bridge.kafka.producer_health import Health, Look, Notice, PublisherState, judge
from bridge.kafka.producer_refusals import Refusals

TOPIC = frozenset({"pbx.results.v1"})


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (errors.OutOfOrderSequenceNumber(), Verdict("again")),
        (errors.UnknownProducerId(), Verdict("again")),
        (errors.InvalidProducerEpoch(), Verdict("again")),
        (errors.MessageSizeTooLargeError(), Verdict("refused")),
        (errors.RecordListTooLargeError(), Verdict("refused")),
        (errors.TopicAuthorizationFailedError(), Verdict("refused", rest=True)),
        (errors.UnknownError(), Verdict("refused", rest=True)),
        (errors.NotLeaderForPartitionError(), Verdict("unknown")),
        (errors.KafkaError("Unexpected error during batch delivery"), Verdict("unknown")),
        (RuntimeError("a bug of the library"), Verdict("unknown")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_lost_batch_is_judged_by_what_the_broker_can_have_stored(error: errors.KafkaError, verdict: Verdict) -> None:
    """`again`: surely not stored and welcome; `refused`: surely not stored; `unknown`: all else."""
    assert judge_acknowledgement(error) == verdict


def test_an_outage_has_one_notice_at_each_end() -> None:
    """However often it is looked at meanwhile."""
    health, _ = judge(Health(), Look(now=0.0))
    notices: list[Notice] = []
    for look in [Look(1.0, "no answer"), Look(2.0, "no answer"), Look(3.5, "KafkaError"), Look(4.24), Look(5.0)]:
        health, said = judge(health, look)
        notices.extend(said)
    assert notices == [
        Notice("Kafka is away", trouble=True, fields={"cause": "no answer"}),
        Notice("Kafka is back", trouble=False, fields={"away_seconds": 3.2}),
    ]
    assert health.state is PublisherState.READY


def test_a_start_is_over_when_all_topics_have_been_seen() -> None:
    """Not before, whether Kafka is away or a topic missing."""
    health, _ = judge(Health(), Look(1.0, "KafkaConnectionError", TOPIC))
    assert health.state is PublisherState.STARTING
    health, said = judge(health, Look(2.0, missing=TOPIC))
    assert health.state is PublisherState.STARTING
    assert [notice.event for notice in said] == ["Kafka is back", "topics are missing"]
    health, said = judge(health, Look(3.0))
    assert health.state is PublisherState.READY
    assert [notice.event for notice in said] == ["all topics are there"]


def test_a_topic_that_goes_missing_later_does_not_end_readiness() -> None:
    """The other topics can still be published to; it is said once."""
    health, _ = judge(Health(), Look(1.0))
    health, said = judge(health, Look(2.0, missing=TOPIC))
    again, nothing = judge(health, Look(3.0, missing=TOPIC))
    assert health.state is again.state is PublisherState.READY
    assert said == (Notice("topics are missing", trouble=True, fields={"topics": ["pbx.results.v1"]}),)
    assert nothing == ()


def test_the_first_refusal_costs_no_rest_and_repeated_ones_ever_more() -> None:
    """Up to ten seconds; a minute without one and it is forgotten."""
    refusals, rests = Refusals(), []
    for now in range(100, 107):
        refusals = refusals.another(float(now))
        rests.append(refusals.rest_until() - now)
    assert rests == [0, 1, 2, 4, 8, 10, 10]
    assert refusals.another(106 + 60.1).count == 1
