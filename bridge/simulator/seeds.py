"""Random streams and ids: one of each per purpose, so that what one purpose draws never moves another. Pure."""

from random import Random


def stream(seed: int, *purpose: str) -> Random:
    """Return the generator of `purpose`; the same arguments give the same draws on every machine."""
    return Random("/".join((str(seed), *purpose)))  # noqa: S311 - a play that can be repeated, not a secret


class IdSequence:
    """Rising ids with gaps, as the ids of a platform with other customers are.

    Between two ids of the sequence `room` - 1 others fit, which `beside` gives away without moving the sequence.
    """

    def __init__(self, first: int, rng: Random, *, room: int = 1) -> None:
        self._first = self._last = self._beside = first
        self._rng = rng
        self._room = room

    def next(self) -> int:
        """Return an id larger than any that `next` returned before."""
        self._last += self._rng.randint(1, 9) * self._room
        return self._last

    def beside(self) -> int:
        """Return an id above all so far, which `next` never returns; it is below the next one while there is room."""
        self._beside = max(self._beside, self._last) + 1
        if (self._beside - self._first) % self._room == 0:
            self._beside += 1
        return self._beside
