"""The whole admission against everything that time can do to it."""

from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from bridge.calls.admission import IN_FLIGHT, Admission, Admitted, Arrival, Expired, Refusal, Wait
from bridge.calls.lanes import Lane, Request
from bridge.calls.quota import Ending, Quota, Reservation
from bridge.calls.shares import shares_of
from bridge.simulator.limiter import most_within
from tests.calls.quota_adversary import Adversary

MOMENTS = st.sampled_from([0.0, 0.125, 4.0, 4.125, 4.25, 9.0]) | st.integers(0, 8 * 12).map(lambda eighths: eighths / 8)
QUOTAS = st.builds(Quota, st.sampled_from([1, 2, 3, 5, 30]), st.just(4.0), st.sampled_from([0.0, 0.25]), st.just(2.0))
DELAYS = st.sampled_from([0.0, 0.125, 2.0])
SHARES = st.sampled_from([0.0, 0.5, 1.0])


class Ask(NamedTuple):
    after: float
    lane: Lane
    times: int
    ttl: float
    delay: float


class End(NamedTuple):
    after: float
    times: int
    ending: Ending
    share: float
    refusal: Refusal | None


class Die(NamedTuple):
    after: float
    pause: float
    acknowledged: float
    shift: float
    share: float


Step = Ask | End | Die

STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.builds(Ask, MOMENTS, st.sampled_from(Lane), st.integers(1, 25), MOMENTS, DELAYS),
        st.builds(End, MOMENTS, st.integers(1, 20), st.sampled_from(Ending), SHARES, st.none() | MOMENTS.map(Refusal)),
        st.builds(Die, MOMENTS, MOMENTS, DELAYS, MOMENTS, SHARES),
    ),
    min_size=5,
    max_size=40,
)


@dataclass
class Asker(Adversary):
    """An adversary that gets its slots by asking the admission."""

    admission: Admission[str] = field(init=False)
    refusal: Refusal | None = None
    frozen_until: float = 0.0

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.admission = Admission(self.quota, 30, self.window)

    def ask(self, lane: Lane, ttl: float, delay: float) -> None:
        self.admission, arrival = self.admission.arrive(self.now, Request(lane, "", self.now + ttl, self.now))
        assert (arrival is Arrival.EXPIRED) is (ttl == 0)
        self.decide(delay)

    def decide(self, delay: float) -> None:
        """Do what there is to do; what expires must have expired, and what is waited for must lie ahead."""
        while True:
            self.admission, answer = self.admission.decide(self.now)
            match answer:
                case Wait(until):
                    assert until > self.now
                    return
                case Expired(request):
                    assert request.deadline <= self.now
                case Admitted(request, reservation, first_byte_by):
                    assert self.now == reservation.at < first_byte_by <= request.deadline
                    assert self.true >= self.frozen_until
                    self.reserved(reservation, delay)
                    assert len(self.calls) <= IN_FLIGHT

    @override
    def _finish(self, reservation: Reservation, ending: Ending) -> None:
        refusal = self.refusal if ending is Ending.ANSWERED else None
        self.admission = self.admission.finish(self.now, reservation, ending, refusal)
        if refusal is not None:
            seconds = self.quota.window if refusal.retry_after is None else refusal.retry_after
            self.frozen_until = max(self.frozen_until, self.true + seconds)

    def take_over(self, pause: float, acknowledged: float, shift: float, share: float) -> None:
        self.die(pause, acknowledged, shift, self.quota.calls, [share] * len(self.calls))
        self.frozen_until = 0.0
        self.admission = Admission(self.quota, 30, self.window)


@settings(max_examples=300, deadline=None)  # how long an example takes is no part of the rule
@given(QUOTAS, STEPS)
def test_no_trace_breaks_the_limit_the_dials_share_or_a_freeze(quota: Quota, steps: list[Step]) -> None:
    """In no window are there more calls than the limit or more dials than their share, whatever is lost or taken over.

    Never are there more in flight than allowed, and nothing is reserved within a freeze.
    """
    asker = Asker(quota, offset=0.0004)
    for step in steps:
        asker.pass_time(step.after)
        asker.decide(0.0)
        match step:
            case Ask(_, lane, times, ttl, delay):
                for _ in range(times):
                    asker.ask(lane, ttl, delay)
            case End(_, times, ending, share, refusal):
                asker.refusal = refusal
                for _ in range(min(times, len(asker.calls))):
                    asker.end(0, ending, share, 0.0)
                asker.refusal = None
                asker.decide(0.0)
            case Die(_, pause, acknowledged, shift, share):
                asker.take_over(pause, acknowledged, shift, share)
    asker.finish_all()
    dials = sorted(call.at for call in asker.arrived if call.dial)
    assert most_within(sorted(call.at for call in asker.arrived), quota.window) <= quota.calls
    assert most_within(dials, quota.window) <= shares_of(quota.calls, quota.window).dials
