"""Random streams: one per purpose, so that what one purpose draws never moves another."""

from random import Random


def stream(seed: int, *purpose: str) -> Random:
    """Return the generator of `purpose`; the same arguments give the same draws on every machine."""
    return Random("/".join((str(seed), *purpose)))  # noqa: S311 - a play that can be repeated, not a secret


class IdSequence:
    """Rising ids with gaps, as the ids of a platform with other customers are."""

    def __init__(self, first: int, rng: Random) -> None:
        self._last = first
        self._rng = rng

    def next(self) -> int:
        """Return an id larger than any before."""
        self._last += self._rng.randint(1, 9)
        return self._last
