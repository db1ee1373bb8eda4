"""The brokers' clock on a monotonic one: each user takes the end of what is not known that is safe for him."""

import pytest
from hypothesis import given, strategies

from bridge.calls.brokers_clock import Anchor, BrokersClock, SeenTime

SECONDS = strategies.floats(0, 1_000)


@given(asked=SECONDS, before=SECONDS, after=SECONDS, ahead=strategies.floats(-500, 500), offset=SECONDS)
def test_what_is_computed_is_on_its_safe_side(
    asked: float, before: float, after: float, ahead: float, offset: float
) -> None:
    """Whenever within its round trip an append was stamped: deadlines are early, records old, told times late."""
    stamped, acknowledged = asked + before, asked + before + after

    def broker_ms(moment: float) -> int:
        return int((1_700_000_000 + offset + moment) * 1000)

    anchor = Anchor(broker_ms(stamped), asked, acknowledged)
    moment = stamped + ahead
    assert anchor.earliest(broker_ms(moment)) <= moment + 1e-6
    assert anchor.epoch_ms(moment) >= broker_ms(moment) - 2
    if ahead <= 0:
        assert anchor.latest(broker_ms(moment)) >= moment - 1e-6


def test_what_is_told_of_a_command_is_in_order() -> None:
    """Sent by its deadline, and told so: both are read from the same anchor."""
    anchor = Anchor(1_000_000, 10.0, 10.3)
    assert anchor.epoch_ms(anchor.earliest(1_030_000)) <= 1_030_000


def test_a_better_anchor_is_kept_until_it_is_old() -> None:
    """A slow append says little about the brokers' clock; but an old one says less and less."""
    clock = BrokersClock(lambda: 0.0)
    with pytest.raises(LookupError):
        clock.epoch_ms(0.0)
    clock.learn(Anchor(1_000_000, 0.0, 0.01))
    clock.learn(Anchor(1_000_990, 1.0, 1.1))
    assert clock.epoch_ms(1.0) == 1_001_000
    clock.learn(Anchor(1_199_000, 200.0, 200.1))
    assert clock.epoch_ms(200.0) == 1_199_000
    assert clock.earliest(1_199_000) == pytest.approx(199.999)


def test_who_only_reads_knows_the_time_of_the_youngest_record() -> None:
    """Older ones, read late, change nothing; as long as nothing was read there is another source."""
    moments = iter([10.0, 11.0, 12.0, 20.0])
    time = SeenTime(lambda: next(moments), lambda: 7)
    assert time.now_ms() == 7
    time.seen(1_000_000)
    time.seen(999_000)
    assert time.now_ms() == 1_002_000
    time.seen(1_010_500)
    moments = iter([21.0])
    assert time.now_ms() == 1_011_500
