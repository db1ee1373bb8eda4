"""The admission of one connection: shares, limits, deadlines, freezes."""

from math import inf

import pytest

from bridge.calls.admission import Admission, Admitted, Arrival, Expired, Refusal, Wait
from bridge.calls.brokers_clock import Anchor
from bridge.calls.lanes import Lane, Request
from bridge.calls.quota import Ending, Quota
from bridge.calls.restoring import StoredRefusal, restore_slow_down
from bridge.calls.slow_down import SlowDown
from tests.calls.virtual_owner import VirtualOwner, fresh


def owner(calls: int = 100, *, max_queued: int = 1000, answers_after: float = 0.0) -> VirtualOwner:
    return VirtualOwner(fresh(Quota(calls), max_queued), lambda: (0.0, answers_after))


def lanes(of: VirtualOwner) -> str:
    return "".join(served.request.lane.value[0] for served in of.served)


def test_nothing_to_do_is_a_wait_without_end() -> None:
    """A connection that nobody asks anything of is woken by nothing."""
    assert fresh().decide(5.0)[1] == Wait(inf)


def test_an_admission_is_a_value() -> None:
    """The same request put to the same state is answered alike, and the state stays as it was."""
    admission = fresh()
    request = Request(Lane.DIAL, "d", 30.0)
    later, _ = admission.arrive(0.0, request)
    assert later.decide(0.0) == later.decide(0.0)
    assert admission.decide(0.0)[1] == Wait(inf)


def test_an_admitted_call_says_by_when_its_first_byte_leaves() -> None:
    """3 s after its reservation, and before its deadline."""
    for ttl, expected in ((30.0, 103.0), (2.0, 102.0)):
        admission, _ = fresh().arrive(100.0, Request(Lane.DIAL, "d", 100.0 + ttl))
        answer = admission.decide(100.0)[1]
        assert isinstance(answer, Admitted)
        assert answer.first_byte_by == expected


def test_dials_never_take_more_than_80_of_a_window() -> None:
    """The rest is there for queries, however many dials wait."""
    it = owner()
    for _ in range(200):
        it.ask(Lane.DIAL, ttl=1000.0)
    it.run(60.0)
    assert len(it.served) == 80
    for _ in range(5):
        it.ask(Lane.QUERY)
    it.run(60.0)
    assert lanes(it) == "d" * 80 + "q" * 5
    it.run(120.0)
    assert lanes(it).count("d") == 160


def test_the_last_three_slots_are_for_dials() -> None:
    """Without a slot that is free within a second queries stop at 97; the dials have theirs at once."""
    it = owner(answers_after=10.0)
    for _ in range(100):
        it.ask(Lane.QUERY)
    it.run(59.9)
    it.run(60.25 + 8.9)
    assert len(it.served) == 97
    for _ in range(3):
        it.ask(Lane.DIAL)
    it.run(60.25 + 8.9)
    assert lanes(it) == "q" * 97 + "ddd"


def test_the_last_three_slots_are_taken_when_more_will_be_free_within_a_second() -> None:
    """The first slots are free again 70.25 s after the start: one second before, the reserve need not be kept."""
    it = owner(answers_after=10.0)
    for _ in range(100):
        it.ask(Lane.QUERY)
    it.run(200.0)
    assert [round(served.at, 3) for served in it.served[97:]] == [69.25] * 3


def test_at_most_20_calls_are_in_flight_17_of_them_no_dials() -> None:
    """Slow answers to queries leave room for three dials; nothing makes it more than twenty."""
    it = owner(answers_after=1000.0)
    for _ in range(30):
        it.ask(Lane.QUERY)
    it.run(100.0)
    assert len(it.served) == 17
    for _ in range(5):
        it.ask(Lane.DIAL)
    it.run(200.0)
    assert lanes(it) == "q" * 17 + "ddd"


def test_a_deadline_that_has_passed_is_expired() -> None:
    """On arrival, in the queue, and exactly at the deadline; the owner is woken for it."""
    it = owner(1, answers_after=1.0)
    it.ask(Lane.DIAL, "first", 30.0)
    it.run(0.0)
    it.ask(Lane.DIAL, "late", 0.0)
    assert it.refused[0][1] is Arrival.EXPIRED
    it.ask(Lane.QUERY, "waits", 100.0)
    it.ask(Lane.POLL, "poll", 50.0)
    it.run(49.9)
    assert it.expired == []
    it.run(50.0)
    assert [request.work for request in it.expired] == ["poll"]


def test_nothing_is_admitted_at_or_after_its_deadline() -> None:
    """Expiry comes before admission, in each lane, though there is a slot."""
    for lane in Lane:
        admission, arrival = fresh().arrive(0.0, Request(lane, "x", 10.0))
        assert arrival is Arrival.WAITS
        admission, answer = admission.decide(10.0)
        assert isinstance(answer, Expired)
        assert admission.decide(10.0)[1] == Wait(inf)


@pytest.mark.parametrize("lane", Lane)
def test_no_more_than_max_queued_wait_in_a_lane(lane: Lane) -> None:
    """The next one is refused at once; other lanes have their own room."""
    it = owner(1, max_queued=3, answers_after=1000.0)
    it.ask(Lane.DIAL)
    it.run(0.0)
    for _ in range(4):
        it.ask(lane)
    assert [arrival for _, arrival in it.refused] == [Arrival.QUEUE_FULL]
    it.ask(Lane.POLL if lane is Lane.QUERY else Lane.QUERY)
    assert len(it.refused) == 1


def refused_once(
    *, retry_after: float | None, at: float = 100.0, calls: int = 100
) -> tuple[Admission[str], Admitted[str]]:
    """Give a connection whose first call, reserved a second before, was refused at `at`."""
    admission, _ = fresh(Quota(calls)).arrive(at - 1, Request(Lane.QUERY, "q"))
    admission, answer = admission.decide(at - 1)
    assert isinstance(answer, Admitted)
    return admission.finish(at, answer.reservation, Ending.ANSWERED, Refusal(retry_after)), answer


@pytest.mark.parametrize(("retry_after", "until"), [(7.0, 107.0), (None, 160.0), (0.0, 100.0), (600.0, 700.0)])
def test_a_refusal_freezes_all_lanes_as_long_as_it_says(retry_after: float | None, until: float) -> None:
    """Else one window. A deadline within the freeze is overloaded at once, one that is waiting already expires."""
    for lane in Lane:
        admission, _ = refused_once(retry_after=retry_after)
        admission, arrival = admission.arrive(100.0, Request(lane, "x", until + 50.0))
        assert arrival is Arrival.WAITS
        if until > 100.0:
            assert admission.decide(100.0)[1] == Wait(until)
            assert admission.decide(until - 0.001)[1] == Wait(until)
        assert isinstance(admission.decide(until)[1], Admitted)


def test_what_cannot_outlive_a_freeze_is_refused_at_once() -> None:
    """A deadline before its end is too late; a poll waits, since nobody waits for it."""
    admission, _ = refused_once(retry_after=30.0)
    arrivals = [admission.arrive(101.0, Request(lane, "x", 130.0))[1] for lane in Lane]
    assert arrivals == [Arrival.TOO_LATE, Arrival.TOO_LATE, Arrival.WAITS]
    assert admission.arrive(101.0, Request(Lane.DIAL, "x", 130.5))[1] is Arrival.WAITS


def test_a_shorter_freeze_does_not_end_a_longer_one() -> None:
    """Two refusals of calls in flight: the longest counts."""
    slow = SlowDown().refuse(10.0, 5.0, 60.0).refuse(11.0, 6.0, 1.0)
    assert slow.frozen_until == 70.0


def test_a_refusal_lowers_the_limit_by_a_tenth_until_a_clean_hour_has_passed() -> None:
    """The hour counts from the last refusal, and the owner is woken at its end for what waits."""
    admission, _ = refused_once(retry_after=0.0)
    assert [admission.decide(now)[0].shares.limit for now in (100.0, 3699.9, 3700.0)] == [90, 90, 100]
    assert (admission.shares.dials, admission.shares.reserve) == (72, 3)
    slow = SlowDown().refuse(0.0, -1.0, 0.0).refuse(3000.0, -1.0, 0.0)
    assert [slow.advance(now).limit(100) for now in (3600.0, 6599.0, 6600.0)] == [90, 90, 100]


def test_calls_in_flight_with_a_refused_one_lower_nothing_more() -> None:
    """They were too fast together; only a call reserved after the refusal says that it is still too fast."""
    slow = SlowDown()
    for seen in range(10):
        slow = slow.refuse(100.0 + seen, 99.0, 0.0)
    assert slow.limit(100) == 90
    assert slow.refuse(120.0, 115.0, 0.0).limit(100) == 81


def test_a_freeze_may_outlast_the_clean_hour() -> None:
    """What was said is kept, though the refusal itself is forgotten."""
    slow = SlowDown().refuse(0.0, -1.0, 9000.0).advance(4000.0)
    assert (slow.frozen_until, slow.limit(100), slow.clean_at) == (9000.0, 100, inf)


def test_half_the_limit_stays_whatever_the_vendor_says() -> None:
    """And at least one call."""
    slow = SlowDown()
    for number in range(1000):
        slow = slow.refuse(float(number), float(number), 0.0)
    assert [slow.limit(calls) for calls in (100, 5, 2, 1)] == [50, 2, 1, 1]
    assert slow.refuse(9999.0, 9999.0, 0.0).limit(100) == 90


def test_a_lowered_limit_is_kept() -> None:
    """Ninety calls in a window, not a hundred; with the clean hour's end all of it is used at once."""
    it = owner()
    it.admission = refused_once(retry_after=0.0)[0]
    it.now = 3640.0
    for _ in range(2):
        for _ in range(120):
            it.ask(Lane.DIAL, ttl=1e6)
        for _ in range(120):
            it.ask(Lane.QUERY, ttl=1e6)
        it.run(3699.0)
    assert len(it.served) == 90
    it.run(3700.1)
    assert len(it.served) == 100


def test_a_take_over_keeps_freeze_and_slow_down() -> None:
    """The refusal's append time, on the new owner's clock, is when they began."""
    clock = Anchor(1_000_000, 50.0, 50.0)
    slow = restore_slow_down(clock, StoredRefusal(970_000, 45.0, 2))
    assert slow.frozen_until == pytest.approx(65.0, abs=0.002)
    assert slow.limit(100) == 81
    assert slow.clean_at == pytest.approx(3620.0, abs=0.002)
    assert restore_slow_down(clock, None) == SlowDown()
