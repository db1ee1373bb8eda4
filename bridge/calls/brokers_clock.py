"""The brokers' clock as a process knows it: by the append times of what it has stored. Pure.

No wall clock of ours is asked for anything: a host's may be off by an hour, or step. What a broker says is tied to this
process's monotonic clock instead. Between the moment before an append was asked for and the moment its acknowledgement
was seen lies its append time; so whatever is computed from it is known to within that little while, and each user here
takes the end that is safe for its purpose.
"""

from collections.abc import Callable
from typing import NamedTuple

_ROUNDING = 0.001
# Seconds: append times are cut to milliseconds, so a difference of two of them may be off by nearly one.
_DRIFT = 0.0005
# Seconds per second, by which two clocks may run apart: ten times what a poor quartz does. A good anchor is kept until
# it is more than that worse than a new one, or a broker's clock that is corrected would never be followed.


class Anchor(NamedTuple):
    """One append on both clocks: its append time, and the monotonic moments before it and after it, in seconds."""

    appended_ms: int
    asked: float
    acknowledged: float

    def latest(self, appended_ms: int) -> float:
        """Give the latest moment at which an older record can have been appended.

        A record that seems younger, after a broker's clock was set back, is taken for as old as the anchor.
        """
        age = max(0.0, (self.appended_ms - appended_ms) / 1000 - _ROUNDING)
        return self.acknowledged - age

    def earliest(self, epoch_ms: int) -> float:
        """Give the earliest moment at which the brokers' clock can have come to a time: for deadlines."""
        return self.asked + (epoch_ms - self.appended_ms) / 1000 - _ROUNDING

    def epoch_ms(self, moment: float) -> int:
        """Give a moment by the brokers' clock, rather a little late than early.

        So what is told of a command is in order: accepted by a broker, then sent, then finished, by its deadline.
        """
        return self.appended_ms + int((moment - self.asked) * 1000)


class BrokersClock:
    """The clock of one shard's owner: this process's monotonic clock, tied to the brokers' by the owner's appends."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._anchor: Anchor | None = None

    def now(self) -> float:
        """Give the present moment, monotonic, in seconds."""
        return self._monotonic()

    def learn(self, anchor: Anchor) -> None:
        """Take a new append into account: the better anchor stays."""
        known = self._anchor
        if known is None or _width(anchor) <= _width(known) + _DRIFT * (anchor.acknowledged - known.acknowledged):
            self._anchor = anchor

    def epoch_ms(self, moment: float) -> int:
        """Give a moment as epoch milliseconds by the brokers' clock. LookupError: nothing has been learnt yet."""
        return self._known().epoch_ms(moment)

    def earliest(self, epoch_ms: int) -> float:
        """Give the earliest moment at which the brokers' clock can come to a time. LookupError as above."""
        return self._known().earliest(epoch_ms)

    def _known(self) -> Anchor:
        if self._anchor is None:
            raise LookupError("the brokers' clock is not known before the first append")
        return self._anchor


class SeenTime:
    """The brokers' time for those who store nothing: by the append times of the records that they read.

    It is never ahead of what the brokers have said, and behind them by as long as the youngest record lay unread. As
    long as nothing has been seen it is what `before` says.
    """

    def __init__(self, monotonic: Callable[[], float], before: Callable[[], int]) -> None:
        self._monotonic = monotonic
        self._before = before
        self._ahead_ms: int | None = None

    def seen(self, appended_ms: int) -> None:
        """Take a record's append time into account, which has passed by now."""
        ahead_ms = appended_ms - int(self._monotonic() * 1000)
        self._ahead_ms = ahead_ms if self._ahead_ms is None else max(self._ahead_ms, ahead_ms)

    def now_ms(self) -> int:
        """Give the present moment, epoch milliseconds."""
        return self._before() if self._ahead_ms is None else self._ahead_ms + int(self._monotonic() * 1000)


def _width(anchor: Anchor) -> float:
    return anchor.acknowledged - anchor.asked
