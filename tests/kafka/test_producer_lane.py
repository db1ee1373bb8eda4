"""The order of one partition's records, and the room for them."""

import asyncio

import pytest

from bridge.events.records import Record
from bridge.kafka.producer_batch import MAX_BATCH_BYTES, Batch, Pending
from bridge.kafka.producer_lane import Lane

THIRD = MAX_BATCH_BYTES // 3
# Two records of this size fit into a batch, three do not.


def pending(word: str, size: int = 10) -> Pending:
    return Pending(Record("a", b"k", word.encode().ljust(size), []), asyncio.get_running_loop().create_future())


def words(batch: Batch | None) -> list[str]:
    return [] if batch is None else [each.record.value.decode().strip() for each in batch.pendings]


def fill(lane: Lane, text: str, size: int = THIRD) -> list[Pending]:
    """Add a record for each letter."""
    added = [pending(word, size) for word in text]
    for each in added:
        lane.add(each)
    return added


@pytest.fixture
def lane() -> Lane:
    return Lane(0)


@pytest.mark.asyncio
async def test_one_batch_is_under_way_and_the_next_one_fills(lane: Lane) -> None:
    """Nothing more leaves before what is under way has ended."""
    fill(lane, "a", 10)
    batch = lane.take()
    assert batch is not None
    assert batch.record_count() == 1, "the sender has taken it"
    fill(lane, "bc", 10)
    assert lane.take() is None
    lane.ended()
    assert words(batch) == ["a"]
    assert words(lane.take()) == ["b", "c"]


@pytest.mark.asyncio
async def test_a_batch_takes_records_until_the_sender_takes_it(lane: Lane) -> None:
    """Who asks for the number of records has the last word: it numbers them, and builds the bytes later."""
    fill(lane, "a", 10)
    batch = lane.take()
    assert batch is not None
    fill(lane, "b", 10)
    assert batch.record_count() == 2
    fill(lane, "c", 10)
    assert batch.record_count() == 2
    assert words(batch) == ["a", "b"]


@pytest.mark.asyncio
async def test_at_most_two_batches_are_there_and_the_rest_waits_in_line(lane: Lane) -> None:
    """Kafka may be away for long; what waits for it does not grow."""
    fill(lane, "ab")
    under_way = lane.take()
    assert under_way is not None
    fill(lane, "cdefg")
    assert lane.in_line == 3
    assert under_way.size() + lane._queued[0].size() <= 2 * MAX_BATCH_BYTES
    assert len(lane._queued) == 1
    lane.ended()
    assert words(lane.take()) == ["c", "d"]
    assert lane.in_line == 1
    assert words(lane._queued[0]) == ["e", "f"]


@pytest.mark.asyncio
async def test_newcomers_never_pass_those_in_line(lane: Lane) -> None:
    """Also not when they are small enough for the room that is left."""
    fill(lane, "abcd")
    assert lane.in_line == 2
    assert not lane.add(pending("small"))
    assert words(lane.take()) == ["a", "b"]
    lane.ended()
    assert words(lane.take()) == ["c", "d", "small"]


@pytest.mark.asyncio
async def test_who_has_given_up_in_line_is_not_sent(lane: Lane) -> None:
    """It was told that nobody knows; the room is better used for others."""
    added = fill(lane, "abcd")
    added[2].waiter.cancel()
    lane.take()
    lane.ended()
    assert words(lane.take()) == ["d"]


@pytest.mark.asyncio
async def test_who_gives_up_in_its_batch_is_sent_all_the_same(lane: Lane) -> None:
    """Fewer events are lost in an outage: a batch is delivered whole, whoever still waits for it."""
    fill(lane, "a", 10)[0].waiter.cancel()
    fill(lane, "b", 10)
    batch = lane.take()
    assert words(batch) == ["a", "b"]
    assert batch is not None
    assert batch.acknowledge() == 1


@pytest.mark.asyncio
async def test_what_is_sent_again_goes_before_what_came_later(lane: Lane) -> None:
    """In its old order, without those who have given up."""
    added = fill(lane, "abc", 10)
    lane.take()
    assert lane.under_way is not None
    lane.under_way.close()
    fill(lane, "de", 10)
    added[1].waiter.cancel()
    lane.ended(again=True)
    assert words(lane.take()) == ["a", "c"]
    lane.ended()
    assert words(lane.take()) == ["d", "e"]


@pytest.mark.asyncio
async def test_a_batch_that_was_not_sent_goes_first_as_it_is(lane: Lane) -> None:
    """Nobody has numbered it, so it may go to another producer."""
    fill(lane, "abc")
    first = lane.take()
    fill(lane, "d")
    lane.put_back()
    assert lane.take() is first
    lane.ended()
    assert words(lane.take()) == ["c", "d"]


@pytest.mark.asyncio
async def test_a_record_larger_than_a_batch_goes_alone(lane: Lane) -> None:
    """It is no reason to refuse it, nor to hold up others."""
    fill(lane, "a", 10)
    fill(lane, "B", MAX_BATCH_BYTES + 1)
    fill(lane, "c", 10)
    sent = []
    while batch := lane.take():
        sent.append(words(batch))
        lane.ended()
    assert sent == [["a"], ["B"], ["c"]]


@pytest.mark.asyncio
async def test_those_who_gave_up_do_not_pile_up(lane: Lane) -> None:
    """In a long outage each publish waits in line and gives up, oldest first."""
    fill(lane, "ab")
    for _ in range(200):
        fill(lane, "c")[0].waiter.cancel()
        lane.prune()
        assert lane.in_line == 0
