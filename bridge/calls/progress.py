"""How far a shard's work has been finished: the offset that may be committed. Pure, but it changes in place.

Up to 50,000 commands may be open at once, so it is not copied for each that ends.
"""

from collections import OrderedDict
from collections.abc import Mapping


class Progress:
    """Records are taken in the order of their offsets, and finished in any order."""

    def __init__(self, committable: int, open_: Mapping[int, bool] | None = None) -> None:
        """Begin at the committed offset; `open_` is as of `open`."""
        self._committable = committable
        # Whose first item is found at once, however many were taken from before it: a dict would walk over their holes.
        self._open = OrderedDict(open_ or {})

    @property
    def committable(self) -> int:
        """The offset that may be committed: every record before it is finished."""
        return self._committable

    @property
    def open(self) -> Mapping[int, bool]:
        """What has been taken and not passed by `committable`, in order, and whether it is finished."""
        return self._open

    def take(self, offset: int) -> None:
        """Note a record that has been read; offsets may leave gaps."""
        self._open[offset] = False

    def finish(self, offset: int) -> None:
        """Note that a record has its terminal verdict stored, or needs none."""
        self._open[offset] = True
        while self._open:
            first = next(iter(self._open))
            if not self._open[first]:
                return
            del self._open[first]
            self._committable = first + 1
