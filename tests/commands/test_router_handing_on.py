"""How long a record is published for, and what becomes of one that Kafka does not take."""

import asyncio
from collections.abc import Callable

import orjson
import pytest
from structlog.testing import capture_logs

from bridge.commands import handing_on
from bridge.commands.handing_on import HandingOn, Stopped
from bridge.commands.result_records import ResultRecords
from bridge.commands.router_counts import RouterCounts
from bridge.events.records import Record
from bridge.kafka.fetched_command import FetchedCommand
from bridge.kafka.producer_errors import NotAcknowledged, Refused
from bridge.pbx.numbers import e164_reader
from tests.commands.records import ATTRIBUTES, DIAL, FixedTime, headers_of

WORK, QUARANTINE, RESULTS = "pbx.internal.work", "pbx.quarantine.v1", "pbx.results.v1"
Answer = Callable[[Record, int], Exception | None]
"""What the publish of a record ends in, by the number of tries of its topic so far."""


class Broker:
    """Takes records, or not."""

    def __init__(self, answer: Answer = lambda *_: None) -> None:
        self.answer = answer
        self.tries: dict[str, int] = {}
        self.taken: list[Record] = []

    async def publish(self, record: Record) -> None:
        self.tries[record.topic] = self.tries.get(record.topic, 0) + 1
        await asyncio.sleep(0)
        if (failure := self.answer(record, self.tries[record.topic])) is not None:
            raise failure
        self.taken.append(record)

    @property
    def topics(self) -> list[str]:
        return [record.topic for record in self.taken]


def handing(broker: Broker) -> tuple[HandingOn, RouterCounts]:
    counts = RouterCounts()
    results = ResultRecords(topic_prefix="pbx", public_url=None, to_e164=lambda _: e164_reader(None))
    return (
        HandingOn(
            topic_prefix="pbx",
            publish=broker.publish,
            results=results,
            time=FixedTime(1_700_000_000_000),
            new_id=lambda: "01HF0000000000000000000000",
            counts=counts,
        ),
        counts,
    )


def fetched(
    id_: str = "c-1", value: bytes | None = None, offset: int = 7, *, by_brokers: bool = True
) -> FetchedCommand:
    headers = tuple(headers_of({**ATTRIBUTES, "id": id_}))
    body = orjson.dumps(DIAL) if value is None else value
    return FetchedCommand("pbx.commands.v1", 3, offset, 1_600_000_000_000, by_brokers, headers, body)


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the back-off too short to notice."""
    monkeypatch.setattr(handing_on, "LONGEST_WAIT_S", 0.0)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (NotAcknowledged("deadline"), "deadline"),
        (Refused("refused", "TopicAuthorizationFailedError"), "TopicAuthorizationFailedError"),
        (Refused("unknown_topic"), "unknown_topic"),
        (Refused("refused", "MessageSizeTooLargeError"), "MessageSizeTooLargeError"),
    ],
    ids=["deadline", "refused", "unknown_topic", "a_neighbour_too_large"],
)
async def test_what_may_pass_is_tried_again(failure: Exception, reason: str) -> None:
    """Until Kafka has it; meanwhile there is a sentence."""
    said: list[str | None] = []
    broker = Broker(lambda _, tries: failure if tries < 3 else None)
    publish = broker.publish

    async def heard(record: Record) -> None:
        said.append(way.problem())
        await publish(record)

    broker.publish = heard  # type: ignore[method-assign]  # to hear what is said between two tries
    way, counts = handing(broker)
    await way.hand_on([fetched()])
    assert said == [None, *[f"not published: {WORK} ({reason})"] * 2]
    assert way.problem() is None
    assert broker.topics == [WORK]
    assert (counts.retried, counts.routed) == ({reason: 2}, {("dial", "binary"): 1})


@pytest.mark.asyncio
@pytest.mark.parametrize("failure", [Refused("too_large"), Refused("refused", "RecordListTooLargeError")])
async def test_a_command_that_does_not_fit_is_refused(failure: Exception) -> None:
    """Its sender hears of it, and the partition goes on."""
    broker = Broker(lambda record, _: failure if record.topic == WORK and record.value != b"{}" else None)
    way, counts = handing(broker)
    await way.hand_on([fetched()])
    assert broker.topics == [QUARANTINE, RESULTS]
    assert dict(broker.taken[0].headers)["reason"] == b"too_large"
    assert (counts.refused, counts.routed, counts.dropped) == ({"too_large": 1}, {}, {})


@pytest.mark.asyncio
async def test_a_copy_that_does_not_fit_goes_without_its_content() -> None:
    """It still says where the record stands and what was wrong."""
    broker = Broker(lambda record, _: Refused("too_large") if record.value and record.topic == QUARANTINE else None)
    way, counts = handing(broker)
    await way.hand_on([fetched(value=b"{}")])
    assert broker.topics == [QUARANTINE, RESULTS]
    copy = dict(broker.taken[0].headers)
    assert (broker.taken[0].value, copy["offset"], copy["reason"]) == (b"", b"7", b"invalid_fields")
    assert copy["detail"].endswith(b"; too large for a copy")
    assert not counts.dropped


@pytest.mark.asyncio
async def test_what_fits_nowhere_is_dropped_and_counted() -> None:
    """Nothing blocks the partition for ever."""
    broker = Broker(lambda *_: Refused("too_large"))
    way, counts = handing(broker)
    await way.hand_on([fetched()])
    assert not broker.taken
    assert counts.dropped == {QUARANTINE: 1, RESULTS: 1}
    assert way.problem() is None


@pytest.mark.asyncio
async def test_a_stop_ends_the_waiting_and_not_what_is_under_way() -> None:
    """Then the batch is not done."""
    broker = Broker(lambda record, _: NotAcknowledged("connection") if dict(record.headers)["ce_id"] == b"a" else None)
    way, counts = handing(broker)
    way.stop()
    await way.hand_on([fetched("b")])
    with pytest.raises(Stopped):
        await way.hand_on([fetched("a"), fetched("b")])
    assert broker.topics == [WORK, WORK]
    assert counts.routed.total() == 2


@pytest.mark.asyncio
async def test_a_command_without_an_append_time_is_refused() -> None:
    """A deadline that counts from the client's clock would be the client's word; its time stands nowhere."""
    broker = Broker()
    way, _ = handing(broker)
    await way.hand_on([fetched(by_brokers=False)])
    copy, result = broker.taken
    assert dict(copy.headers)["receivedtime"] == b"2023-11-14T22:13:20.000Z"
    assert orjson.loads(result.value)["code"] == "invalid_fields"
    assert "send the command again" in orjson.loads(result.value)["message"]


@pytest.mark.asyncio
async def test_an_append_time_that_no_calendar_has_is_no_trouble() -> None:
    """A client may stamp what it likes."""
    broker = Broker()
    way, _ = handing(broker)
    for timestamp_ms in (-1, -(2**62), 2**62):
        await way.hand_on([fetched(by_brokers=False)._replace(timestamp_ms=timestamp_ms)])
    assert broker.topics == [QUARANTINE, RESULTS] * 3


@pytest.mark.asyncio
async def test_refusals_are_told_once_in_a_while() -> None:
    """A line for each reason, with where the first one stands, and nothing of what was sent."""
    broker = Broker()
    way, counts = handing(broker)
    with capture_logs() as lines:
        await way.hand_on([fetched(f"c-{number}", b'{"contact_id":"no-number"}', number) for number in range(50)])
        await way.hand_on([fetched("c", b"[", 50)])
    assert counts.refused.total() == 51
    assert [(line["reason"], line["offset"]) for line in lines] == [("invalid_fields", 0), ("not_json", 50)]
    assert "no-number" not in str(lines)
