"""A list with dates in stretches of time, earliest first, each short enough to be walked as a whole. Pure."""

from dataclasses import dataclass, replace

from bridge.polling.options import Stretch

EARLIEST_S = 946_684_800
# 2000-01-01: no vendor of this platform has older calls.


@dataclass(frozen=True, slots=True)
class Stretches:
    """What is still to be walked, in order, to an open end.

    Each begins with the second with which the one before it ends: the vendor may count in parts of seconds.
    """

    ahead: tuple[Stretch, ...]

    @classmethod
    def since(cls, from_s: int) -> "Stretches":
        """Begin with all that is not before a moment."""
        return cls((Stretch(from_s),))

    def passed(self) -> "Stretches":
        """Leave the first stretch behind."""
        return replace(self, ahead=self.ahead[1:])

    def halved(self, newest_s: int | None) -> "Stretches | None":
        """Halve the first stretch, which holds too much; None when it cannot be.

        `newest_s` is the last moment that was seen in it: an open end has no middle.
        """
        first, *rest = self.ahead
        last_s = newest_s if first.to_s is None else first.to_s
        if last_s is None or last_s <= first.from_s + 1:
            return None
        middle_s = (first.from_s + last_s) // 2
        return Stretches((Stretch(first.from_s, middle_s), Stretch(middle_s, first.to_s), *rest))
