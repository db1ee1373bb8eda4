"""The window and the slow-down of a dead owner, from what the journal says of them. Pure.

The journal knows the brokers' clock alone, this process a monotonic one of its own. The take-over marker is on both:
its append time is "now" by the brokers, and its acknowledgement comes a little later by ours. Only differences between
append times count, so it does not matter what either clock says. Where a moment is not known, the latest is taken.
"""

from collections.abc import Iterable
from typing import NamedTuple

from bridge.calls.quota import Ending, Held, Quota, Window
from bridge.calls.slow_down import SlowDown

_ROUNDING = 0.001
# Seconds: both append times are rounded down to milliseconds, so their difference may be too long by nearly one.


class BrokerClock(NamedTuple):
    """The marker's append time in epoch ms, and when its acknowledgement was seen on the monotonic clock."""

    marker_ms: int
    acknowledged: float

    def latest(self, appended_ms: int) -> float:
        """Give the latest moment at which a record of the snapshot can have been appended.

        A record that seems younger than the marker, after a broker's clock was set back, is taken for as old as it.
        """
        age = max(0.0, (self.marker_ms - appended_ms) / 1000 - _ROUNDING)
        return self.acknowledged - age


class StoredSlot(NamedTuple):
    """A slot's last record: `ending` is None as long as only the reservation is stored."""

    slot: int
    dial: bool
    appended_ms: int
    ending: Ending | None


class StoredRefusal(NamedTuple):
    """The last refusal of the vendor: the freeze in seconds that it began, and how often the limit was lowered."""

    appended_ms: int
    freeze: float
    steps: int


def restore_window(quota: Quota, clock: BrokerClock, stored: Iterable[StoredSlot]) -> Window:
    """Give the window that a take-over begins with: no slot in it is free before it can have been for its old owner.

    A reservation is stored before its call is sent, and an ending after it was seen, so append times are late enough.
    """
    held = (Held(quota.free_at(clock.latest(one.appended_ms), one.ending), one.slot, one.dial) for one in stored)
    return Window.of(quota, tuple(one for one in held if one.until > clock.acknowledged))


def restore_slow_down(clock: BrokerClock, stored: StoredRefusal | None) -> SlowDown:
    """Give the slow-down that a take-over begins with."""
    if stored is None:
        return SlowDown()
    at = clock.latest(stored.appended_ms)
    return SlowDown(stored.steps, at, at + stored.freeze)
